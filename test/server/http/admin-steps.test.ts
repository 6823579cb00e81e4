// What POST /admin/transact answers to steps that cannot be carried out: which kind of thing is wrong, and the part that is.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
const [goal, todo] = [id(), id()];

beforeAll(async () => {
  server = await createServer();
  const steps = [
    ['update', 'goals', goal, { title: 'Swim' }],
    ['update', 'todos', todo, { title: 'Buy a towel' }],
    ['link', 'goals', goal, { todos: todo }],
  ];
  expect(await transact(steps)).toMatchObject({ status: 200 });
});
afterAll(() => server.close());

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}` };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}
const transact = (steps: readonly unknown[]) => post('/admin/transact', { steps });

test.each<[what: string, step: readonly unknown[], input: unknown]>([
  ['by an attribute that is not unique', ['update', 'goals', ['title', 'Swim'], { n: 1 }], ['title', 'Swim']],
  ['without an attribute', ['update', 'goals', {}, { n: 1 }], {}],
  ['by two attributes', ['delete', 'goals', { title: 'Swim', n: 1 }], { title: 'Swim', n: 1 }],
  ['over a link and not to its id', ['update', 'goals', ['todos.title', 'x'], { n: 1 }], ['todos.title', 'x']],
  ['of a link that leads there', ['link', 'goals', goal, { todos: [todo, 'lookup__title__"x"'] }], 'lookup__title__"x"'],
  ['of a link, and null', ['unlink', 'goals', goal, { todos: [todo, null] }], null],
])('a lookup %s is told by itself', async (_what, step, input) => {
  const { status, body } = await transact([['update', 'goals', goal, { title: 'Swim' }], step]);
  expect({ status, ...body }).toMatchObject({ status: 400, type: 'validation-failed', hint: { 'data-type': 'lookup', input } });
});

test('a lookup whose value is no JSON is told in its parts', async () => {
  const lookup = 'lookup__title__Swim';
  expect((await transact([['update', 'goals', lookup, { n: 1 }]])).body).toMatchObject({
    hint: { 'data-type': 'lookup', input: lookup, errors: [{ hint: { attribute: 'title', value: 'Swim' } }] },
  });
});

test.each<[what: string, step: readonly unknown[], path: readonly unknown[]]>([
  ['an id in its short form', ['update', 'goals', '1-2-3-4-5', { title: 'Run' }], [0, 1]],
  ['a field without a name', ['update', 'goals', goal, { '': 1 }], [0, 1, 'forward-identity', 2]],
  ['a link without a name', ['link', 'goals', goal, { '': todo }], [0, 1, 'forward-identity', 2]],
])('%s is rejected as the step it would be', async (_what, step, path) => {
  const { body } = await transact([step]);
  expect(body).toMatchObject({ type: 'validation-failed', hint: { 'data-type': 'tx-steps', errors: [{ in: path }] } });
  expect(JSON.stringify(body)).not.toContain('isUnsynced');
});

test('a target that is no id is told with its link', async () => {
  expect((await transact([['link', 'goals', goal, { todos: ['x', todo] }]])).body).toMatchObject({
    type: 'validation-failed',
    hint: { namespace: 'goals', attribute: 'todos', value: 'x', 'entity-id': goal },
  });
});

test.each(['link', 'unlink'])('%s with an object without a key changes nothing', async (action) => {
  expect(await transact([[action, 'goals', goal, { todos: {} }]])).toMatchObject({ status: 200 });
  const { body } = await post('/admin/query', { query: { goals: { todos: {} } } });
  expect(body).toMatchObject({ goals: [{ id: goal, todos: [{ id: todo }] }] });
});

test('the targets of a link count as steps of a guest, who may send so many', async () => {
  const steps = [['link', 'goals', goal, { todos: Array.from({ length: 10_000 }, () => todo) }]];
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, 'as-guest': 'true' };
  const answer = await fetch(`${server.url}/admin/transact`, { method: 'POST', headers, body: JSON.stringify({ steps }) });
  expect(await answer.json()).toMatchObject({ hint: { limit: 'steps', most: 10_000 } });
});

test('a body of many chunks is read as what was sent, wherever its characters are cut', async () => {
  const title = 'ü€𝄞'.repeat(60_000);
  const bytes = new TextEncoder().encode(JSON.stringify({ steps: [['update', 'goals', goal, { title }]] }));
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += 4097)));
      else controller.close();
    },
  });
  const headers = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}` };
  const sent = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
  expect(await (await fetch(`${server.url}/admin/transact`, sent)).json()).toMatchObject({ 'tx-id': expect.any(Number) });
  const found = await post('/admin/query', { query: { goals: { $: { where: { id: goal } } } } });
  expect((found.body as { goals: { title: string }[] }).goals[0]?.title === title).toBe(true);
});
