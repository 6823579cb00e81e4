// Sync tables: whole namespaces, loaded once and then updated by changes. Each is stored on the device row by row, and continues from there
// after a lost connection or a restart. PROTOCOL.md#start-sync
//
//   start-sync ─▶ start-sync-ok ─▶ sync-load-batch … ─▶ sync-init-finish ─▶ sync-update-triples …
//      ▲                                                                        ▲
//      └── error: the server does not reach back that far ── resync-table ──────┘  after a lost connection

import { Attrs } from '../../db/attrs.ts';
import type { Random } from '../../lib/random.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import type { ServerMessage, StartSyncOk, SyncTx } from '../../protocol/server-message.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import { queryKey } from '../../query/key.ts';
import type { Effect } from '../effect.ts';
import type { Feature, RejectedRequest, FeatureEnv } from '../features.ts';
import { cacheOps, type CachedTableRow, type CachedTable, tablePrefix } from './table-cache.ts';
import { type RowChanges, type RowObject, SyncRows } from './sync-rows.ts';

type Data = Readonly<Record<string, readonly RowObject[]>>;

export type TableEvent =
  | { readonly type: 'InitialSyncBatch'; readonly data: Data; readonly batch: readonly RowObject[] }
  | { readonly type: 'InitialSyncComplete' | 'LoadFromStorage'; readonly data: Data }
  | ({ readonly type: 'SyncTransaction'; readonly data: Data } & Pick<RowChanges, 'added' | 'removed' | 'updated'>)
  | {
      readonly type: 'Error';
      readonly data: Data;
      readonly error: { readonly message: string; readonly hint?: unknown; readonly type: string; readonly status: number };
    };

/** An event. Without `data`, it is delivered with all rows. */
type EventBody = TableEvent extends infer Event
  ? Event extends TableEvent
    ? Omit<Event, 'data'> & { readonly data?: Data }
    : never
  : never;

export type TableListener = (event: TableEvent) => void;

interface Table {
  readonly key: string;
  readonly etype: string;
  readonly query: WireQuery;
  readonly listeners: Set<TableListener>;
  readonly rows: SyncRows;
  /** Whether this tab stores the table on the device. Otherwise another tab does. */
  readonly ownsCache: boolean;
  /** The event id of the last `start-sync`. */
  eventId: string;
  subscription: { readonly id: string; readonly token: string } | undefined;
  /** The last transaction that the rows include; undefined during the initial load. */
  txId: number | undefined;
  /** Transactions received during the initial load. */
  readonly buffered: SyncTx[];
  /** Number of temporary rejections in a row. */
  failures: number;
  nextAttemptMs: number;
}

export class SyncTables implements Feature {
  readonly #random: Random;
  readonly #useDates: boolean;
  readonly #byKey = new Map<string, Table>();

  constructor(random: Random, useDates: boolean) {
    this.#random = random;
    this.#useDates = useDates;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** The first listener opens the table with the rows stored on the device. If another tab stores them, they are shown and loaded again. */
  subscribe(query: WireQuery, listener: TableListener, attrs: Attrs, cached?: CachedTable, ownsCache = true): readonly Effect[] {
    const key = queryKey(query);
    const existing = this.#byKey.get(key);
    if (existing) {
      existing.listeners.add(listener);
      return existing.txId === undefined ? [] : notify(existing, { type: 'LoadFromStorage' }, [listener]);
    }
    const table = this.#newTable(query, key, cached ? Attrs.from(cached.state.attrs) : attrs, ownsCache);
    table.listeners.add(listener);
    this.#byKey.set(key, table);
    if (!cached) return this.#request(table);
    const { subscriptionId: id, token, txId } = cached.state;
    table.rows.load(cached.rows);
    if (ownsCache) Object.assign(table, { subscription: { id, token }, txId });
    return [...notify(table, { type: 'LoadFromStorage' }), ...this.#request(table)];
  }

  /** The last listener to leave closes the table. With `isKept` the stored rows stay for the next subscription. */
  unsubscribe(query: WireQuery, listener: TableListener, owner: string, keepCache: boolean): readonly Effect[] {
    const table = this.#byKey.get(queryKey(query));
    if (!table || !table.listeners.delete(listener) || table.listeners.size > 0) return [];
    this.#byKey.delete(table.key);
    if (!table.subscription) return [];
    const unsubscribing = this.#remove(table.subscription.id, keepCache && table.ownsCache);
    return [unsubscribing, ...(keepCache ? [] : this.#dropCache(table, owner))];
  }

  onMessage(message: ServerMessage, { attrs, owner }: FeatureEnv): readonly Effect[] {
    if (message.op === 'start-sync-ok') return this.#onStarted(message);
    const table = 'subscription-id' in message && this.#find(({ subscription }) => subscription?.id === message['subscription-id']);
    if (!table) return [];
    table.rows.setAttrs(attrs);
    switch (message.op) {
      case 'sync-load-batch':
        return notify(table, { type: 'InitialSyncBatch', batch: table.rows.load(message['join-rows']) });
      case 'sync-init-finish':
        return this.#onLoaded(table, message['tx-id'], owner);
      case 'sync-update-triples':
        return this.#onChanges(table, message.txes, owner);
      default:
        return [];
    }
  }

  onError({ message, error, retryAtMs, owner }: RejectedRequest): readonly Effect[] | undefined {
    const original = message['original-event'];
    const op = original?.['op'];
    if (op === 'remove-sync') return [];
    const isStart = op === 'start-sync';
    if (!isStart && op !== 'resync-table') return undefined;
    const table = this.#find(({ eventId, subscription }) =>
      isStart ? eventId === message['client-event-id'] : subscription?.id === original?.['subscription-id'],
    );
    if (!table) return [];
    const nextAttemptMs = retryAtMs(table.failures);
    if (nextAttemptMs !== undefined) {
      table.failures += 1;
      table.nextAttemptMs = nextAttemptMs;
      return [];
    }
    if (!isStart) return [...this.#dropCache(table, owner), ...this.#request(table)];
    const { message: text, hint, type = 'unknown', status } = error;
    return notify(table, { type: 'Error', data: { [table.etype]: [] }, error: { message: text, hint, type, status } });
  }

  onSessionOpen(): readonly Effect[] {
    return this.#each((table) => this.#request(table));
  }

  onDisconnect(): readonly Effect[] {
    return this.#each((table) => {
      table.nextAttemptMs = Infinity;
      return [];
    });
  }

  /** Another user signed in: the rows are dropped, and stay on the device for the previous user. */
  onUserChange(): readonly Effect[] {
    return this.#each(reset);
  }

  nextDeadline(): number {
    return Math.min(...[...this.#byKey.values()].map(({ nextAttemptMs }) => nextAttemptMs));
  }

  onDeadline(nowMs: number): readonly Effect[] {
    return this.#each((table) => (table.nextAttemptMs <= nowMs ? this.#request(table) : []));
  }

  shutDown(): readonly Effect[] {
    this.#byKey.clear();
    return [];
  }

  #each(run: (table: Table) => readonly Effect[]): readonly Effect[] {
    return [...this.#byKey.values()].flatMap(run);
  }

  #find(predicate: (table: Table) => boolean): Table | undefined {
    return [...this.#byKey.values()].find(predicate);
  }

  #newTable(query: WireQuery, key: string, attrs: Attrs, ownsCache: boolean): Table {
    const [etype = '', node] = Object.entries(query)[0] ?? [];
    const options = (node as { readonly $?: { readonly order?: Readonly<Record<string, unknown>> } }).$;
    return {
      key,
      etype,
      query,
      ownsCache,
      listeners: new Set(),
      rows: new SyncRows({ etype, order: options?.order, useDates: this.#useDates }, attrs),
      eventId: '',
      subscription: undefined,
      txId: undefined,
      buffered: [],
      failures: 0,
      nextAttemptMs: Infinity,
    };
  }

  /** Resumes from the present position, or starts from the beginning. */
  #request(table: Table): readonly Effect[] {
    table.nextAttemptMs = Infinity;
    const { subscription, txId, query } = table;
    if (subscription && txId !== undefined) {
      const { id, token } = subscription;
      return [send({ op: 'resync-table', 'client-event-id': id, 'subscription-id': id, 'tx-id': txId, token })];
    }
    if (subscription) reset(table);
    table.eventId = this.#random.eventId();
    return [send({ op: 'start-sync', 'client-event-id': table.eventId, q: query })];
  }

  /** Ends the server's subscription to a table without listeners. */
  #onStarted({ 'subscription-id': id, token, 'client-event-id': startEventId }: StartSyncOk): readonly Effect[] {
    const table = this.#find(({ eventId }) => eventId === startEventId);
    if (!table) return [this.#remove(id, false)];
    table.subscription = { id, token };
    table.rows.clear();
    table.failures = 0;
    return [];
  }

  #remove(id: string, keepCache: boolean): Effect {
    const eventId = this.#random.eventId();
    return send({ op: 'remove-sync', 'client-event-id': eventId, 'subscription-id': id, 'keep-subscription': keepCache });
  }

  #onLoaded(table: Table, txId: number, owner: string): readonly Effect[] {
    table.txId = txId;
    return [
      ...store(table, owner, table.rows.records()),
      ...notify(table, { type: 'InitialSyncComplete' }),
      ...this.#onChanges(table, table.buffered.splice(0), owner),
    ];
  }

  #onChanges(table: Table, txes: readonly SyncTx[], owner: string): readonly Effect[] {
    if (table.txId === undefined) {
      table.buffered.push(...txes);
      return [];
    }
    table.failures = 0;
    const effects: Effect[] = [];
    const rows = new Map<string, CachedTableRow | undefined>();
    for (const { 'tx-id': txId, changes } of txes) {
      if (txId <= table.txId) continue;
      table.txId = txId;
      const { touched, added, removed, updated } = table.rows.apply(changes);
      for (const [id, row] of touched) rows.set(id, row);
      effects.push(...notify(table, { type: 'SyncTransaction', added, removed, updated }));
    }
    return effects.length === 0 ? [] : [...store(table, owner, rows), ...effects];
  }

  #dropCache(table: Table, owner: string): Effect[] {
    const rows = table.rows.records().map(([id]) => [id, undefined] as const);
    return [...store(table, owner, rows, false), ...reset(table)];
  }
}

/** The record of the position, and of these rows; undefined for a removed row. */
function store(
  table: Table,
  owner: string,
  rows: Iterable<readonly [id: string, row: CachedTableRow | undefined]>,
  keepCache = true,
): Effect[] {
  const { key, etype, subscription, txId } = table;
  if (!table.ownsCache) return [];
  const subscriptionId = subscription?.id ?? '';
  const attrs = [...table.rows.attrs.namespace(etype).forward.values()].map(({ wire }) => wire);
  const state = keepCache && { subscriptionId, token: subscription?.token, txId, attrs };
  return [{ do: 'store', edits: cacheOps(tablePrefix(owner, key), subscriptionId, state, rows) }];
}

function reset(table: Table): Effect[] {
  table.subscription = undefined;
  table.txId = undefined;
  table.eventId = '';
  table.buffered.length = 0;
  table.rows.clear();
  return [];
}

function send(message: ClientMessage): Effect {
  return { do: 'send', message };
}

function notify({ etype, rows, listeners }: Table, body: EventBody, recipients: Iterable<TableListener> = listeners): Effect[] {
  const event: TableEvent = { data: { [etype]: rows.objects }, ...body };
  return [...recipients].map((listener) => ({ do: 'call', listener: () => listener(event) }));
}
