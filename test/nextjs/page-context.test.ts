// From the server's query to a live page: for whom the page is, without a socket on the server, without a second loading state in the browser.

import { createElement } from 'react';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { readUser } from '../../src/nextjs/cookie.ts';
import { createServer, type TriplaneServer } from '../../src/server/server.ts';
import { launchBrowser } from '../support/browser.ts';
import { makeApp } from './app.tsx';
import { serve, type Web } from './rendered.tsx';
import { internals } from '../../src/lib/internals.ts';

let server: TriplaneServer;
let web: Web;
let browser: Browser;
let app: ReturnType<typeof makeApp>;
let token: string;
const evil = '</script><script>globalThis.hacked = true</script><!--\u2028';

async function admin(path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  const result = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!result.ok) throw new Error(await result.text());
  return result.json();
}

const write = (title: string, due: string) => admin('/admin/transact', { steps: [['update', 'goals', id(), { title, due }]] });

beforeAll(async () => {
  server = await createServer();
  const { appId, apiURI, websocketURI } = server;
  app = makeApp({ appId, apiURI, websocketURI });
  web = await serve(appId, (cookie) => createElement(app.Page, { user: readUser(cookie), settings: { appId, apiURI, websocketURI } }));
  browser = await launchBrowser();
  const plain = { required: false, config: { indexed: false, unique: false } };
  const goals = { attrs: { title: { valueType: 'string', ...plain }, due: { valueType: 'date', ...plain } } };
  await admin(`/dash/apps/${appId}/schema/push/apply`, { schema: { entities: { goals, $users: { attrs: {} } }, links: {} } });
  await write(evil, '2026-01-01T00:00:00Z');
  await admin(`/dash/apps/${appId}/rules`, { code: { goals: { allow: { view: 'auth.id != null' } } } });
  token = ((await admin('/admin/refresh_tokens', { email: 'ana@example.com' })) as { user: { refresh_token: string } }).user.refresh_token;
}, 700_000);

afterAll(async () => {
  await browser?.close();
  web?.close();
  app?.db.core.shutdown();
  await server?.close();
});

interface Seen {
  readonly errors: string[];
  readonly goals: (string | null)[];
  readonly drawn: string[];
}

interface Visit {
  readonly page: Page;
  /** What the browser complained of. */
  readonly complaints: string[];
  readonly seen: () => Promise<Seen>;
  readonly open: () => Promise<void>;
}

async function visit(): Promise<Visit> {
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  // Until it has come down the stream, its fallback is shown.
  const seen = async () => {
    const { goals, ...rest } = await page.evaluate(() => globalThis.seen);
    return { ...rest, goals: goals[0] === null ? goals.slice(1) : goals };
  };
  const open = async (): Promise<void> => {
    await page.goto(web.url);
    await page.waitForFunction(() => 'seen' in globalThis && document.querySelector('#later')?.textContent === '0');
  };
  return { page, complaints, seen, open };
}

const shown = `${evil} 2026`;

test('a signed-out visitor sees no rows, and the page contains none', async () => {
  const html = await (await fetch(web.url)).text();
  expect([html.includes('id="goals"'), html.includes('hacked'), html.includes('>nobody<')]).toEqual([true, false, true]);
});

test('a signed-in user sees the rows at once, and they stay live', async () => {
  const { page, complaints, seen, open } = await visit();
  await open();
  await page.evaluate((its) => globalThis.signIn(its), token);
  await expect.poll(() => page.context().cookies()).toMatchObject([{ name: `instant_user_${server.appId}` }]);
  const [cookie] = await page.context().cookies();
  const html = await (await fetch(web.url, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } })).text();
  expect(html).toContain('&lt;/script&gt;&lt;script&gt;globalThis.hacked = true');
  expect(html).not.toContain('<script>globalThis.hacked');
  expect([html.includes('>ana@example.com<'), html.includes('id="later">loading<')]).toEqual([true, true]);

  await open();
  expect(await page.textContent('#goals')).toBe(shown);
  expect(await page.textContent('#who')).toBe('ana@example.com');
  await write('second', '2027-01-01T00:00:00Z');
  await expect.poll(() => page.textContent('#goals')).toBe(`${shown}|second 2027`);
  const { errors, goals, drawn: rendered } = await seen();
  expect({ errors, goals, complaints }).toEqual({ errors: [], goals: [shown, `${shown}|second 2027`], complaints: [] });
  expect([...new Set(rendered)]).toEqual([`goals ${shown}`, `goals ${shown}|second 2027`]);
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
}, 60_000);

test('without a connection, the rows that came with the page remain', async () => {
  const { page, complaints, seen, open } = await visit();
  await open();
  await page.evaluate((its) => globalThis.signIn(its), token);
  await expect.poll(() => page.context().cookies()).toHaveLength(1);
  await page.routeWebSocket(/runtime\/session/, () => {});
  await page.goto(web.url);
  await page.waitForFunction(() => globalThis.seen?.drawn.length > 0);
  expect(await page.textContent('#goals')).toContain(shown);
  expect(await seen()).toMatchObject({ errors: [], goals: [await page.textContent('#goals')] });
  expect(complaints).toEqual([]);
}, 60_000);

test('the server has opened no socket', () => {
  expect(app.db.core[internals].reactor.status).toBe('connecting');
});
