// What a program does to the objects it is given changes neither what the client works with nor what other listeners are given: it throws, as
// the objects are frozen. Results of queries have tests of their own (test/reactor/queries/isolation.test.ts).

import { afterEach, expect, test, vi } from 'vitest';

import { id } from '../../src/index.ts';
import type { User } from '../../src/types/auth.ts';
import { createTestApp } from '../../src/testing/index.ts';

type App = Awaited<ReturnType<typeof createTestApp>>;

let app: App | undefined;
afterEach(() => app?.close());

test('the user: in subscribeAuth, getAuth and the promise of a sign-in', async () => {
  app = await createTestApp();
  const ann = await app.createUser('ann@example.com');
  const { db } = await (await app.createDevice({ user: ann })).openTab();
  const seen: User[] = [];
  db.subscribeAuth(({ user }) => void (user && seen.push(user)));
  const got = await app.run(db.getAuth());
  for (const user of [...seen, got]) expect(() => Object.assign(user ?? {}, { id: 'another' })).toThrow(TypeError);
  expect([seen.length, await app.run(db.getAuth())]).toMatchObject([1, { id: ann.id }]);
});

test('a message of a topic, and the presence of its sender: every listener receives them as they were sent', async () => {
  app = await createTestApp();
  const [one, other] = [await (await app.createDevice()).openTab(), await (await app.createDevice()).openTab()];
  const sender = one.db.joinRoom('chat', 'a', { initialPresence: { name: 'Ann', at: { x: 1 } } });
  const receiver = other.db.joinRoom('chat', 'a');
  const heard: string[] = [];
  for (const room of [receiver, receiver, sender]) {
    room.subscribeTopic('wave' as never, (...given: unknown[]) => {
      heard.push(JSON.stringify(given));
      for (const object of given) expect(() => Object.assign(object as object, { changed: true })).toThrow(TypeError);
    });
  }
  await app.advance(1_000);
  sender.publishTopic('wave' as never, { to: ['all'] });
  await app.advance(1_000);
  expect(new Set(heard)).toEqual(new Set([JSON.stringify([{ to: ['all'] }, { name: 'Ann', at: { x: 1 } }])]));
  expect(heard).toHaveLength(2);
  expect([...one.errors, ...other.errors]).toEqual([]);
});

test('events of db.on: the messages in them are copies', async () => {
  app = await createTestApp();
  const tab = await (await app.createDevice()).openTab();
  const { db } = tab;
  const changed: string[] = [];
  db.on('*', (event) => {
    if (event.type !== 'sent' && event.type !== 'received') return;
    expect(() => spoil(event.message)).toThrow(TypeError);
    changed.push(event.op);
  });
  await vi.dynamicImportSettled();
  const written = db.transact(db.tx['notes']![id()]!.create({ text: 'as written', body: { words: ['as', 'written'] } }));
  await app.run(written.settled);
  const { data } = await app.run(db.queryOnce({ notes: {} }));
  expect(data['notes']).toMatchObject([{ text: 'as written', body: { words: ['as', 'written'] } }]);
  expect(changed).toEqual(expect.arrayContaining(['transact', 'transact-ok', 'add-query-ok']));
  expect(tab.errors).toEqual([]);
});

/** Empties every object in it, the innermost first. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const part of Object.values(value)) spoil(part);
  for (const key of Object.keys(value)) Reflect.set(value, key, undefined);
  Object.assign(value, { spoiled: true });
}
