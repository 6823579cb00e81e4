// A device on which a page changes from the official client to this one: the same origin, the same browser profile, another script. The page
// offers the same `window.app` with either client.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { bundled, inPage, until } from './tab-world.ts';

/** What a page has of its client, as `window.app`. */
export interface MovedApp {
  signIn(token: string): Promise<unknown>;
  signOut(): Promise<unknown>;
  /** Resolves when the client has taken the write. */
  write(title: string): Promise<unknown>;
  create(title: string): Promise<unknown>;
  link(title: string, tag: string): Promise<unknown>;
  localId(name: string): Promise<string>;
  email(): Promise<string | null>;
  /** Of all goals, with the tags they have. */
  titles(): string[];
  /** Everything that was shown so far. */
  history(): string[][];
  status(): string;
  /** The event ids of writes that this page knows as pending, in order. Of the official client: those in its database. */
  pending(): Promise<string[]>;
  /** Whether the official client has stored its user, a local id, and a cached result. */
  hasStored(): Promise<boolean>;
  /** What this client says that it took over; always empty with the official one. */
  adoptions(): { readonly writes: number; readonly skipped: readonly string[]; readonly [name: string]: unknown }[];
  errors(): string[];
}

/** The entries of the object store `kv`. */
type Kv = Map<string, unknown>;

interface Tampering {
  /** The app whose database of version 6 is read. */
  readonly appId: string;
  /** The entries go to a database of version 5, with cached results among them, and the one of version 6 is deleted or emptied. */
  readonly asVersion5?: 'deleted' | 'emptied';
}

/** Both scripts begin with this. */
const common = (appId: string): string => `
  const official = 'instant_${appId}_6';
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(String(request.error)));
  });
  const opened = (name, stores) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => { for (const each of stores) request.result.createObjectStore(each); };
    return answer(request);
  };
  const everything = async (db, name) => {
    const store = db.transaction(name).objectStore(name);
    const [keys, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
    return keys.map((key, at) => [key, values[at]]);
  };
  const hasStored = async () => {
    const db = await opened(official, ['kv', 'querySubs', 'syncSubs']);
    const [kv, subs] = [new Map(await everything(db, 'kv')), await everything(db, 'querySubs')];
    db.close();
    const keys = [...kv.keys()];
    return Boolean(kv.get('currentUser')) && keys.some((key) => key.startsWith('localToken_')) &&
      subs.some(([, sub]) => sub.result?.store.triples.length > 0);
  };
  const storedMutations = async () => {
    const db = await opened(official, ['kv', 'querySubs', 'syncSubs']);
    const [, entries = []] = (await everything(db, 'kv')).find(([key]) => key === 'pendingMutations') ?? [];
    db.close();
    return entries.filter(([, { 'tx-id': txId }]) => !txId).sort(([, a], [, b]) => a.order - b.order).map(([eventId]) => eventId);
  };
  const errors = [];
  addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
  let seen = [];
  const history = [];
  let status = 'connecting';
  const show = ({ data }) => {
    if (data) history.push(seen = data.goals.map(({ title, tags }) => [title, ...tags.map(({ name }) => name)].join(' #')).sort());
  };
  const app = (db, id) => ({
    signIn: (token) => db.auth.signInWithToken(token),
    signOut: () => db.auth.signOut(),
    hasStored,
    localId: (name) => db.getLocalId(name),
    email: async () => (await db.getAuth())?.email ?? null,
    titles: () => seen,
    history: () => history,
    status: () => status,
    errors: () => errors,
    create: (title) => db.transact(db.tx.goals[id()].create({ title })),
    write: (title) => db.transact(db.tx.goals[id()].update({ title })),
    link: (title, name) => {
      const [goal, tag] = [id(), id()];
      return db.transact([db.tx.tags[tag].update({ name }), db.tx.goals[goal].update({ title }).link({ tags: tag })]);
    },
  });
`;

/** The address stands in the script, as in a program. */
export const officialScript = (appId: string, apiURI: string): string => `
  import { init, id } from '@instantdb/core';
  ${common(appId)}
  const db = init({
    appId: '${appId}', apiURI: '${apiURI}', websocketURI: '${apiURI.replace('http', 'ws')}/runtime/session', devtool: false,
  });
  db.subscribeConnectionStatus((news) => { status = news; });
  db.subscribeQuery({ goals: { tags: {} } }, show);
  window.app = { ...app(db, id), pending: storedMutations, adoptions: () => [] };
`;

export const ourScript = (appId: string, apiURI: string, options = ''): string => `
  import { init, id } from './src/index.ts';
  ${common(appId)}
  const db = init({ appId: '${appId}', apiURI: '${apiURI}', onError: (error) => errors.push(error.message), ${options} });
  const adoptions = [];
  db.on('adoption', (event) => adoptions.push(event));
  db.subscribeConnectionStatus((news) => { status = news; });
  db.subscribeQuery({ goals: { tags: {} } }, show);
  const pending = async () => {
    await db.getAuth();
    return db.outbox.list().map(({ eventId }) => eventId);
  };
  window.app = { ...app(db, id), pending, adoptions: () => adoptions };
`;

export class MovedPage {
  readonly context: BrowserContext;
  readonly #server: Server;
  #script = '';

  private constructor(context: BrowserContext) {
    this.context = context;
    this.#server = createServer((request, response) => {
      const isScript = request.url?.startsWith('/app.js');
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.setHeader('cache-control', 'no-store');
      const script = request.url === '/blank' ? '' : '<script type="module" src="/app.js"></script>';
      response.end(isScript ? this.#script : `<!doctype html><title>page</title>${script}`);
    });
  }

  static async open(browser: Browser): Promise<MovedPage> {
    const page = new MovedPage(await browser.newContext());
    await new Promise<void>((resolve) => page.#server.listen(0, '127.0.0.1', resolve));
    return page;
  }

  /** What the page is from the next load on. */
  async deploy(source: string): Promise<void> {
    this.#script = await bundled(source);
  }

  async openTab(): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.#address);
    await page.waitForFunction('window.app !== undefined');
    return page;
  }

  /** Changes the database of the official client while no client runs: the tab shows an empty page, and then the deployed one. */
  async tamper(page: Page, run: (kv: Kv) => unknown, tampering: Tampering): Promise<void> {
    await page.goto(`${this.#address}blank`);
    await page.evaluate(`(${tamper.toString()})(${run.toString()}, ${JSON.stringify(tampering)})`);
    await page.goto(this.#address);
    await page.waitForFunction('window.app !== undefined');
  }

  get #address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async reload(...pages: readonly Page[]): Promise<void> {
    await Promise.all(pages.map((page) => page.reload()));
    for (const page of pages) await page.waitForFunction('window.app !== undefined');
  }

  async close(): Promise<void> {
    await this.context.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const inApp = <T, Given = undefined>(page: Page, run: (app: MovedApp, given: Given) => T, given?: Given): Promise<Awaited<T>> =>
  inPage<MovedApp, T, Given>(page, run, given);

/** The official client stores what it holds a while later. */
export async function officialStored(page: Page, writes: number): Promise<string[]> {
  await until(async () => (await inApp(page, (app) => app.pending())).length, writes);
  return inApp(page, (app) => app.pending());
}

/** Runs in the page, as text. */
async function tamper(run: (kv: Kv) => unknown, { appId, asVersion5 }: Tampering): Promise<void> {
  const answer = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error(String(request.error)));
    });
  const open = (version: number, stores: readonly string[]): Promise<IDBDatabase> => {
    const request = indexedDB.open(`instant_${appId}_${version}`, 1);
    request.onupgradeneeded = () => stores.forEach((name) => request.result.createObjectStore(name));
    return answer(request);
  };
  const entriesOf = async (db: IDBDatabase, name: string): Promise<Kv> => {
    const store = db.transaction(name).objectStore(name);
    const [keys, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
    return new Map(keys.map((key, at) => [key as string, values[at]]));
  };
  const replace = async (db: IDBDatabase, kv: Kv): Promise<void> => {
    const tx = db.transaction('kv', 'readwrite');
    tx.objectStore('kv').clear();
    for (const [key, value] of kv) tx.objectStore('kv').put(value, key);
    await new Promise((resolve) => (tx.oncomplete = resolve));
  };
  const db = await open(6, ['kv', 'querySubs', 'syncSubs']);
  const kv = await entriesOf(db, 'kv');
  if (asVersion5) {
    const subs = await entriesOf(db, 'querySubs');
    subs.delete('__meta');
    kv.delete('__meta');
    kv.set('querySubs', JSON.stringify(Object.fromEntries(subs)));
    for (const key of ['pendingMutations', 'currentUser']) kv.set(key, JSON.stringify(kv.get(key)));
    const old = await open(5, ['kv']);
    await replace(old, kv);
    old.close();
    kv.clear();
  }
  run(kv);
  await replace(db, kv);
  db.close();
  if (asVersion5 === 'deleted') await answer(indexedDB.deleteDatabase(db.name));
}
