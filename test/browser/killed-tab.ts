// Two tabs of one user write, and one of them is killed: a script that any client can play. It tells what the server has in the end, what
// it was made to do for that, and what each tab shows.

import type { Browser, Page } from 'playwright-core';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { RecordingProxy } from '../support/overheard.ts';
import { bundled, inPage, TabWorld, until } from '../support/tab-world.ts';

export const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be06';

export interface Seen {
  readonly titles: readonly string[];
  /** Undefined once the server has spoken. */
  readonly source: string | undefined;
}

/** What a page has of its client, as `window.app`. */
export interface App {
  signIn(token: string): Promise<unknown>;
  /** Resolves when the client says that the write is kept. */
  write(title: string): Promise<unknown>;
  seen(): Seen;
  /** How many writes have yet to be confirmed; undefined if it does not tell. */
  waiting(): number | undefined;
  status(): string;
  /** Whether what is seen will be there at the next start. */
  hasStored(): Promise<boolean>;
}

/** A page that offers such an app, and how it is wanted to be served. */
export interface Player {
  readonly source: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The server does again what it is told again, as InstantDB's does. */
  readonly isForgetful?: boolean;
  /** How long it may take to bring every write to the server; without it, as long as a test may. */
  readonly patienceMs?: number;
}

export interface Ending {
  /** What the admin of the app finds. */
  readonly rows: readonly string[];
  /** The transactions the server committed, in order. */
  readonly commits: readonly string[];
  /** What both tabs show. */
  readonly shown: readonly (readonly string[])[];
  /** Whether both tabs show all there is, and have nothing left to send. */
  readonly isSettled: boolean;
  /** What both tabs showed after they were loaded again without a network. */
  readonly offline: readonly Seen[];
}

export const titlesOf = (who: 'a' | 'b'): string[] => [1, 2, 3, 4, 5].map((n) => `title ${who}${n}`);
export const seed = 'title seed';
export const everything: readonly string[] = [...titlesOf('a'), ...titlesOf('b'), seed];

const settledWithin = 60_000;

export class Stage {
  readonly line: RecordingProxy;
  readonly #server: TriplaneServer;
  readonly #world: TabWorld;
  readonly #player: Player;

  private constructor(server: TriplaneServer, line: RecordingProxy, world: TabWorld, player: Player) {
    this.#server = server;
    this.line = line;
    this.#world = world;
    this.#player = player;
  }

  static async set(browser: Browser, player: Player): Promise<Stage> {
    const server = await createServer({ port: 0, appId, storage: memory() });
    const line = new RecordingProxy(server.port);
    line.isForgetful = player.isForgetful ?? false;
    await line.start();
    const world = await TabWorld.open(browser, await bundled(player.source), { api: line.url, ...player.parameters });
    return new Stage(server, line, world, player);
  }

  /** Two tabs of one user, with a session each and one row on screen, which both will find again. The first asked for the lock first, and is the one that sends. */
  async twoTabs(): Promise<[Page, Page]> {
    const first = await this.#world.openTab();
    const { user } = (await this.request('/admin/refresh_tokens', { email: 'ann@example.com' })) as { user: { refresh_token: string } };
    await inPage<App, unknown, string>(first, (app, token) => app.signIn(token), user.refresh_token);
    const second = await this.#world.openTab();
    for (const tab of [first, second]) await until(() => inPage<App, string>(tab, (app) => app.status()), 'authenticated');
    await inPage<App, unknown, string>(first, (app, title) => app.write(title), seed);
    for (const tab of [first, second]) {
      await until(() => inPage<App, Seen>(tab, (app) => app.seen()), { titles: [seed], source: undefined });
      await until(() => inPage<App, number | undefined>(tab, (app) => app.waiting() ?? 0), 0);
      await until(() => inPage<App, Promise<boolean>>(tab, (app) => app.hasStored()), true);
    }
    return [first, second];
  }

  /** In turns, so that the tabs' writes lie between one another's. */
  async writeInTurns(one: Page, other: Page): Promise<void> {
    const write = (tab: Page, title = ''): Promise<unknown> => inPage<App, unknown, string>(tab, (app, text) => app.write(text), title);
    const [a, b] = [titlesOf('a'), titlesOf('b')];
    for (const at of a.keys()) {
      await write(one, a[at]);
      await write(other, b[at]);
    }
  }

  async goOffline(tabs: readonly Page[]): Promise<void> {
    await this.#world.context.setOffline(true);
    this.line.cut();
    for (const tab of tabs) await until(() => inPage<App, boolean>(tab, (app) => app.status() === 'authenticated'), false);
  }

  async goOnline(): Promise<void> {
    this.line.heal();
    await this.#world.context.setOffline(false);
  }

  kill(tab: Page): Promise<void> {
    return this.#world.crash(tab);
  }

  open(): Promise<Page> {
    return this.#world.openTab();
  }

  reload(tab: Page): Promise<void> {
    return this.#world.reload(tab);
  }

  /** When all is done that can be hoped for, or nobody hopes any more. */
  async ending(tabs: readonly Page[], offline: readonly Seen[]): Promise<Ending> {
    const all = JSON.stringify([...everything].sort());
    const deadline = Date.now() + (this.#player.patienceMs ?? settledWithin);
    const isDone = async (tab: Page): Promise<boolean> => {
      const [seen, waiting] = await inPage<App, [Seen, number | undefined]>(tab, (app) => [app.seen(), app.waiting()]);
      return JSON.stringify(seen.titles) === all && seen.source === undefined && (waiting ?? 0) === 0;
    };
    const areDone = async (): Promise<boolean> => (await Promise.all(tabs.map(isDone))).every(Boolean);
    let isSettled = await areDone();
    while (!isSettled && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isSettled = await areDone();
    }
    const { goals } = (await this.request('/admin/query', { query: { goals: {} } })) as { goals: { title: string }[] };
    return {
      rows: goals.map(({ title }) => title).sort(),
      commits: this.line.commits.map(({ title }) => title).filter((title) => title !== seed),
      shown: await Promise.all(tabs.map(async (tab) => (await inPage<App, Seen>(tab, (app) => app.seen())).titles)),
      isSettled,
      offline,
    };
  }

  async clear(): Promise<void> {
    await this.#world.context.close();
    await this.line.close();
    await this.#server.close();
  }

  async request(path: string, body: unknown): Promise<unknown> {
    const { apiURI, adminToken } = this.#server;
    const headers = { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${apiURI}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** Runs a script on a stage of its own. */
export async function onStage(browser: Browser, player: Player, script: (stage: Stage) => Promise<Ending>): Promise<Ending> {
  const stage = await Stage.set(browser, player);
  try {
    return await script(stage);
  } finally {
    await stage.clear();
  }
}

const seenIn = (tab: Page): Promise<Seen> => inPage<App, Seen>(tab, (app) => app.seen());

/** Both write offline, the one that sends is killed, both are loaded again, and only then is there a network. */
export async function killedOffline(stage: Stage, isShown: (seen: Seen) => boolean = () => true): Promise<Ending> {
  const [leader, other] = await stage.twoTabs();
  await stage.goOffline([leader, other]);
  await stage.writeInTurns(leader, other);
  await stage.kill(leader);
  const again = await stage.open();
  await stage.reload(other);
  const tabs = [again, other];
  for (const tab of tabs) await until(async () => isShown(await seenIn(tab)), true);
  const offline = await Promise.all(tabs.map(seenIn));
  await stage.goOnline();
  return stage.ending(tabs, offline);
}

/** The server has done what both wrote, and its word is lost; then the one that sends is killed. */
export async function killedInFlight(stage: Stage, isReloaded = true): Promise<Ending> {
  const [leader, other] = await stage.twoTabs();
  stage.line.swallowsAcks = true;
  await stage.writeInTurns(leader, other);
  await until(() => stage.line.commits.length, everything.length);
  stage.line.swallowsAcks = false;
  await stage.kill(leader);
  if (isReloaded) await stage.reload(other);
  return stage.ending([await stage.open(), other], []);
}
