// What a page does before any lazily loaded module arrives, or where none ever does: the built package, bundled with code splitting, in Chromium.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { createServer as createSyncServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { packedProject, type Project, root } from '../support/packed.ts';

let browser: Browser;
let page: Page;
let sync: TriplaneServer;
let project: Project;
let pages: Server;
let origin: string;
const scripts = new Map<string, string>();
/** Scripts that are loaded with the page or the worker; the others are lazily loaded chunks. */
const initial = new Set<string>();

beforeAll(async () => {
  project = packedProject();
  [browser, sync] = await Promise.all([launchBrowser(), createSyncServer({ port: 0, storage: memory() })]);
  await bundle();
  pages = createServer((request, response) => {
    const name = basename(request.url ?? '');
    const text = initial.has(name) ? scripts.get(name) : undefined;
    if (text === undefined && name.endsWith('.js')) response.statusCode = 404;
    response.setHeader('content-type', name.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.end(text ?? '<!doctype html><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
}, 700_000);

afterAll(async () => {
  await browser.close();
  await sync.close();
  pages.close();
  project.remove();
});

beforeEach(async () => void (page = await (await browser.newContext()).newPage()));
afterEach(() => page.context().close());

/** Two entries with shared chunks, as an app with a service worker has them. */
async function bundle(): Promise<void> {
  const config = JSON.stringify({ appId: sync.appId, apiURI: sync.apiURI });
  const open = `import { init, id } from 'triplane'; const db = init(${config});`;
  project.write('page.js', `${open} Object.assign(globalThis, { db, id });`);
  project.write(
    'worker.js',
    `${open}
    addEventListener('message', async ({ source, data }) => {
      await db.transact(db.tx.goals[id()].create({ title: data })).settled;
      const { data: found } = await db.queryOnce({ goals: { $: { where: { title: data } } } });
      source.postMessage(found.goals.length);
    });`,
  );
  const { outputFiles, metafile } = await build({
    entryPoints: ['page.js', 'worker.js'],
    absWorkingDir: project.folder,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    outdir: project.folder,
    nodePaths: [`${root}/node_modules`],
  });
  for (const { path, text } of outputFiles) scripts.set(basename(path), text);
  const reach = (path: string): void => {
    if (initial.has(basename(path))) return;
    initial.add(basename(path));
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) if (kind === 'import-statement') reach(next);
  };
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) if (/^(page|worker)\.js$/.test(entryPoint ?? '')) reach(path);
}

/** Runs in the page, with `db` and `id` of the page's script. */
async function inPage<T>(source: string): Promise<T> {
  await page.waitForFunction('globalThis.db');
  return page.evaluate<T>(`(async () => { ${source} })()`);
}

test('some modules are lazily loaded, and are missing here', async () => {
  expect(initial.size).toBeLessThan(scripts.size);
  await page.goto(origin);
  expect(await inPage<string>('return db.auth.signInAsGuest().catch((error) => error.code);')).toBe('module-missing');
});

test('a write that is made at once and not yet sent outlives a reload', async () => {
  await page.routeWebSocket(/.*/, () => {}); // never answers
  await page.goto(origin);
  await inPage('const write = db.transact(db.tx.goals[id()].create({ title: "early" })); await write.queued;');
  await page.reload();
  await page.waitForFunction('globalThis.db?.outbox.list().length > 0');
  const states = await inPage<string[]>('return db.outbox.list().map(({ state }) => state);');
  expect(states).toEqual(['pending']);
});

test('an infinite query needs none of the missing modules', async () => {
  await page.goto(origin);
  await inPage('await db.transact(db.tx.posts[id()].create({ text: "first" })).settled;');
  const texts = await inPage<string[]>(`
    return new Promise((resolve) => {
      db.subscribeInfiniteQuery({ posts: { $: { limit: 5 } } }, ({ data, error }) => {
        if (error) resolve([error.message]);
        else if (data?.posts.length) resolve(data.posts.map(({ text }) => text));
      });
    });`);
  expect(texts).toEqual(['first']);
});

test('a service worker, which cannot load modules lazily, writes and reads', async () => {
  await page.goto(origin);
  const found = await inPage<number>(`
    await navigator.serviceWorker.register('/worker.js', { type: 'module' });
    const { active } = await navigator.serviceWorker.ready;
    return new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
      active.postMessage('from the worker');
    });`);
  expect(found).toBe(1);
});
