// What the error of a denied write says: the rule, the action and the entity, whatever the server says of them.

import { expect, it } from 'vitest';

import { testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { chunk, goalId, initOk, rejection } from '../../support/goals.ts';

async function messageOf(chunks: unknown, more: Parameters<typeof rejection>[1] = {}): Promise<string> {
  const client = testClient();
  await settled();
  await client.receive(initOk());
  const write = client.reactor.writes.transact(chunks);
  const failed = write.settled.catch((error: unknown) => error as Error);
  await settled();
  await client.receive(rejection(client.sentMessages('transact')[0]?.['client-event-id'] ?? '', more));
  const error = await failed;
  expect(error).toMatchObject({ type: 'permission-denied', status: 400, hint: { expected: 'perms-pass?' } });
  expect(client.reactor.outbox.list()[0]?.error?.message).toBe((error as Error).message);
  client.reactor.shutdown();
  return (error as Error).message;
}

it.each([
  ['create', chunk('create', goalId(1), { title: 'a' }), "Permission denied: the 'create' rule of 'goals' is not satisfied for goals %1"],
  ['delete', chunk('delete', goalId(1)), "Permission denied: the 'delete' rule of 'goals' is not satisfied for goals %1"],
  [
    'update',
    chunk('update', goalId(1), { title: 'a' }),
    "Permission denied: the 'create' or 'update' rule of 'goals' is not satisfied for goals %1",
  ],
  [
    'several',
    [1, 2, 3, 4, 5].map((n) => chunk(n === 1 ? 'create' : 'delete', goalId(n), { title: 'a' })),
    "Permission denied: the 'create' or 'delete' rule of 'goals' is not satisfied for goals %1, %2, %3 and 2 more",
  ],
])('the error names rule and entity if the server names only the namespace: %s', async (_action, chunks, message) => {
  expect(await messageOf(chunks)).toBe(message.replace(/%(\d)/g, (_, n: string) => goalId(Number(n))));
});

it('the error names a linked entity, in the namespace at the other end', async () => {
  const hint = { input: ['todos', 'object'], expected: 'perms-pass?' };
  expect(await messageOf(chunk('link', goalId(1), { todos: goalId(7) }), { hint })).toBe(
    `Permission denied: the 'view' or 'link' rule of 'todos' is not satisfied for todos ${goalId(7)}`,
  );
});

it('the error keeps the text of a server that names rule and entity', async () => {
  const said = `Permission denied: the 'update' rule of 'goals' is not satisfied for goals ${goalId(2)}`;
  const chunks = [1, 2, 3].map((n) => chunk('update', goalId(n), { title: 'a' }));
  expect(await messageOf(chunks, { message: said })).toBe(said);
});

it('the error adds the entity to the text of a server that names the rule', async () => {
  const said = "Permission denied: the 'update' rule of 'goals' is not satisfied";
  expect(await messageOf(chunk('update', goalId(1), { title: 'a' }), { message: said })).toBe(`${said} for goals ${goalId(1)}`);
});

it('the error keeps the server’s text if the write does not touch the namespace, as with a cascade', async () => {
  const hint = { input: ['others', 'object'], expected: 'perms-pass?' };
  expect(await messageOf(chunk('delete', goalId(1)), { hint })).toBe('Permission denied: not perms-pass?');
});
