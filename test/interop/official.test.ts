// Clients of every make we have, at one server: all see the same.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { type Result, clients, type Opened } from './clients.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

let server: TriplaneServer;
let opened: Opened[];

onEachStorage((fresh) => {
  beforeEach(async () => {
    server = await createServer({ storage: await fresh() });
    opened = clients.map((client) => client.open(whereOf()));
    // Before it is connected, the official client takes every write without a word of what became of it.
    await allSee(subscribeAll({ warmup: {} }), { warmup: [] });
  });

  afterEach(async () => {
    for (const client of opened) client.close();
    await server.close();
  });

  function whereOf(): Parameters<(typeof clients)[number]['open']>[0] {
    const { appId, apiURI, websocketURI } = server;
    return { appId, apiURI, websocketURI };
  }

  /** What each client was told last. */
  function subscribeAll(query: object): readonly (() => Result | undefined)[] {
    return opened.map((client) => {
      let last: Result | undefined;
      client.subscribe(query, (result) => (last = result));
      return () => last;
    });
  }

  async function allSee(subscribed: readonly (() => Result | undefined)[], data: unknown): Promise<void> {
    for (const read of subscribed) {
      await eventually(() => {
        expect(read()?.error).toBeUndefined();
        expect(read()?.data).toEqual(data);
      });
    }
  }

  const [ann, bob, cat] = [id(), id(), id()].sort() as [string, string, string];

  test('every client sees a write, including the writer', async () => {
    const subscribed = subscribeAll({ goals: {} });
    await allSee(subscribed, { goals: [] });
    await opened[0]!.transact(opened[0]!.tx.goals![ann]!.update({ title: 'Get fit', n: 1 }));
    await allSee(subscribed, { goals: [{ id: ann, title: 'Get fit', n: 1 }] });
    await opened[1]!.transact(opened[1]!.tx.goals![ann]!.update({ n: 2 }));
    await allSee(subscribed, { goals: [{ id: ann, title: 'Get fit', n: 2 }] });
    await opened[1]!.transact(opened[1]!.tx.goals![ann]!.merge({ title: { de: 'Fit werden' } }));
    await allSee(subscribed, { goals: [{ id: ann, title: { de: 'Fit werden' }, n: 2 }] });
    await opened[0]!.transact(opened[0]!.tx.goals![ann]!.delete());
    await allSee(subscribed, { goals: [] });
  });

  test('links are nested both ways, and removed again', async () => {
    const [first, second] = opened as [Opened, Opened];
    const subscribed = subscribeAll({ goals: { todos: {} } });
    const back = subscribeAll({ todos: { goals: {} } });
    await first.transact([first.tx.goals![ann]!.update({ title: 'a' }).link({ todos: bob }), first.tx.todos![bob]!.update({ text: 'b' })]);
    await allSee(subscribed, { goals: [{ id: ann, title: 'a', todos: [{ id: bob, text: 'b' }] }] });
    await allSee(back, { todos: [{ id: bob, text: 'b', goals: [{ id: ann, title: 'a' }] }] });
    await second.transact(second.tx.goals![ann]!.unlink({ todos: bob }));
    await allSee(subscribed, { goals: [{ id: ann, title: 'a', todos: [] }] });
  });

  test('where, limit and order', async () => {
    const [first] = opened as [Opened];
    const subscribed = subscribeAll({ goals: { $: { where: { done: false }, limit: 1, order: { serverCreatedAt: 'asc' } } } });
    await first.transact([
      first.tx.goals![ann]!.update({ done: true }),
      first.tx.goals![bob]!.update({ done: false }),
      first.tx.goals![cat]!.update({ done: false }),
    ]);
    await allSee(subscribed, { goals: [{ id: bob, done: false }] });
    await first.transact(first.tx.goals![bob]!.update({ done: true }));
    await allSee(subscribed, { goals: [{ id: cat, done: false }] });
  });

  test('two clients create the same attr at the same time', async () => {
    const [first, second] = opened as [Opened, Opened];
    const subscribed = subscribeAll({ goals: {} });
    await allSee(subscribed, { goals: [] });
    const writes = [
      () => first.transact(first.tx.goals![ann]!.update({ title: 'of the first' })),
      () => second.transact(second.tx.goals![bob]!.update({ title: 'of the second' })),
    ];
    const outcomes = await Promise.allSettled(writes.map((write) => write()));
    // As on the original server: the name is taken, and the official client gives the write up.
    const refused = outcomes.flatMap((outcome, at) => (outcome.status === 'rejected' ? [{ at, reason: outcome.reason as unknown }] : []));
    expect(refused).toMatchObject([{ reason: { message: expect.stringMatching(/already exists/) } }]);
    // Created explicitly: the official client goes on showing the row that was refused, and would only update it.
    await (refused[0]?.at === 0
      ? first.transact(first.tx.goals![ann]!.create({ title: 'of the first' }))
      : second.transact(second.tx.goals![bob]!.create({ title: 'of the second' })));
    const sorted = (read: () => Result | undefined) => () => {
      const result = read();
      const goals = result?.data?.goals?.slice().sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
      return result && { ...result, data: { goals: goals ?? [] } };
    };
    await allSee(subscribed.map(sorted), {
      goals: [
        { id: ann, title: 'of the first' },
        { id: bob, title: 'of the second' },
      ],
    });
    await second.transact(second.tx.goals![ann]!.update({ title: 'again' }));
    await allSee(subscribed.map(sorted), {
      goals: [
        { id: ann, title: 'again' },
        { id: bob, title: 'of the second' },
      ],
    });
  });

  test('a rejected write is reported to its writer and seen by no client', async () => {
    const [first, second] = opened as [Opened, Opened];
    await first.transact(first.tx.goals![ann]!.create({ title: 'mine' }));
    await expect(second.transact(second.tx.goals![ann]!.create({ title: 'yours' }))).rejects.toMatchObject({ message: /already exists/ });
    await allSee(subscribeAll({ goals: {} }), { goals: [{ id: ann, title: 'mine' }] });
  });

  test('a query that the server rejects is an error', async () => {
    const [first] = opened as [Opened];
    await first.transact(first.tx.goals![ann]!.update({ n: 1 }));
    let last: Result | undefined;
    first.subscribe({ goals: { $: { where: { n: { $gt: 0 } } } } }, (result) => (last = result));
    await eventually(() => expect(last?.error?.message).toMatch(/indexed/));
  });

  test('each client sees the other’s presence, its updates and its messages', async () => {
    const [first, second] = opened as [Opened, Opened];
    const rooms = [first.room('chat', 'r1', { name: 'ann' }), second.room('chat', 'r1', { name: 'bob' })] as const;
    const seen: unknown[] = [];
    const stops = rooms.map((room, at) =>
      room.subscribePresence((peers) => (seen[at] = Object.values(peers).map((peer) => (peer as { name: string }).name))),
    );
    await eventually(() => expect(seen).toEqual([['bob'], ['ann']]));
    rooms[0].publishPresence({ name: 'anna' });
    await eventually(() => expect(seen).toEqual([['bob'], ['anna']]));
    const received: unknown[] = [];
    rooms[1].subscribeTopic('emoji', (data) => received.push(data));
    rooms[0].publishTopic('emoji', { name: 'fire' });
    await eventually(() => expect(received).toEqual([{ name: 'fire' }]));
    stops[0]!();
    rooms[0].leave();
    await eventually(() => expect(seen[1]).toEqual([]));
  });

  test('a client that disconnects without leaving is removed from its rooms', async () => {
    const [first, second] = opened as [Opened, Opened];
    const third = clients[0]!.open(whereOf());
    third.room('chat', 'r2', { name: 'cat' });
    const seen: unknown[] = [];
    for (const [at, client] of [first, second].entries()) {
      client.room('chat', 'r2', { at }).subscribePresence((peers) => (seen[at] = Object.keys(peers).length));
    }
    await eventually(() => expect(seen).toEqual([2, 2]));
    third.close();
    await eventually(() => expect(seen).toEqual([1, 1]));
  });
});
