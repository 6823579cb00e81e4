// Two real tabs, a real server, and a tab that is killed at the worst moment: every write is done, once, in order, and both tabs show it.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { appId, type Ending, everything, killedInFlight, killedOffline, onStage, type Player, type Stage, titlesOf } from './killed-tab.ts';

/** The client of this package, as a page's `window.app`. */
const source = `
  import { init, id } from './src/index.ts';
  const asked = new URLSearchParams(location.search);
  // Sockets alone: the line between page and server does not read what an event stream carries.
  const webSocket = (url) => new WebSocket(url);
  const db = init({ appId: '${appId}', apiURI: asked.get('api'), receipts: asked.has('receipts'), webSocket, onError: () => {} });
  let seen = { titles: [], source: undefined };
  let status = 'connecting';
  db.subscribeConnectionStatus((news) => { status = news; });
  db.subscribeQuery({ goals: {} }, ({ data, source }) => {
    seen = { titles: (data?.goals ?? []).map(({ title }) => title).sort(), source };
  });
  const keys = () => new Promise((resolve, reject) => {
    const opening = indexedDB.open('triplane/${appId}');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asking = opening.result.transaction('entries').objectStore('entries').getAllKeys();
      asking.onsuccess = () => { opening.result.close(); resolve(asking.result); };
    };
  });
  window.app = {
    signIn: (token) => db.auth.signInWithToken(token),
    write: (title) => db.transact(db.tx.goals[id()].update({ title })).queued,
    seen: () => seen,
    waiting: () => db.outbox.list().length,
    status: () => status,
    hasStored: async () => {
      const { id } = await db.getAuth();
      return (await keys()).some((key) => key.startsWith('answer/' + id + '/part/'));
    },
  };
`;

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()), 700_000);
afterAll(() => browser.close());

const all = [...everything].sort();
const limit = { timeout: 120_000 };
const play = (script: (stage: Stage) => Promise<Ending>, more: Partial<Player> = {}): Promise<Ending> =>
  onStage(browser, { source, ...more }, script);

/** Every write on the server once, each tab's in the order it made them, and both tabs show what is there. */
function expectAllOnce({ rows, commits, shown, isSettled }: Ending): void {
  expect(isSettled).toBe(true);
  expect(rows).toEqual(all);
  expect([...commits].sort()).toEqual(all.filter((title) => !title.endsWith('seed')));
  for (const who of ['a', 'b'] as const) expect(commits.filter((title) => title.startsWith(`title ${who}`))).toEqual(titlesOf(who));
  expect(shown).toEqual([all, all]);
}

test('both tabs write offline, the leader is killed, both reload offline and then synchronize', limit, async () => {
  const ending = await play((stage) => killedOffline(stage, ({ titles }) => titles.length === all.length));
  expectAllOnce(ending);
  // What was answered before, with the writes on top, and it says where it is from.
  expect(ending.offline).toEqual([
    { titles: all, source: 'cache' },
    { titles: all, source: 'cache' },
  ]);
  // They went out in the order they were made, whichever tab made them.
  expect(ending.commits).toEqual(titlesOf('a').flatMap((title, at) => [title, titlesOf('b')[at]]));
});

test('the leader is killed after the server applied the writes of both tabs and before it received the responses', limit, async () => {
  expectAllOnce(await play((stage) => killedInFlight(stage)));
});

test('the same, but the other tab is not reloaded and takes over sending', limit, async () => {
  expectAllOnce(await play((stage) => killedInFlight(stage, false)));
});

test('the same, with receipts and a server that forgets event ids', limit, async () => {
  expectAllOnce(await play((stage) => killedInFlight(stage), { isForgetful: true, parameters: { receipts: 'yes' } }));
});
