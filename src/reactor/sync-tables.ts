// Namespaces kept in step with the server: loaded whole once, then only what came and went. Each is kept on the device, row by
// row, and taken up where it was after a break or a new start. PROTOCOL.md#start-sync
//
//   start-sync ─▶ start-sync-ok ─▶ sync-load-batch … ─▶ sync-init-finish ─▶ sync-update-triples …
//      ▲                                                                        ▲
//      └── error: the server does not reach back that far ── resync-table ──────┘  after each break

import { Attrs } from '../db/attrs.ts';
import type { Random } from '../lib/random.ts';
import type { ServerMessage, StartSyncOk, SyncTx } from '../protocol/server-message.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import { queryKey } from '../query/key.ts';
import type { Edit } from '../storage/key-value.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';
import { keptEdits, type KeptTable, rowEdits, rowKey, stateKey } from './sync-kept.ts';
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

export type TableListener = (event: TableEvent) => void;

interface Table {
  readonly key: string;
  readonly etype: string;
  readonly query: WireQuery;
  readonly listeners: Set<TableListener>;
  readonly rows: SyncRows;
  /** Whether it is kept on the device by us. Otherwise another tab keeps it. */
  readonly isOurs: boolean;
  /** Of the last `start-sync`. */
  eventId: string;
  subscription: { readonly id: string; readonly token: string } | undefined;
  /** The transaction up to which the rows reach; undefined while they are loaded. */
  txId: number | undefined;
  /** Heard while they are loaded. */
  readonly early: SyncTx[];
  failures: number;
  againAtMs: number;
}

export class SyncTables implements Extra {
  readonly #random: Random;
  readonly #useDates: boolean;
  readonly #byKey = new Map<string, Table>();

  constructor(random: Random, useDates: boolean) {
    this.#random = random;
    this.#useDates = useDates;
  }

  has(query: WireQuery): boolean {
    return this.#byKey.has(queryKey(query));
  }

  /** The first listener brings what is kept on the device; the rest find the table. What another tab keeps is shown, and loaded anew. */
  listen(query: WireQuery, listener: TableListener, attrs: Attrs, kept?: KeptTable, isOurs = true): readonly Effect[] {
    const key = queryKey(query);
    const known = this.#byKey.get(key);
    if (known) {
      known.listeners.add(listener);
      return known.txId === undefined ? [] : [tell(listener, { type: 'LoadFromStorage', data: dataOf(known) })];
    }
    const table = this.#newTable(query, key, kept ? Attrs.from(kept.state.attrs) : attrs, isOurs);
    table.listeners.add(listener);
    this.#byKey.set(key, table);
    if (!kept) return this.#ask(table);
    const { subscriptionId, token, txId } = kept.state;
    table.rows.load(kept.rows);
    if (isOurs) table.subscription = { id: subscriptionId, token };
    if (isOurs) table.txId = txId;
    return [...tellAll(table, { type: 'LoadFromStorage', data: dataOf(table) }), ...this.#ask(table)];
  }

  /** The last one to leave ends it; `isKept`: it can be taken up again, with what is on the device. */
  leave(query: WireQuery, listener: TableListener, owner: string, isKept: boolean): readonly Effect[] {
    const table = this.#byKey.get(queryKey(query));
    if (!table || !table.listeners.delete(listener) || table.listeners.size > 0) return [];
    this.#byKey.delete(table.key);
    const { subscription } = table;
    if (!subscription) return [];
    const message = {
      op: 'remove-sync',
      'client-event-id': this.#random.eventId(),
      'subscription-id': subscription.id,
      'keep-subscription': isKept && table.isOurs,
    } as const;
    return [{ do: 'send', message }, ...(isKept ? [] : this.#forget(table, owner))];
  }

  heard(message: ServerMessage, { attrs, owner }: Hour): readonly Effect[] {
    if (message.op === 'start-sync-ok') return this.#started(message);
    if (!('subscription-id' in message)) return [];
    const table = [...this.#byKey.values()].find(({ subscription }) => subscription?.id === message['subscription-id']);
    if (!table) return [];
    table.rows.setAttrs(attrs);
    switch (message.op) {
      case 'sync-load-batch': {
        const batch = table.rows.load(message['join-rows']);
        return tellAll(table, { type: 'InitialSyncBatch', data: dataOf(table), batch });
      }
      case 'sync-init-finish':
        return this.#loaded(table, message['tx-id'], owner);
      case 'sync-update-triples':
        return this.#changed(table, message.txes, owner);
      default:
        return [];
    }
  }

  failed({ message, error, retryAtMs, owner }: Failure): readonly Effect[] | undefined {
    const original = message['original-event'];
    switch (original?.['op']) {
      case 'remove-sync':
        return [];
      case 'start-sync': {
        const table = [...this.#byKey.values()].find(({ eventId }) => eventId === message['client-event-id']);
        if (!table) return [];
        const { message: text, hint, type = 'unknown', status } = error;
        if (this.#putOff(table, retryAtMs(table.failures))) return [];
        return tellAll(table, { type: 'Error', data: { [table.etype]: [] }, error: { message: text, hint, type, status } });
      }
      case 'resync-table': {
        const table = [...this.#byKey.values()].find(({ subscription }) => subscription?.id === original['subscription-id']);
        if (!table) return [];
        if (this.#putOff(table, retryAtMs(table.failures))) return [];
        return [...this.#forget(table, owner), ...this.#ask(table)];
      }
      default:
        return undefined;
    }
  }

  sessionOpened(): readonly Effect[] {
    return [...this.#byKey.values()].flatMap((table) => this.#ask(table));
  }

  lineLost(): readonly Effect[] {
    for (const table of this.#byKey.values()) table.againAtMs = Infinity;
    return [];
  }

  /** What was loaded was not for them. It stays on the device for the one before. */
  userChanged(): readonly Effect[] {
    for (const table of this.#byKey.values()) reset(table);
    return [];
  }

  nextDue(): number {
    return Math.min(...[...this.#byKey.values()].map(({ againAtMs }) => againAtMs));
  }

  due(nowMs: number): readonly Effect[] {
    return [...this.#byKey.values()].flatMap((table) => (table.againAtMs <= nowMs ? this.#ask(table) : []));
  }

  shutDown(): readonly Effect[] {
    this.#byKey.clear();
    return [];
  }

  #newTable(query: WireQuery, key: string, attrs: Attrs, isOurs: boolean): Table {
    const [etype = '', form] = Object.entries(query)[0] ?? [];
    const options = (form as { readonly $?: { readonly order?: Readonly<Record<string, unknown>> } }).$;
    return {
      key,
      etype,
      query,
      isOurs,
      listeners: new Set(),
      rows: new SyncRows({ etype, order: options?.order, useDates: this.#useDates }, attrs),
      eventId: '',
      subscription: undefined,
      txId: undefined,
      early: [],
      failures: 0,
      againAtMs: Infinity,
    };
  }

  /** From where it is, or from the beginning. */
  #ask(table: Table): readonly Effect[] {
    table.againAtMs = Infinity;
    const { subscription, txId, query } = table;
    if (subscription && txId !== undefined) {
      const { id, token } = subscription;
      const message = { op: 'resync-table', 'client-event-id': id, 'subscription-id': id, 'tx-id': txId, token } as const;
      return [{ do: 'send', message }];
    }
    if (subscription) reset(table);
    table.eventId = this.#random.eventId();
    return [{ do: 'send', message: { op: 'start-sync', 'client-event-id': table.eventId, q: query } }];
  }

  /** Whoever is told of a table that nobody wants any more lets go of it. */
  #started(message: StartSyncOk): readonly Effect[] {
    const { 'subscription-id': id, token } = message;
    const table = [...this.#byKey.values()].find(({ eventId }) => eventId === message['client-event-id']);
    if (table) {
      table.subscription = { id, token };
      table.rows.clear();
      table.failures = 0;
      return [];
    }
    const eventId = this.#random.eventId();
    return [{ do: 'send', message: { op: 'remove-sync', 'client-event-id': eventId, 'subscription-id': id, 'keep-subscription': false } }];
  }

  #loaded(table: Table, txId: number, owner: string): readonly Effect[] {
    table.txId = txId;
    const edits = rowEdits(owner, table.key, idOf(table), table.rows.records());
    return [
      ...store(table, [...edits, this.#stateEdit(table, owner)]),
      ...tellAll(table, { type: 'InitialSyncComplete', data: dataOf(table) }),
      ...this.#changed(table, table.early.splice(0), owner),
    ];
  }

  #changed(table: Table, txes: readonly SyncTx[], owner: string): readonly Effect[] {
    if (table.txId === undefined) {
      table.early.push(...txes);
      return [];
    }
    table.failures = 0;
    const effects: Effect[] = [];
    const rows = new Map<string, Edit>();
    for (const { 'tx-id': txId, changes } of txes) {
      if (txId <= table.txId) continue;
      table.txId = txId;
      const { touched, added, removed, updated } = table.rows.apply(changes);
      for (const [id, triples] of touched) {
        const key = rowKey(owner, table.key, idOf(table), id);
        rows.set(id, triples ? { put: key, value: triples } : { remove: key });
      }
      effects.push(...tellAll(table, { type: 'SyncTransaction', data: dataOf(table), added, removed, updated }));
    }
    if (effects.length === 0) return [];
    return [...store(table, [...rows.values(), this.#stateEdit(table, owner)]), ...effects];
  }

  #stateEdit({ subscription, txId, rows, etype, key }: Table, owner: string): Edit {
    const attrs = [...rows.attrs.namespace(etype).forward.values()].map(({ wire }) => wire);
    return { put: stateKey(owner, key), value: { subscriptionId: subscription?.id, token: subscription?.token, txId, attrs } };
  }

  #forget(table: Table, owner: string): Effect[] {
    const edits = keptEdits(owner, table.key, idOf(table), table.rows.ids());
    reset(table);
    return store(table, edits);
  }

  #putOff(table: Table, againAtMs: number | undefined): boolean {
    if (againAtMs === undefined) return false;
    table.failures += 1;
    table.againAtMs = againAtMs;
    return true;
  }
}

function store({ isOurs }: Table, edits: readonly Edit[]): Effect[] {
  return isOurs ? [{ do: 'store', edits }] : [];
}

function reset(table: Table): void {
  table.subscription = undefined;
  table.txId = undefined;
  table.eventId = '';
  table.early.length = 0;
  table.rows.clear();
}

function idOf({ subscription }: Table): string {
  return subscription?.id ?? '';
}

function dataOf({ etype, rows }: Table): Data {
  return { [etype]: rows.objects };
}

function tell(listener: TableListener, event: TableEvent): Effect {
  return { do: 'call', listener: () => listener(event) };
}

function tellAll({ listeners }: Table, event: TableEvent): Effect[] {
  return [...listeners].map((listener) => tell(listener, event));
}
