// The official client writes first, then the page is loaded again with this one: what it left on the device is taken over, once.

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { inApp, MovedPage, officialScript, officialStored, ourScript } from '../support/moved-page.ts';
import { RecordingProxy } from '../support/overheard.ts';
import { until } from '../support/tab-world.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be07';
const adminToken = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be08';
const limit = { timeout: 60_000 };

let browser: Browser;
let server: TriplaneServer;
let line: RecordingProxy;
let device: MovedPage;

beforeAll(async () => void (browser = await launchBrowser()), 700_000);
afterAll(() => browser.close());

beforeEach(async () => {
  server = await createServer({ port: 0, appId, adminToken, storage: memory() });
  line = new RecordingProxy(server.port);
  line.isForSocketsOnly = true;
  await line.start();
  device = await MovedPage.open(browser);
  await device.deploy(officialScript(appId, line.url));
});
afterEach(async () => {
  await device.close();
  await line.close();
  await server.close();
});

async function admin(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}` };
  const response = await fetch(`${server.apiURI}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

async function tokenOf(email: string): Promise<string> {
  return ((await admin('/admin/refresh_tokens', { email })) as { user: { refresh_token: string } }).user.refresh_token;
}

const write = (page: Page, title: string): Promise<unknown> => inApp(page, (app, text) => app.write(text), title);
const titles = (page: Page): Promise<string[]> => inApp(page, (app) => app.titles());
const pending = (page: Page): Promise<string[]> => inApp(page, (app) => app.pending());
const adoptions = (page: Page) => inApp(page, (app) => app.adoptions());
const committed = (): string[] => line.commits.map(({ title }) => title);
const onServer = async (): Promise<string[]> => {
  const { goals } = (await admin('/admin/query', { query: { goals: {} } })) as { goals: { title: string }[] };
  return goals.map(({ title }) => title).sort();
};

/** A tab with Ann signed in, one row on screen, a local id, and then no connection. */
async function signedInOffline(): Promise<{ readonly page: Page; readonly localId: string }> {
  const page = await device.openTab();
  await inApp(page, (app, token) => app.signIn(token), await tokenOf('ann@example.com'));
  await until(() => inApp(page, (app) => app.status()), 'authenticated');
  await write(page, 'title seed');
  await until(() => titles(page), ['title seed']);
  const localId = await inApp(page, (app) => app.localId('guest'));
  // It stores what it holds up to a second later.
  await until(() => inApp(page, (app) => app.hasStored()), true);
  await officialStored(page, 0);
  line.cut();
  await until(() => inApp(page, (app) => app.status() === 'authenticated'), false);
  return { page, localId };
}

test('the session, pending writes, local ids and cached results are adopted, and each write arrives once, in order', limit, async () => {
  const { page, localId } = await signedInOffline();
  for (const n of [1, 2, 3]) await write(page, `title ${n}`);
  await inApp(page, (app) => app.link('title 4', 'new'));
  const eventIds = await officialStored(page, 4);

  await device.deploy(ourScript(appId, line.url));
  await device.reload(page);
  expect(await inApp(page, (app) => app.email())).toBe('ann@example.com');
  expect(await inApp(page, (app) => app.localId('guest'))).toBe(localId);
  expect(await pending(page)).toEqual(eventIds);
  const everything = ['title 1', 'title 2', 'title 3', 'title 4 #new', 'title seed'];
  await until(() => titles(page), everything);
  const [adoption, ...more] = await adoptions(page);
  expect(more).toEqual([]);
  expect(adoption).toMatchObject({ type: 'adoption', writes: 4, localIds: 1, results: 1, skipped: [], userId: expect.any(String) });

  line.heal();
  await until(() => pending(page), []);
  expect(committed()).toEqual(['title seed', 'title 1', 'title 2', 'title 3', 'title 4']);
  expect(await onServer()).toEqual(['title 1', 'title 2', 'title 3', 'title 4', 'title seed']);
  expect(await titles(page)).toEqual(everything);
  // It is left as it was.
  expect(await page.evaluate('indexedDB.databases().then((all) => all.map(({ name }) => name))')).toContain(`instant_${appId}_6`);

  await device.reload(page);
  await until(() => titles(page), everything);
  expect(await adoptions(page)).toEqual([]);
  expect(committed()).toHaveLength(5);
  expect(await inApp(page, (app) => app.errors())).toEqual([]);
});

test('two tabs reloaded at the same time adopt the data once, and later writes of the old client are adopted too', limit, async () => {
  const { page } = await signedInOffline();
  await write(page, 'title 1');
  await officialStored(page, 1);
  const other = await device.openTab();
  await write(other, 'title 2');
  const eventIds = await officialStored(other, 2);
  const old = await device.openTab();
  await until(() => inApp(old, (app) => app.email()), 'ann@example.com');

  await device.deploy(ourScript(appId, line.url));
  await device.reload(page, other);
  for (const tab of [page, other]) expect(await pending(tab)).toEqual(eventIds);
  const taken = (await Promise.all([page, other].map(adoptions))).flat();
  expect(taken).toMatchObject([{ writes: 2 }]);

  // A tab that still runs the official client writes on.
  await write(old, 'title 3');
  const later = await officialStored(old, 3);
  await device.reload(old);
  for (const tab of [page, other, old]) await until(async () => (await pending(tab)).toSorted(), later.toSorted());

  line.heal();
  for (const tab of [page, other, old]) await until(() => pending(tab), []);
  expect(committed().toSorted()).toEqual(['title 1', 'title 2', 'title 3', 'title seed']);
  expect(await onServer()).toEqual(['title 1', 'title 2', 'title 3', 'title seed']);
});

test('broken records are skipped and reported without stopping the adoption', limit, async () => {
  const { page, localId } = await signedInOffline();
  await write(page, 'title 1');
  await write(page, 'title 2');
  const [, second] = await officialStored(page, 2);
  await device.deploy(ourScript(appId, line.url));
  await device.tamper(
    page,
    (kv) => {
      const entries = kv.get('pendingMutations') as [string, { order: number; 'tx-steps': unknown; 'tx-id'?: number }][];
      const waiting = entries.filter(([, mutation]) => !mutation['tx-id']).sort(([, a], [, b]) => a.order - b.order);
      const half = { ...waiting[0]?.[1], 'tx-steps': [['add-triple', 'half']] };
      const broken = [['0000000a-0000-4000-8000-000000000001', half], null, 'text', ['no id', half]];
      kv.set('pendingMutations', [...broken, waiting[1]]);
      kv.set('localToken_broken', { no: 'id' });
    },
    { appId },
  );
  expect(await inApp(page, (app) => app.email())).toBe('ann@example.com');
  expect(await inApp(page, (app) => app.localId('guest'))).toBe(localId);
  expect(await inApp(page, (app) => app.localId('broken'))).toMatch(/^[0-9a-f-]{36}$/);
  expect(await pending(page)).toEqual([second]);
  const [adoption] = await adoptions(page);
  expect(adoption?.skipped.toSorted()).toEqual([
    "local id 'broken': the record cannot be read",
    'write 0000000a-0000-4000-8000-000000000001: its steps cannot be read',
    'write no id: the record cannot be read',
    'write without an id: the record cannot be read',
    'write without an id: the record cannot be read',
  ]);
  line.heal();
  await until(() => pending(page), []);
  expect(await onServer()).toEqual(['title 2', 'title seed']);
});

test('with adopt: false nothing is adopted; the next start without it adopts everything', limit, async () => {
  const { page, localId } = await signedInOffline();
  await write(page, 'title 1');
  const eventIds = await officialStored(page, 1);
  await device.deploy(ourScript(appId, line.url, 'adopt: false'));
  await device.reload(page);
  expect(await inApp(page, (app) => app.email())).toBe(null);
  expect(await inApp(page, (app) => app.localId('other'))).not.toBe(localId);
  expect(await pending(page)).toEqual([]);
  await device.deploy(ourScript(appId, line.url));
  await device.reload(page);
  expect(await inApp(page, (app) => app.email())).toBe('ann@example.com');
  expect(await inApp(page, (app) => app.localId('guest'))).toBe(localId);
  expect(await pending(page)).toEqual(eventIds);
});

test('a user who signed out of this client is not signed in again', limit, async () => {
  const { page } = await signedInOffline();
  line.heal();
  await device.deploy(ourScript(appId, line.url, 'adopt: false'));
  await device.reload(page);
  await inApp(page, (app, token) => app.signIn(token), await tokenOf('bob@example.com'));
  await inApp(page, (app) => app.signOut());
  await device.deploy(ourScript(appId, line.url));
  await device.reload(page);
  expect(await inApp(page, (app) => app.email())).toBe(null);
});

test.each(['deleted', 'emptied'] as const)('version 5 is adopted where version 6 was %s', limit, async (asVersion5) => {
  const { page, localId } = await signedInOffline();
  await write(page, 'title 1');
  const eventIds = await officialStored(page, 1);
  await device.deploy(ourScript(appId, line.url));
  await device.tamper(page, () => {}, { appId, asVersion5 });
  expect(await inApp(page, (app) => app.email())).toBe('ann@example.com');
  expect(await inApp(page, (app) => app.localId('guest'))).toBe(localId);
  expect(await pending(page)).toEqual(eventIds);
  await until(() => titles(page), ['title 1', 'title seed']);
  line.heal();
  await until(() => pending(page), []);
  expect(await onServer()).toEqual(['title 1', 'title seed']);
});

test('writes made before the official client knew any attribute use the attributes that the server has by then', limit, async () => {
  line.cut();
  const page = await device.openTab();
  await write(page, 'title 1');
  await write(page, 'title 2');
  await officialStored(page, 2);
  await admin('/admin/transact', { steps: [['update', 'goals', '00000000-0000-4000-8000-00000000000a', { title: 'title there' }]] });
  await device.deploy(ourScript(appId, line.url));
  await device.reload(page);
  line.heal();
  await until(() => pending(page), []);
  expect(committed()).toEqual(['title 1', 'title 2']);
  await until(() => titles(page), ['title 1', 'title 2', 'title there']);
});
