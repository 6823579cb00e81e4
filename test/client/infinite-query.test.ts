// A list that is loaded page by page, against the embedded server: it stays live as a whole, whatever is inserted, changed or deleted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { i, id, init, type InfiniteQuerySubscription } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { createTestApp } from '../../src/testing/index.ts';
import { internals } from '../../src/lib/internals.ts';

const schema = i.schema({ entities: { posts: i.entity({ title: i.string(), rank: i.number().indexed() }) } });

let server: TriplaneServer;
beforeAll(async () => void (server = await createServer()));
afterAll(() => server.close());

interface News {
  readonly ranks: number[] | undefined;
  readonly canLoadNextPage: boolean;
  readonly error: unknown;
}

async function open(
  count: number,
): Promise<{ db: ReturnType<typeof database>; list: InfiniteQuerySubscription; last: () => News; add: (rank: number) => Promise<string> }> {
  const db = database((await server.createApp()).appId);
  const add = async (rank: number): Promise<string> => {
    const postId = id();
    await db.transact(db.tx.posts[postId]!.create({ title: `post ${rank}`, rank })).settled;
    return postId;
  };
  for (let rank = 1; rank <= count; rank += 1) await add(rank);
  let news: News = { ranks: undefined, canLoadNextPage: false, error: undefined };
  const list = db.subscribeInfiniteQuery({ posts: { $: { limit: 4, order: { rank: 'asc' } } } }, ({ data, error, canLoadNextPage }) => {
    news = { ranks: data?.posts.map(({ rank }) => rank), canLoadNextPage, error };
  });
  return { db, list, add, last: () => news };
}

function database(appId: string) {
  return init({ appId, apiURI: server.apiURI, schema, storage: memoryStore() });
}

const shows = (last: () => News, ranks: number[], canLoadNextPage: boolean): Promise<void> =>
  expect.poll(last).toEqual({ ranks, canLoadNextPage, error: undefined });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('subscribeInfiniteQuery', () => {
  it('loads page after page, to the end', async () => {
    const { db, list, last } = await open(10);
    await shows(last, upTo(4), true);
    list.loadNextPage();
    await shows(last, upTo(8), true);
    list.loadNextPage();
    await shows(last, upTo(10), false);
    list.loadNextPage();
    await shows(last, upTo(10), false);
    db.shutdown();
  });

  it('shows rows added before the beginning, in the middle and at the end, and removes deleted rows', async () => {
    const { db, list, last, add } = await open(6);
    await shows(last, upTo(4), true);
    list.loadNextPage();
    await shows(last, upTo(6), false);
    for (const rank of [0, -1, -2, -3, -4, -5]) await add(rank);
    await shows(last, [-5, -4, -3, -2, -1, 0, ...upTo(6)], false);
    const middle = await add(2.5);
    await shows(last, [-5, -4, -3, -2, -1, 0, 1, 2, 2.5, 3, 4, 5, 6], false);
    await db.transact(db.tx.posts[middle]!.delete()).settled;
    await add(7);
    await shows(last, [-5, -4, -3, -2, -1, 0, ...upTo(7)], false);
    db.shutdown();
  });

  it('lets a list shorter than a page grow past it', async () => {
    const { db, last, add } = await open(2);
    await shows(last, upTo(2), false);
    for (const rank of [3, 4, 5]) await add(rank);
    await shows(last, upTo(4), true);
    db.shutdown();
  });

  it('a second list begins with what the first one shows, not with what was stored of it before', async () => {
    const { db, last, add } = await open(0);
    await shows(last, [], false);
    for (const rank of upTo(7)) await add(rank);
    await shows(last, upTo(4), true);
    // The first page left the memory; what is stored of it had fewer rows.
    const told: (number[] | undefined)[] = [];
    db.subscribeInfiniteQuery({ posts: { $: { limit: 4, order: { rank: 'asc' } } } }, ({ data }) => {
      told.push(data?.posts.map(({ rank }) => rank));
    });
    await expect.poll(() => told.length).toBeGreaterThan(0);
    await db.queryOnce({ posts: {} });
    expect(told.filter((ranks) => ranks?.length !== 4)).toEqual([]);
    db.shutdown();
  });

  it('does not notify after unsubscribe, or after an immediate shutdown', async () => {
    const { db, list, last, add } = await open(3);
    await shows(last, upTo(3), false);
    list.unsubscribe();
    await add(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(last().ranks).toEqual(upTo(3));
    db.subscribeInfiniteQuery({ posts: {} }, () => expect.unreachable());
    db.shutdown();
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it('removes the previous results when a user signs in', async () => {
    const { db, last } = await open(5);
    await shows(last, upTo(4), true);
    const seen: unknown[] = [];
    await db[internals].reactor.account.setUser({ id: id(), refresh_token: id(), isGuest: false });
    await expect.poll(() => seen.push(last().ranks)).toBeGreaterThan(0);
    expect(seen.at(-1)).toEqual([]);
    db.shutdown();
  });

  it('keeps its pages on the screen while the next one waits for the server', async () => {
    const app = await createTestApp({ schema });
    const posts = upTo(3).map((rank) => app.admin.tx.posts[id()]!.create({ title: `post ${rank}`, rank }));
    await app.run(app.admin.transact(posts));
    const { db } = await (await app.createDevice()).openTab();
    const told: News[] = [];
    const list = db.subscribeInfiniteQuery({ posts: { $: { limit: 2, order: { rank: 'asc' } } } }, ({ data, error, canLoadNextPage }) => {
      told.push({ ranks: data?.posts.map(({ rank }) => rank), canLoadNextPage, error });
    });
    await app.advance(2_000);
    app.server.stop();
    list.loadNextPage();
    await app.advance(60_000);
    expect(told.at(-1)).toEqual({ ranks: [1, 2], canLoadNextPage: true, error: undefined });
    app.server.start();
    await app.advance(60_000);
    expect(told.at(-1)).toEqual({ ranks: [1, 2, 3], canLoadNextPage: false, error: undefined });
    expect(told.filter(({ error }) => error)).toEqual([]);
    await app.close();
  });

  it('requires exactly one namespace', async () => {
    const db = database(id());
    expect(() => db.subscribeInfiniteQuery({}, () => {})).toThrow('exactly one namespace');
    db.shutdown();
  });
});
