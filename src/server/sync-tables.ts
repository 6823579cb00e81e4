// Namespaces kept in step: loaded whole once, then only what came and went. A subscription outlives its session for a
// while, and can be taken up by whoever has its token, as long as the changes since then are still here.
// PROTOCOL.md#start-sync

import type { Attrs, KnownAttr } from '../db/attrs.ts';
import type { Row } from '../db/row.ts';
import type { Store } from '../db/store.ts';
import { attrTriples } from '../db/triples.ts';
import { isObject } from '../protocol/check.ts';
import type { WireQuery } from '../protocol/query-messages.ts';
import type { ServerMessage, SyncTx } from '../protocol/server-message.ts';
import type { ResyncTable } from '../protocol/sync-table-messages.ts';
import type { Triple } from '../protocol/triple.ts';
import { compile } from '../query/compile.ts';
import type { Letter, Listener } from './listener.ts';
import { denied, invalid, refusal } from './refusal.ts';
import type { LogEntry } from './storage.ts';

/** How much goes into one message. */
const batchSize = 100;
/** Subscriptions that are kept though nobody listens. */
const mostKept = 1000;

interface Subscription {
  readonly id: string;
  readonly token: string;
  readonly etype: string;
  listener: Listener | undefined;
}

type Present = (triple: Triple) => Triple;

export class SyncTables {
  readonly #uuid: () => string;
  readonly #present: Present;
  readonly #history: number;
  readonly #byId = new Map<string, Subscription>();
  #entries: LogEntry[] = [];
  /** Changes up to this transaction are not here any more. */
  #lostUpTo: number;

  /** `present`: a triple as it is sent. */
  constructor(uuid: () => string, history: number, txId: number, present: Present = (triple) => triple) {
    this.#present = present;
    this.#uuid = uuid;
    this.#history = history;
    this.#lostUpTo = txId;
  }

  count(listener: Listener): number {
    let count = 0;
    for (const subscription of this.#byId.values()) if (subscription.listener === listener) count++;
    return count;
  }

  /** @throws InstantAPIError */
  start(
    listener: Listener,
    q: WireQuery,
    db: Store,
    txId: number,
  ): { readonly id: string; readonly token: string; readonly load: ServerMessage[] } {
    if (!listener.actor.isAdmin) throw denied('start-sync', 'only admins may keep a namespace in step');
    const etype = readNamespace(q);
    const rows = rowsOf(q, etype, db);
    const subscription: Subscription = { id: this.#uuid(), token: this.#uuid(), etype, listener };
    this.#byId.set(subscription.id, subscription);
    const { id, token } = subscription;
    const attrs = sentOf(etype, db.attrs);
    const load: ServerMessage[] = chunked(rows).map((some) => ({
      op: 'sync-load-batch',
      'subscription-id': id,
      'join-rows': some.map((row) => attrs.flatMap((attr) => attrTriples(row, attr)).map(this.#present)),
    }));
    return { id, token, load: [...load, { op: 'sync-init-finish', 'subscription-id': id, 'tx-id': txId }] };
  }

  /** @throws InstantAPIError; the client then starts anew */
  resume(listener: Listener, asked: Pick<ResyncTable, 'subscription-id' | 'tx-id' | 'token'>, attrs: Attrs): ServerMessage[] {
    const subscription = this.#byId.get(asked['subscription-id']);
    if (!subscription)
      throw refusal('record-not-found', 'Record not found: subscription', {
        'record-type': 'subscription',
        args: [asked['subscription-id']],
      });
    if (subscription.token !== asked.token)
      throw invalid('subscription', asked['subscription-id'], [{ message: 'the token is not its own' }]);
    if (!listener.actor.isAdmin) throw invalid('subscription', asked['subscription-id'], [{ message: 'it was made by an admin' }]);
    if (asked['tx-id'] < this.#lostUpTo)
      throw invalid('subscription', asked['subscription-id'], [{ message: 'the changes since then are gone' }]);
    subscription.listener = listener;
    return updates(
      subscription,
      this.#entries.filter(({ txId }) => txId > asked['tx-id']),
      attrs,
      this.#present,
    );
  }

  /** `isKept`: it can be taken up again. */
  remove(listener: Listener, id: string, isKept: boolean): void {
    const subscription = this.#byId.get(id);
    if (subscription?.listener !== listener) return;
    if (isKept) subscription.listener = undefined;
    else this.#byId.delete(id);
  }

  forget(listener: Listener): void {
    for (const subscription of this.#byId.values()) if (subscription.listener === listener) subscription.listener = undefined;
    let over = this.#byId.size - mostKept;
    for (const { id, listener: held } of this.#byId.values()) {
      if (over <= 0) return;
      if (!held && this.#byId.delete(id)) over--;
    }
  }

  /** What is to be said after these transactions. */
  committed(entries: readonly LogEntry[], attrs: Attrs): Letter[] {
    for (const entry of entries) this.#entries.push(entry);
    if (this.#entries.length > 2 * this.#history) {
      const lost = this.#entries.splice(0, this.#entries.length - this.#history);
      this.#lostUpTo = lost.at(-1)?.txId ?? this.#lostUpTo;
    }
    return [...this.#byId.values()].flatMap((subscription) => {
      const { listener } = subscription;
      return listener ? updates(subscription, entries, attrs, this.#present).map((message) => ({ to: listener, message })) : [];
    });
  }

  /** Everything is as it is, but how it came to be is not known. */
  reloaded(txId: number): void {
    this.#entries = [];
    this.#lostUpTo = txId + 1;
    this.#byId.clear();
  }
}

function updates({ id, etype }: Subscription, entries: readonly LogEntry[], attrs: Attrs, present: Present): ServerMessage[] {
  const sent = new Set(sentOf(etype, attrs).map((attr) => attr.id));
  const txes: SyncTx[] = [];
  for (const { txId, changes } of entries) {
    const own = changes
      .filter(({ triple }) => sent.has(triple[1]))
      .map(({ action, triple }) => ({ action, triple: present(triple) }));
    if (own.length > 0) txes.push({ 'tx-id': txId, changes: own });
  }
  return chunked(txes).map((some) => ({ op: 'sync-update-triples', 'subscription-id': id, txes: some }));
}

/** All attrs of which an entity has one. */
function sentOf(etype: string, attrs: Attrs): KnownAttr[] {
  return [...attrs.namespace(etype).forward.values()].filter((attr) => !attr.isMany);
}

function readNamespace(q: WireQuery): string {
  const [etype, ...others] = Object.keys(q);
  const form = etype === undefined ? undefined : q[etype];
  if (etype === undefined || others.length > 0 || !isObject(form))
    throw invalid('start-sync', q, [{ message: 'one namespace, and no more' }]);
  if (Object.keys(form).some((key) => key !== '$')) throw invalid('start-sync', q, [{ message: 'no links', in: [etype] }]);
  const options = form.$ ?? {};
  if (!isObject(options) || Object.keys(options).some((name) => name !== 'order')) {
    throw invalid('start-sync', q, [{ message: 'no option but order', in: [etype, '$'] }]);
  }
  return etype;
}

function rowsOf(q: WireQuery, etype: string, db: Store): Row[] {
  const [form] = compile(q, db.attrs).forms;
  const idAttr = db.attrs.idAttr(etype);
  const rows = [...db.rows(etype)].filter((row) => row.exists(idAttr));
  return form ? rows.sort((a, b) => form.order.compare(a, b)) : rows;
}

function chunked<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += batchSize) chunks.push(items.slice(at, at + batchSize));
  return chunks;
}
