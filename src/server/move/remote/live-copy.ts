// Copies an app from a running server and keeps the copy in sync: rows by sync tables, which push later changes; has-many links, which
// these omit, by queries; bytes of files by URL. A namespace whose attributes change is loaded again.

import { TriplaneError } from '../../../errors.ts';
import type { WireAttr } from '../../../protocol/attr.ts';
import type { SyncTx } from '../../../protocol/sync-table-messages.ts';
import type { Triple } from '../../../protocol/triple.ts';
import { isObject } from '../../../lib/json.ts';
import type { Progress } from '../import.ts';
import type { Mirror } from './mirror.ts';
import { type RemoteApp, unreachable } from './remote-app.ts';
import { type RemoteMessage, RemoteSocket } from './remote-socket.ts';

export interface LiveCopyConfig {
  readonly app: RemoteApp;
  readonly mirror: Mirror;
  readonly progress: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Short-lived data that another server does not need. */
const passing: ReadonlySet<string> = new Set(['$magicCodes', '$oauthCodes', '$oauthRedirects']);
const reconnects = 8;
const longestPauseMs = 30_000;
const idsAtOnce = 500;

interface Loading {
  readonly etype: string;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class LiveCopy {
  readonly #config: LiveCopyConfig;
  /** By subscription id. */
  readonly #etypes = new Map<string, string>();
  readonly #stale = new Set<string>();
  #socket: RemoteSocket | undefined;
  #loading: Loading | undefined;
  #rows = 0;
  #changes = 0;
  #txId = 0;
  #status = 'active';

  constructor(config: LiveCopyConfig) {
    this.#config = config;
  }

  /** Changes pushed by the source since the copy started. */
  get changes(): number {
    return this.#changes;
  }

  /** Last transaction received from the source. */
  get txId(): number {
    return this.#txId;
  }

  /** Status of the source: `active`, `read-only` or `disabled`. */
  get status(): string {
    return this.#status;
  }

  /** Namespaces that are copied. */
  get etypes(): string[] {
    return etypesIn(this.#config.mirror.attrs);
  }

  /** Loads missing namespaces and resumes the others. Rejects with TriplaneError `unreachable` if the source stays unreachable. */
  async catchUp(): Promise<void> {
    await this.#connected(async () => {
      const { mirror, progress } = this.#config;
      const missing = (): string[] => this.etypes.filter((etype) => this.#stale.has(etype) || !mirror.position(etype)?.isLoaded);
      for (let [next] = missing(); next !== undefined; [next] = missing()) {
        await this.#load(next);
        const { etypes } = this;
        progress({ phase: 'copying', done: etypes.length - missing().length, total: etypes.length, rows: this.#rows });
      }
    });
  }

  /** Resolves when everything the source has pushed so far is applied. */
  async roundTrip(): Promise<void> {
    const q = { $users: { $: { where: { id: this.#config.app.appId }, fields: ['id'] } } };
    await this.#connected(async (socket) => {
      await socket.ask({ op: 'add-query', q });
      socket.tell({ op: 'remove-query', q });
    });
  }

  /** Reads all has-many links. Returns whether any of them changed. */
  async readLinks(): Promise<boolean> {
    const { mirror } = this.#config;
    let isChanged = false;
    for (const attr of mirror.attrs.filter(isManyLink)) {
      const [, etype, label] = attr['forward-identity'];
      if (!this.etypes.includes(etype)) continue;
      for (const rows of mirror.pages(etype, idsAtOnce)) {
        const ids = rows.map(({ id }) => id);
        const q = { [etype]: { $: { where: { id: { $in: ids } }, fields: ['id'] }, [label]: { $: { fields: ['id'] } } } };
        const links = await this.#connected(async (socket) => {
          const answer = await socket.ask({ op: 'add-query', q });
          socket.tell({ op: 'remove-query', q });
          return triplesIn(answer['result']).flatMap(([e, a, v]) => (a === attr.id ? [[e, String(v)] as const] : []));
        });
        if (mirror.setLinks(attr.id, ids, links)) isChanged = true;
      }
    }
    return isChanged;
  }

  /** The namespace is loaded again with the next `catchUp`. */
  distrust(etype: string): void {
    this.#stale.add(etype);
  }

  /** `forget`: the source may drop the subscriptions. */
  async close(forget: boolean): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    if (forget) for (const id of this.#etypes.keys()) socket.tell({ op: 'remove-sync', 'subscription-id': id });
    await socket.close();
  }

  /** Runs with a session, and again with a new one if the session is lost. */
  async #connected<T>(run: (socket: RemoteSocket) => Promise<T>): Promise<T> {
    const { app, signal } = this.#config;
    for (let attempt = 1; ; attempt++) {
      try {
        return await run(this.#socket ?? (await this.#open()));
      } catch (error) {
        if (signal?.aborted || error instanceof TriplaneError) throw error;
        if (attempt === reconnects) throw unreachable(`${app.url}: the connection was lost ${reconnects} times`, error);
        await app.wait(Math.min(longestPauseMs, 500 * 2 ** (attempt - 1)));
      }
    }
  }

  async #open(): Promise<RemoteSocket> {
    const { app, mirror } = this.#config;
    this.#etypes.clear();
    const socket = await RemoteSocket.open(app, {
      said: (message) => this.#said(message),
      closed: (reason) => this.#lost(reason),
    });
    this.#socket = socket;
    this.#status = socket.status;
    this.#setAttrs(socket.attrs);
    for (const etype of this.etypes) {
      const position = mirror.position(etype);
      if (!position?.isLoaded || this.#stale.has(etype)) continue;
      this.#etypes.set(position.subscription, etype);
      this.#txId = Math.max(this.#txId, position.txId);
      socket.tell({ op: 'resync-table', 'subscription-id': position.subscription, token: position.token, 'tx-id': position.txId });
    }
    return socket;
  }

  async #load(etype: string): Promise<void> {
    await this.#connected(
      (socket) =>
        new Promise<void>((done, failed) => {
          this.#loading = { etype, done, failed };
          const begun = (answer: RemoteMessage): void => {
            const subscription = String(answer['subscription-id']);
            this.#etypes.set(subscription, etype);
            this.#config.mirror.begin(etype, { subscription, token: String(answer['token']) });
            this.#stale.delete(etype);
          };
          socket.ask({ op: 'start-sync', q: { [etype]: {} } }, begun).catch(failed);
        }),
    );
  }

  #said(message: RemoteMessage): void {
    const etype = this.#etypes.get(String(message['subscription-id']));
    const { mirror } = this.#config;
    if (message.op === 'app-status-changed') this.#status = String(message['status']);
    else if (message.op === 'error') this.#rejected(message['original-event']);
    else if (message.op === 'refresh-ok' && Array.isArray(message['attrs'])) this.#setAttrs(message['attrs'] as WireAttr[]);
    else if (etype === undefined) return;
    else if (message.op === 'sync-load-batch') {
      const rows = message['join-rows'] as readonly (readonly Triple[])[];
      mirror.load(etype, rows);
      this.#rows += rows.length;
    } else if (message.op === 'sync-init-finish') this.#loaded(etype, Number(message['tx-id']));
    else if (message.op === 'sync-update-triples') this.#changed(etype, message['txes'] as readonly SyncTx[]);
  }

  #loaded(etype: string, txId: number): void {
    this.#config.mirror.loaded(etype, txId);
    this.#txId = Math.max(this.#txId, txId);
    if (this.#loading?.etype !== etype) return;
    this.#loading.done();
    this.#loading = undefined;
  }

  #changed(etype: string, txes: readonly SyncTx[]): void {
    const { mirror } = this.#config;
    const isKnown = txes.every(({ changes }) => changes.every(({ triple: [, a] }) => mirror.attr(a) !== undefined));
    if (!isKnown) this.#stale.add(etype);
    else mirror.update(etype, txes);
    this.#changes += txes.length;
    this.#txId = Math.max(this.#txId, txes.at(-1)?.['tx-id'] ?? 0);
  }

  /** A subscription the source no longer knows starts again. */
  #rejected(original: unknown): void {
    const etype = isObject(original) ? this.#etypes.get(String(original['subscription-id'])) : undefined;
    if (etype !== undefined) this.#stale.add(etype);
  }

  #setAttrs(given: readonly WireAttr[]): void {
    const { mirror } = this.#config;
    const attrs = given.filter((attr) => !('deletion-marked-at' in attr));
    const before = shapesOf(mirror.attrs);
    const after = shapesOf(attrs);
    for (const [etype, shape] of after) if (before.has(etype) && before.get(etype) !== shape) this.#stale.add(etype);
    for (const etype of before.keys()) if (!after.has(etype)) mirror.drop(etype);
    if (JSON.stringify(mirror.attrs) === JSON.stringify(attrs)) return;
    this.#changes++;
    mirror.setAttrs(attrs);
  }

  #lost(reason: Error): void {
    this.#socket = undefined;
    this.#loading?.failed(reason);
    this.#loading = undefined;
  }
}

export const isManyLink = (attr: WireAttr): boolean => attr['value-type'] === 'ref' && attr.cardinality === 'many';

function etypesIn(attrs: readonly WireAttr[]): string[] {
  const etypes = attrs.flatMap(({ 'forward-identity': [, etype, label] }) => (label === 'id' && !passing.has(etype) ? [etype] : []));
  return etypes.sort();
}

/** What determines the wire form of a namespace's rows. */
function shapesOf(attrs: readonly WireAttr[]): ReadonlyMap<string, string> {
  const shapes = new Map<string, string[]>();
  for (const {
    id,
    'forward-identity': [, etype, label],
    'value-type': type,
    cardinality,
  } of attrs)
    shapes.set(etype, [...(shapes.get(etype) ?? []), JSON.stringify([id, label, type, cardinality])]);
  return new Map([...shapes].map(([etype, texts]) => [etype, texts.sort().join()]));
}

/** All triples of a query result, at any depth. */
function triplesIn(given: unknown): Triple[] {
  if (Array.isArray(given)) return given.flatMap((each) => triplesIn(each));
  if (!isObject(given)) return [];
  const { data, 'child-nodes': children } = given;
  const result = isObject(data) ? data['datalog-result'] : undefined;
  const rows = isObject(result) ? (result['join-rows'] as readonly (readonly Triple[])[]) : [];
  return [...rows.flat(), ...triplesIn(children)];
}
