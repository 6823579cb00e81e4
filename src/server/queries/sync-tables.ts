// Sync tables: namespaces loaded once, then kept in sync by changes. A subscription outlives its session for a while and can be resumed
// with its token while the changes since then are kept.
// PROTOCOL.md#start-sync

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import type { Db } from '../../db/db.ts';
import { attrTriples } from '../../db/row.ts';
import { isObject } from '../../lib/json.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import type { ServerMessage, SyncTx } from '../../protocol/server-message.ts';
import type { ResyncTable } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import { compile } from '../../query/compile.ts';
import { isDue, spend } from '../../query/pass.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { invalid, rejection } from '../errors.ts';
import { checkQuery } from './query-check.ts';
import { sizeOfLogEntry } from '../storage/entry-size.ts';
import type { LogEntry } from '../storage/storage.ts';

/** Size of one message. */
const batchSize = 100;
/** Maximum number of subscriptions kept without a session. */
const maxDetached = 1000;

interface TableSubscription {
  readonly id: string;
  readonly token: string;
  readonly etype: string;
  subscriber: Subscriber | undefined;
  /** Its initial data has not been sent yet. */
  isLoading: boolean;
}

/** History kept for resumed subscriptions. */
export interface HistoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

type Present = (triple: Triple) => Triple;

export class SyncTables {
  readonly #uuid: () => string;
  readonly #present: Present;
  readonly #history: HistoryLimits;
  readonly #byId = new Map<string, TableSubscription>();
  #entries: LogEntry[] = [];
  #bytes = 0;
  /** Changes up to this transaction are no longer kept. */
  #lostUpTo: number;

  /** `present`: a triple in wire form. */
  constructor(uuid: () => string, history: HistoryLimits, txId: number, present: Present = (triple) => triple) {
    this.#present = present;
    this.#uuid = uuid;
    this.#history = history;
    this.#lostUpTo = txId;
  }

  count(subscriber: Subscriber): number {
    let count = 0;
    for (const subscription of this.#byId.values()) if (subscription.subscriber === subscriber) count++;
    return count;
  }

  /**
   * Starts a subscription; call `load` and `loaded` next.
   *
   * @throws InstantAPIError
   */
  start(subscriber: Subscriber, q: WireQuery, attrs: Attrs): { readonly id: string; readonly token: string } {
    const { actor } = subscriber;
    if (!actor.isAdmin) throw invalid('start-sync', { q }, [{ message: 'only admins may keep a namespace in sync' }]);
    const etype = readNamespace(q);
    checkQuery(q, attrs, actor);
    if (attrs.namespace(etype).forward.size === 0)
      throw invalid('query', q, [{ in: [etype], message: `there is no namespace '${etype}'` }]);
    const subscription = { id: this.#uuid(), token: this.#uuid(), etype, subscriber, isLoading: true };
    this.#byId.set(subscription.id, subscription);
    return subscription;
  }

  /** A generator for the initial data; yields when the current slice ends. */
  *load(id: string, q: WireQuery, db: Db): Generator<void, ServerMessage[]> {
    const etype = readNamespace(q);
    const attrs = sentOf(etype, db.attrs);
    const load: ServerMessage[] = [];
    for (const some of chunked(rowsOf(q, etype, db))) {
      spend(some.length * (1 + attrs.length));
      const rows = some.map((row) => attrs.flatMap((attr) => attrTriples(row, attr)).map(this.#present));
      load.push({ op: 'sync-load-batch', 'subscription-id': id, 'join-rows': rows });
      if (!isDue()) continue;
      yield;
      // Nobody waits for the rest.
      if (!this.#byId.has(id)) break;
    }
    return load;
  }

  /** Whether the subscription waits for its initial data. */
  isLoading(id: string, subscriber: Subscriber): boolean {
    const subscription = this.#byId.get(id);
    return subscription?.subscriber === subscriber && subscription.isLoading;
  }

  /**
   * Messages that follow the data as of `txId`; from now on changes are sent. Undefined if the subscription, or the changes since then, are
   * gone.
   */
  loaded(id: string, subscriber: Subscriber, txId: number, attrs: Attrs): ServerMessage[] | undefined {
    const subscription = this.#byId.get(id);
    if (subscription?.subscriber !== subscriber || txId < this.#lostUpTo) return undefined;
    subscription.isLoading = false;
    const since = this.#entries.filter((entry) => entry.txId > txId);
    const finish: ServerMessage = { op: 'sync-init-finish', 'subscription-id': id, 'tx-id': txId };
    return [finish, ...updates(subscription, since, attrs, this.#present)];
  }

  /** @throws InstantAPIError; the client then starts again */
  resume(subscriber: Subscriber, request: Pick<ResyncTable, 'subscription-id' | 'tx-id' | 'token'>, attrs: Attrs): ServerMessage[] {
    const subscription = this.#byId.get(request['subscription-id']);
    if (!subscription)
      throw rejection('record-not-found', 'Record not found: subscription', {
        'record-type': 'subscription',
        args: [request['subscription-id']],
      });
    if (subscription.token !== request.token)
      throw invalid('subscription', request['subscription-id'], [{ message: 'the token is not its own' }]);
    if (!subscriber.actor.isAdmin) throw invalid('subscription', request['subscription-id'], [{ message: 'it was made by an admin' }]);
    if (request['tx-id'] < this.#lostUpTo)
      throw invalid('subscription', request['subscription-id'], [{ message: 'the changes since then are gone' }]);
    subscription.subscriber = subscriber;
    return updates(
      subscription,
      this.#entries.filter(({ txId }) => txId > request['tx-id']),
      attrs,
      this.#present,
    );
  }

  /** `isKept`: it can be resumed. */
  remove(subscriber: Subscriber, id: string, isResumable: boolean): void {
    const subscription = this.#byId.get(id);
    if (subscription?.subscriber !== subscriber) return;
    if (isResumable && !subscription.isLoading) subscription.subscriber = undefined;
    else this.#byId.delete(id);
  }

  forget(subscriber: Subscriber): void {
    for (const subscription of [...this.#byId.values()]) {
      if (subscription.subscriber !== subscriber) continue;
      subscription.subscriber = undefined;
      if (subscription.isLoading) this.#byId.delete(subscription.id);
    }
    let over = this.#byId.size - maxDetached;
    for (const { id, subscriber: attached } of this.#byId.values()) {
      if (over <= 0) return;
      if (!attached && this.#byId.delete(id)) over--;
    }
  }

  /** The messages to send after these transactions. */
  committed(entries: readonly LogEntry[], attrs: Attrs): Outgoing[] {
    this.#record(entries);
    return [...this.#byId.values()].flatMap((subscription) => {
      const { subscriber } = subscription;
      return subscriber && !subscription.isLoading
        ? updates(subscription, entries, attrs, this.#present).map((message) => ({ to: subscriber, message }))
        : [];
    });
  }

  /** For resumed subscriptions; without any, no history is kept. */
  #record(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += sizeOfLogEntry(entry);
    }
    const { entries: maxEntries, bytes: maxBytes } = this.#history;
    const isOver = this.#entries.length > 2 * maxEntries || this.#bytes > 2 * maxBytes;
    if (this.#byId.size > 0 && !isOver) return;
    const isNeeded = this.#byId.size > 0;
    let at = 0;
    while (at < this.#entries.length && (!isNeeded || this.#entries.length - at > maxEntries || this.#bytes > maxBytes)) {
      const entry = this.#entries[at++] as LogEntry;
      this.#bytes -= sizeOfLogEntry(entry);
      this.#lostUpTo = entry.txId;
    }
    this.#entries.splice(0, at);
  }

  /** The history of the data is unknown. Returns the sessions whose tables cannot be kept in sync. */
  reloaded(txId: number): readonly Subscriber[] {
    this.#entries = [];
    this.#bytes = 0;
    this.#lostUpTo = txId + 1;
    const subscribers = [...this.#byId.values()].flatMap(({ subscriber }) => subscriber ?? []);
    this.#byId.clear();
    return subscribers;
  }
}

function updates({ id, etype }: TableSubscription, entries: readonly LogEntry[], attrs: Attrs, present: Present): ServerMessage[] {
  const sent = new Set(sentOf(etype, attrs).map((attr) => attr.id));
  const txes: SyncTx[] = [];
  for (const { txId, changes } of entries) {
    const own = changes.filter(({ triple }) => sent.has(triple[1])).map(({ action, triple }) => ({ action, triple: present(triple) }));
    if (own.length > 0) txes.push({ 'tx-id': txId, changes: own });
  }
  return chunked(txes).map((some) => ({ op: 'sync-update-triples', 'subscription-id': id, txes: some }));
}

/** All has-one attrs. */
function sentOf(etype: string, attrs: Attrs): KnownAttr[] {
  return [...attrs.namespace(etype).forward.values()].filter((attr) => !attr.isMany);
}

function readNamespace(q: WireQuery): string {
  const [etype, ...others] = Object.keys(q);
  const node = etype === undefined ? undefined : q[etype];
  if (etype === undefined || others.length > 0 || !isObject(node))
    throw invalid('start-sync', q, [{ message: 'one namespace, and no more' }]);
  if (Object.keys(node).some((key) => key !== '$')) throw invalid('start-sync', q, [{ message: 'no links', in: [etype] }]);
  const options = node.$ ?? {};
  if (!isObject(options) || Object.keys(options).some((name) => name !== 'order')) {
    throw invalid('start-sync', q, [{ message: 'no option but order', in: [etype, '$'] }]);
  }
  return etype;
}

function rowsOf(q: WireQuery, etype: string, db: Db): Row[] {
  const [node] = compile(q, db.attrs).nodes;
  const idAttr = db.attrs.idAttr(etype);
  spend(db.size(etype));
  const rows = [...db.rows(etype)].filter((row) => row.exists(idAttr));
  return node ? rows.sort((a, b) => node.order.compare(a, b)) : rows;
}

function chunked<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += batchSize) chunks.push(items.slice(at, at + batchSize));
  return chunks;
}
