// A task moved from one list to another by its own client, against the embedded server: shown in the other list at once, offline too, after a
// reload without a server, and in the end as the server has it.

import { afterAll, beforeAll, expect, it } from 'vitest';

import { i, id, init, lookup } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { channelTo, type Cut } from '../support/cut.ts';

const schema = i.schema({
  entities: {
    tasks: i.entity({ title: i.string().indexed(), status: i.string().indexed(), code: i.string().unique().optional() }),
    lists: i.entity({ name: i.string() }),
  },
  links: { taskList: { forward: { on: 'tasks', has: 'one', label: 'list' }, reverse: { on: 'lists', has: 'many', label: 'tasks' } } },
});

let server: TriplaneServer;
let line: Cut;
beforeAll(async () => {
  server = await createServer();
  line = await channelTo(Number(new URL(server.apiURI).port));
});
afterAll(async () => {
  await line.close();
  await server.close();
});

function open(appId: string, storage: KeyValue) {
  const db = init({ appId, apiURI: `http://127.0.0.1:${line.port}`, schema, storage: { ...storage, close: () => {} } });
  const seen = { open: [] as string[], done: [] as string[], below: [] as string[][] };
  db.subscribeQuery(
    { tasks: { $: { where: { status: 'open' } } } },
    ({ data }) => void (data && (seen.open = data.tasks.map(({ title }) => title))),
  );
  db.subscribeQuery(
    { tasks: { $: { where: { status: 'done' } } } },
    ({ data }) => void (data && (seen.done = data.tasks.map(({ title }) => title))),
  );
  for (const [at, name] of ['A', 'B'].entries()) {
    db.subscribeQuery({ lists: { $: { where: { name } }, tasks: {} } }, ({ data }) => {
      if (data) seen.below[at] = data.lists.flatMap(({ tasks }) => tasks.map(({ title }) => title));
    });
  }
  return { db, seen };
}

it('a moved row appears in an infinite list at once, in its place, while offline', async () => {
  const { appId } = await server.createApp();
  const { db } = open(appId, memoryStore());
  await db.transact(['b', 'c', 'd', 'e'].map((title) => db.tx.tasks[id()]!.update({ title, status: 'open' }))).settled;
  const moved = id();
  await db.transact(db.tx.tasks[moved]!.update({ title: 'a', status: 'done' })).settled;
  let titles: string[] | undefined;
  const query = { tasks: { $: { where: { status: 'open' }, order: { serverCreatedAt: 'desc' }, limit: 2 } } } as const;
  db.subscribeInfiniteQuery(query, ({ data }) => void (titles = data?.tasks.map(({ title }) => title)));
  await expect.poll(() => titles).toHaveLength(2);
  const before = titles;
  // By then the pages around the first one are answered too.
  await db.queryOnce({ tasks: {} });
  line.cut();
  void db.transact(db.tx.tasks[moved]!.update({ status: 'open' }));
  await expect.poll(() => titles).toEqual(['a', ...(before ?? [])]);
  // So does one that is made here, in front of it.
  void db.transact(db.tx.tasks[id()]!.create({ title: 'new', status: 'open' }));
  await expect.poll(() => titles).toEqual(['new', 'a', ...(before ?? [])]);
  line.heal();
  await expect.poll(() => db.outbox.list()).toEqual([]);
  expect(titles).toEqual(['new', 'a', ...(before ?? [])]);
  await db.close();
});

it('a row that is moved between two pages of an infinite list appears there at once, offline, and stays', async () => {
  const { appId } = await server.createApp();
  const { db } = open(appId, memoryStore());
  const moved = id();
  await db.transact([
    ...['a', 'c', 'e', 'g', 'i'].map((title) => db.tx.tasks[id()]!.update({ title, status: 'open' })),
    db.tx.tasks[moved]!.update({ title: 'd', status: 'done' }),
  ]).settled;
  let titles: string[] | undefined;
  const query = { tasks: { $: { where: { status: 'open' }, order: { title: 'asc' }, limit: 2 } } } as const;
  const list = db.subscribeInfiniteQuery(query, ({ data }) => void (titles = data?.tasks.map(({ title }) => title)));
  await expect.poll(() => (list.loadNextPage(), titles)).toEqual(['a', 'c', 'e', 'g', 'i']);
  await db.queryOnce({ tasks: {} });
  line.cut();
  void db.transact(db.tx.tasks[moved]!.update({ status: 'open' }));
  await expect.poll(() => titles).toEqual(['a', 'c', 'd', 'e', 'g', 'i']);
  void db.transact(db.tx.tasks[moved]!.update({ title: 'h' }));
  await expect.poll(() => titles).toEqual(['a', 'c', 'e', 'g', 'h', 'i']);
  line.heal();
  await expect.poll(() => db.outbox.list()).toEqual([]);
  expect(titles).toEqual(['a', 'c', 'e', 'g', 'h', 'i']);
  await db.close();
});

it('a moved row appears in the other list offline, after an offline reload, and when the server has it', async () => {
  const { appId } = await server.createApp();
  const storage = memoryStore();
  const [task, a, b] = [id(), id(), id()];
  const { db, seen } = open(appId, storage);
  await db.transact([
    db.tx.lists[a]!.update({ name: 'A' }),
    db.tx.lists[b]!.update({ name: 'B' }),
    db.tx.tasks[task]!.update({ title: 'Swim', status: 'open' }).link({ list: a }),
  ]).settled;
  const before = { open: ['Swim'], done: [], below: [['Swim'], []] };
  const after = { open: [], done: ['Swim'], below: [[], ['Swim']] };
  await expect.poll(() => seen).toEqual(before);

  line.cut();
  void db.transact(db.tx.tasks[task]!.update({ status: 'done' }).link({ list: b }));
  await expect.poll(() => seen).toEqual(after);
  await db.close();

  const again = open(appId, storage);
  await expect.poll(() => again.seen).toEqual(after);
  // A change of mind, still offline.
  void again.db.transact(again.db.tx.tasks[task]!.update({ status: 'open' }));
  await expect.poll(() => again.seen).toEqual({ ...after, open: ['Swim'], done: [] });
  await again.db.close();

  const third = open(appId, storage);
  await expect.poll(() => third.seen).toEqual({ ...after, open: ['Swim'], done: [] });
  line.heal();
  await expect
    .poll(async () => (await third.db.queryOnce({ tasks: { list: {} } })).data.tasks)
    .toMatchObject([{ title: 'Swim', status: 'open', list: { name: 'B' } }]);
  await third.db.transact(third.db.tx.tasks[task]!.update({ title: 'Swim far' })).settled;
  await expect.poll(() => third.seen).toEqual({ open: ['Swim far'], done: [], below: [[], ['Swim far']] });
  await third.db.close();
});

it('a row is moved by an attribute that its first write creates, offline, also after a reload', async () => {
  const { appId } = await server.createApp();
  const storage = memoryStore();
  const task = id();
  const { db, seen } = open(appId, storage);
  const all = (client: typeof db) => {
    let titles: string[] | undefined;
    client.subscribeQuery({ tasks: {} }, ({ data }) => void (titles = data?.tasks.map(({ title }) => title)));
    return () => titles;
  };
  const titles = all(db);
  await db.transact([db.tx.tasks[task]!.update({ title: 'Swim' }), db.tx.lists[id()]!.update({ name: 'A' })]).settled;
  await expect.poll(titles).toEqual(['Swim']);

  line.cut();
  void db.transact(db.tx.tasks[task]!.update({ status: 'done' }));
  await expect.poll(() => seen.done).toEqual(['Swim']);
  void db.transact(db.tx.tasks[task]!.update({ status: 'open' }));
  await expect.poll(() => [seen.open, seen.done]).toEqual([['Swim'], []]);
  await db.close();

  const again = open(appId, storage);
  all(again.db);
  await expect.poll(() => [again.seen.open, again.seen.done]).toEqual([['Swim'], []]);
  line.heal();
  await expect.poll(() => again.db.outbox.list()).toEqual([]);
  await again.db.transact(again.db.tx.tasks[task]!.update({ status: 'done' })).settled;
  expect([again.seen.open, again.seen.done]).toEqual([[], ['Swim']]);
  await again.db.close();
});

it('a row that is named by its value moves offline, and a page is filled, also after a reload', async () => {
  const { appId } = await server.createApp();
  const storage = memoryStore();
  const { db, seen } = open(appId, storage);
  const pages = (client: typeof db) => {
    let titles: string[] | undefined;
    const show = ({ data }: { data?: { tasks: { title: string }[] } | undefined }) => void (titles = data?.tasks.map(({ title }) => title));
    client.subscribeQuery({ tasks: { $: { limit: 2, order: { title: 'asc' } } } }, show);
    client.subscribeQuery({ tasks: {} }, () => {});
    return () => titles;
  };
  const page = pages(db);
  const [a, b] = [id(), id()];
  await db.transact([
    db.tx.lists[a]!.update({ name: 'A' }),
    db.tx.lists[b]!.update({ name: 'B' }),
    ...['a', 'b', 'c'].map((title) => db.tx.tasks[id()]!.update({ title, status: 'open', code: title }).link({ list: a })),
  ]).settled;
  await expect.poll(() => [page(), seen.open.length, seen.below[0]?.length]).toEqual([['a', 'b'], 3, 3]);

  line.cut();
  void db.transact(db.tx.tasks[lookup('code', 'a')]!.update({ status: 'done' }).link({ list: b }));
  void db.transact(db.tx.tasks[lookup('code', 'b')]!.delete());
  const after = () => [seen.open, seen.done, seen.below, page()];
  const wanted = [['c'], ['a'], [['c'], ['a']], ['a', 'c']];
  await expect.poll(after).toEqual(wanted);
  await db.close();

  const again = open(appId, storage);
  const pageAgain = pages(again.db);
  const afterReload = () => [again.seen.open, again.seen.done, again.seen.below, pageAgain()];
  await expect.poll(afterReload).toEqual(wanted);
  line.heal();
  await expect.poll(() => again.db.outbox.list()).toEqual([]);
  expect(afterReload()).toEqual(wanted);
  await again.db.close();
});
