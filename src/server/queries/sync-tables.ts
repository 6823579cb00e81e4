// Sync tables: namespaces loaded once, then kept in sync by changes. A subscription outlives its session for a while and can be resumed
// with its token while the changes since then are kept.
// PROTOCOL.md#start-sync

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import type { Db } from '../../db/db.ts';
import { attrTriples } from '../../db/row.ts';
import { isObject } from '../../lib/json.ts';
import type { WireQuery } from '../../protocol/query-messages.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { ResyncTable } from '../../protocol/sync-table-messages.ts';
import { compile } from '../../query/compile.ts';
import { isDue, spend } from '../../query/pass.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';
import { invalid, rejection } from '../errors.ts';
import { StepsQueue } from '../slices.ts';
import { checkQuery } from './query-check.ts';
import { sizeOfLogEntry } from '../storage/entry-size.ts';
import type { LogEntry } from '../storage/storage.ts';
import { type Present, updateSteps } from './table-updates.ts';

/** Rows of one message. */
const batchSize = 100;
/** Maximum number of subscriptions kept without a session. */
const maxDetached = 1000;

/** A subscription's time with one session: a session that resumes it is sent nothing that was under way before. */
interface Attachment {
  readonly subscriber: Subscriber;
}

interface TableSubscription {
  readonly id: string;
  readonly token: string;
  readonly etype: string;
  attachment: Attachment | undefined;
  /** Its initial data has not been sent yet. */
  isLoading: boolean;
}

interface Receiver {
  readonly subscription: TableSubscription;
  readonly attachment: Attachment;
}

/** History kept for resumed subscriptions. */
export interface HistoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

export interface SyncTablesConfig {
  readonly uuid: () => string;
  readonly history: HistoryLimits;
  /** The last transaction so far. */
  readonly txId: number;
  readonly present: Present;
  readonly deliver: (outgoing: readonly Outgoing[]) => void;
  /** The exception of a change that could not be delivered. */
  readonly failed: (error: unknown) => void;
}

export class SyncTables {
  readonly #config: SyncTablesConfig;
  /** Updates on their way, in order. */
  readonly #updates: StepsQueue;
  readonly #byId = new Map<string, TableSubscription>();
  #entries: LogEntry[] = [];
  #bytes = 0;
  /** Changes up to this transaction are no longer kept. */
  #lostUpTo: number;

  constructor(config: SyncTablesConfig) {
    this.#config = config;
    this.#updates = new StepsQueue(config.failed);
    this.#lostUpTo = config.txId;
  }

  count(subscriber: Subscriber): number {
    let count = 0;
    for (const { attachment } of this.#byId.values()) if (attachment?.subscriber === subscriber) count++;
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
    const { uuid } = this.#config;
    const subscription = { id: uuid(), token: uuid(), etype, attachment: { subscriber }, isLoading: true };
    this.#byId.set(subscription.id, subscription);
    return subscription;
  }

  /** A generator for the initial data; yields when the current slice ends. */
  *load(id: string, q: WireQuery, db: Db): Generator<void, ServerMessage[]> {
    const etype = readNamespace(q);
    const attrs = sentOf(etype, db.attrs);
    const { present } = this.#config;
    const load: ServerMessage[] = [];
    for (const some of chunked(rowsOf(q, etype, db))) {
      spend(some.length * (1 + attrs.length));
      const rows = some.map((row) => attrs.flatMap((attr) => attrTriples(row, attr)).map(present));
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
    return subscription?.attachment?.subscriber === subscriber && subscription.isLoading;
  }

  /**
   * The data as of `txId` has been sent: sends what follows, and changes from now on. False if the subscription, or the changes since then,
   * are gone.
   */
  loaded(id: string, subscriber: Subscriber, txId: number, attrs: Attrs): boolean {
    const subscription = this.#byId.get(id);
    if (subscription?.attachment?.subscriber !== subscriber || txId < this.#lostUpTo) return false;
    subscription.isLoading = false;
    this.#config.deliver([{ to: subscriber, message: { op: 'sync-init-finish', 'subscription-id': id, 'tx-id': txId } }]);
    this.#send([subscription], this.#since(txId), attrs);
    return true;
  }

  /** @throws InstantAPIError; the client then starts again */
  resume(subscriber: Subscriber, request: Pick<ResyncTable, 'subscription-id' | 'tx-id' | 'token'>, attrs: Attrs): void {
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
    subscription.attachment = { subscriber };
    this.#send([subscription], this.#since(request['tx-id']), attrs);
  }

  /** `isKept`: it can be resumed. */
  remove(subscriber: Subscriber, id: string, isResumable: boolean): void {
    const subscription = this.#byId.get(id);
    if (subscription?.attachment?.subscriber !== subscriber) return;
    subscription.attachment = undefined;
    if (!isResumable || subscription.isLoading) this.#byId.delete(id);
  }

  forget(subscriber: Subscriber): void {
    for (const subscription of [...this.#byId.values()]) {
      if (subscription.attachment?.subscriber !== subscriber) continue;
      subscription.attachment = undefined;
      if (subscription.isLoading) this.#byId.delete(subscription.id);
    }
    let over = this.#byId.size - maxDetached;
    for (const { id, attachment } of this.#byId.values()) {
      if (over <= 0) return;
      if (!attachment && this.#byId.delete(id)) over--;
    }
  }

  /** Sends these transactions; many changes in slices. */
  committed(entries: readonly LogEntry[], attrs: Attrs): void {
    this.#record(entries);
    this.#send(
      [...this.#byId.values()].filter(({ isLoading }) => !isLoading),
      entries,
      attrs,
    );
  }

  #since(txId: number): LogEntry[] {
    return this.#entries.filter((entry) => entry.txId > txId);
  }

  /** To those who are attached now, and still are when the messages are ready. */
  #send(subscriptions: readonly TableSubscription[], entries: readonly LogEntry[], attrs: Attrs): void {
    const receivers = new Map<string, Receiver[]>();
    for (const subscription of subscriptions) {
      const { etype, attachment } = subscription;
      if (attachment) receivers.set(etype, [...(receivers.get(etype) ?? []), { subscription, attachment }]);
    }
    if (receivers.size > 0 && entries.length > 0) this.#updates.add(this.#sendSteps(receivers, entries, attrs));
  }

  *#sendSteps(all: ReadonlyMap<string, readonly Receiver[]>, entries: readonly LogEntry[], attrs: Attrs): Generator<void, void> {
    const { present, deliver } = this.#config;
    for (const [etype, receivers] of all) {
      const sent = new Set(sentOf(etype, attrs).map(({ id }) => id));
      const updates = yield* updateSteps(entries, sent, present);
      for (const { subscription, attachment } of receivers) {
        if (subscription.attachment !== attachment) continue;
        deliver(updates.messages(subscription.id).map((message) => ({ to: attachment.subscriber, message })));
        if (updates.isLong) yield;
      }
    }
  }

  /** For resumed subscriptions; without any, no history is kept. */
  #record(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += sizeOfLogEntry(entry);
    }
    const { entries: maxEntries, bytes: maxBytes } = this.#config.history;
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
    const subscribers: Subscriber[] = [];
    for (const subscription of this.#byId.values()) {
      if (subscription.attachment) subscribers.push(subscription.attachment.subscriber);
      subscription.attachment = undefined;
    }
    this.#byId.clear();
    return subscribers;
  }
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
