// Accepts writes. An accepted write is stored, and sent in order once it is stored and a session is open.

import { InstantAPIError, type TriplaneError } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { Transact } from '../../protocol/transact-messages.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import { expandChunks } from '../../transact/expand.ts';
import { validateTransaction } from '../../transact/operation.ts';
import type { ClientContext } from '../context.ts';
import { type Effect, onward } from '../effect.ts';
import { transactionLimitError } from '../limits.ts';
import { writeSetOf } from './write-set.ts';
import { acknowledgeElsewhere, rebaseLoaded } from './acknowledge.ts';
import { envOf } from '../state.ts';
import { receiptsKey } from './receipts.ts';
import { asError, disabledError, outboxFullError, readOnlyError } from '../client-errors.ts';
import type { WritePromise } from './write-promise.ts';
import {
  guestPrefix,
  putMutation,
  readMutation,
  removeMutation,
  type Mutation,
  mutationPrefix,
  mutationRecord,
  mutationRecordKey,
} from './mutation.ts';

/** Maximum number of writes per request: each is sent completely. */
const mostAsked = 100;

interface StoredMutations {
  readonly records: readonly Mutation[];
  readonly rejected: readonly Mutation[];
  readonly receipts: unknown;
  /** Gives the user the records of guests. */
  readonly moves: readonly KeyValueOp[];
}

export class MutationApi {
  readonly #context: ClientContext;
  /** Made in another tab, which notifies its user of the outcome. */
  readonly fromOtherTabs = new Set<string>();
  /** How many of those who must come before any write is sent are at work. */
  #holds = 0;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Resolves and rejects as `transact` does. @throws TransactionValidationError, TriplaneError 'closed' */
  transact(chunks: unknown, signal?: AbortSignal): WritePromise {
    this.#context.assertOpen();
    this.check(chunks);
    return this.write(() => this.expand(chunks), signal);
  }

  check(chunks: unknown): void {
    const { validate, schema } = this.#context.config;
    if (!validate) return;
    validateTransaction(chunks, schema);
  }

  /** The same for steps. Errors while building them reject the promise. */
  write(make: () => readonly Step[], signal?: AbortSignal): WritePromise {
    this.#context.assertOpen();
    const { config, pendingCalls, isReady } = this.#context;
    const eventId = config.random.uuid();
    const deferred = pendingCalls.write(eventId, !isReady);
    deferred.linkSignal(signal, () => this.#cancel(eventId));
    try {
      if (!signal?.aborted) this.#add(eventId, make);
    } catch (error) {
      this.settle(eventId, asError(error));
    }
    return deferred.promise;
  }

  expand(chunks: unknown): Step[] {
    const { config, state } = this.#context;
    return expandChunks(chunks, {
      attrs: state.catalog.withPending(state.outbox.pendingAttrs()),
      schema: config.schema,
      id: () => config.random.uuid(),
      isVisible: (etype, e) => state.queries.showsEntity(etype, e),
      isPendingCreate: (id) => state.outbox.isCreating(id),
      useDates: config.useDates,
    });
  }

  /** The writes that may be sent now, in order; each stays in the outbox until it is answered. */
  dequeue(): Transact[] {
    const { config, state, isReady, isLeader } = this.#context;
    // Also while nothing may be sent: an expired deadline must not fire repeatedly.
    const nowMs = config.clock.monotonicNow();
    state.outbox.retries.onDeadline(nowMs);
    if (!isReady || !state.session.isWritable || !isLeader || this.#holds > 0) return [];
    return state.outbox.dequeue().map((message) => state.receipts.cover(message, state.catalog.known, config.random, config.clock.now()));
  }

  /** These writes are stored, or as durable as the store allows. */
  onPersisted(edits: readonly KeyValueOp[]): void {
    const { state, pendingCalls, account } = this.#context;
    for (const edit of edits) {
      if ('put' in edit && edit.put === receiptsKey(state.session.owner)) state.receipts.onPersisted(edit.value);
      if (!('put' in edit) || !edit.put.startsWith('write/')) continue;
      const eventId = edit.put.slice(edit.put.lastIndexOf('/') + 1);
      // Of a user who has signed out here meanwhile, and perhaps nowhere else.
      const left = edit.put.startsWith(mutationPrefix(state.session.owner)) ? undefined : readMutation(edit.value);
      const isLeft = left?.state === 'pending';
      if (state.outbox.markPersisted(eventId) || isLeft)
        this.#context.run([{ do: 'tell', message: { type: 'write', record: edit.value } }]);
      if (isLeft) void account.inheritWrite(left.owner);
      pendingCalls.writes.get(eventId)?.markPersisted();
    }
    this.#context.run([{ do: 'flush' }]);
  }

  /** Reports a rejection that no promise delivers, so that it is not lost. */
  settle(eventId: string, error: TriplaneError | undefined): void {
    const { pendingCalls } = this.#context;
    const isHandled = pendingCalls.writes.get(eventId)?.settle(error) ?? this.fromOtherTabs.has(eventId);
    this.fromOtherTabs.delete(eventId);
    if (error && !isHandled) this.#context.report(error);
  }

  /** Drops writes that every result contains. */
  prune(): void {
    const { outbox, queries } = this.#context.state;
    const included = queries.drainIncluded();
    if (included.length === 0) return;
    const writes = included.flatMap((eventId) => outbox.get(eventId) ?? []);
    for (const { eventId } of writes) outbox.remove(eventId);
    this.#context.run([
      { do: 'release', writes },
      { do: 'announce', what: 'outbox' },
    ]);
  }

  /** Applies the stored writes of the session's user. They may be earlier than those that are here. */
  load(): Promise<void> {
    return this.hold(() => this.#load());
  }

  /** Nothing is sent until this is done. */
  async hold(work: () => Promise<void>): Promise<void> {
    this.#holds++;
    try {
      await work();
    } finally {
      this.#holds--;
      if (this.#context.state.outbox.size > 0) this.#context.run([{ do: 'flush' }]);
    }
  }

  async #load(): Promise<void> {
    const { outbox, rejections, session } = this.#context.state;
    const { owner } = session;
    const before = new Set(rejections.keys());
    const { end } = outbox.settled.remember();
    const stored = await this.#read(owner).finally(end);
    // Another user signed in while the store was being read: these mutations belong to the previous one.
    if (session.owner !== owner) return;
    this.#apply(stored, before);
    this.askLeader();
  }

  async #read(owner: string): Promise<StoredMutations> {
    const { config, state } = this.#context;
    const guests = (await config.store.list(guestPrefix(owner))).map(([, guest]) => String(guest));
    const moves: KeyValueOp[] = [];
    const list = async (kind: 'write' | 'rejected'): Promise<Mutation[]> => {
      const lists = await Promise.all([...new Set([owner, ...guests])].map((of) => config.store.list(mutationPrefix(of, kind))));
      return lists.flat().flatMap(([key, value]) => {
        const record = readMutation(value);
        if (!record || record.owner === owner) return record ?? [];
        const moved = { ...record, owner };
        moves.push({ remove: key }, putMutation(moved));
        return moved;
      });
    };
    // First: it may name only writes that are read as confirmed, or a write would be sent that deletes its own receipt.
    const receipts = state.receipts.isOff ? undefined : await config.store.get(receiptsKey(owner));
    return { receipts, records: await list('write'), rejected: await list('rejected'), moves };
  }

  /** @param before the rejected writes that were listed before the store was read */
  #apply({ records, rejected, receipts, moves }: StoredMutations, before: ReadonlySet<string>): void {
    const { outbox, queries, rejections, receipts: own } = this.#context.state;
    const { settled } = outbox;
    const rejectedIds = new Set(rejected.map(({ eventId }) => eventId));
    const current: Mutation[] = [];
    // What the tab that settled these writes has not stored, or another has stored once more since.
    const corrections: KeyValueOp[] = [];
    for (const record of records) {
      const write = rejectedIds.has(record.eventId) ? undefined : settled.apply(record);
      if (write !== record) corrections.push(write ? putMutation(write) : removeMutation(record));
      if (write && !rejections.has(record.eventId)) current.push(write);
    }
    this.#confirm(current);
    const added = outbox.load(rebaseLoaded(this.#context.state, current));
    for (const { eventId, claimed } of added) if (claimed) own.resumeClaim(eventId, new InstantAPIError(claimed));
    const isDiscarded = (eventId: string): boolean => before.has(eventId) || (settled.has(eventId) && !settled.isRejected(eventId));
    for (const rejection of rejected) {
      const { eventId } = rejection;
      if (rejections.has(eventId) || !isDiscarded(eventId)) rejections.set(eventId, rejection);
    }
    own.load(receipts);
    for (const { steps } of rejections.values()) outbox.block(writeSetOf(steps));
    const asStored = new Set(current);
    const shown: readonly Effect[] =
      added.length > 0 ? [...queries.rewrite(outbox.unblocked()), ...onward] : [{ do: 'announce', what: 'outbox' }];
    this.#context.run([
      { do: 'rewrite', edits: [...moves, ...added.filter((write) => !asStored.has(write)).map(putMutation)] },
      { do: 'store', edits: corrections },
      ...shown,
    ]);
  }

  /** The tab that was told of these confirmations may have been closed before it told of them here. */
  #confirm(stored: readonly Mutation[]): void {
    const { state, config } = this.#context;
    for (const { eventId, txId, isn } of stored)
      if (txId !== undefined) this.#context.run(acknowledgeElsewhere(state, eventId, { txId, isn }, envOf(config)));
  }

  /** Asks for the outcome of the first waiting writes: this tab may have read them before their outcome was stored, and after it was announced. */
  askLeader(): void {
    const { state, isLeader } = this.#context;
    if (isLeader) return;
    const open = [...state.rejections.values(), ...state.outbox.list().filter((write) => write.state === 'pending')];
    const records = open.slice(0, mostAsked).map(mutationRecord);
    if (records.length > 0) this.#context.run([{ do: 'tell', message: { type: 'waiting', records } }]);
  }

  /** Assigns writes made before the user was known. */
  assignOwner(): void {
    const { outbox, queries, session } = this.#context.state;
    const ownerless = outbox.list().filter(({ state }) => state === 'persisting');
    const assigned = ownerless.map((write) => outbox.add({ ...write, owner: session.owner }));
    this.#context.run([...queries.rewrite(assigned), { do: 'store', edits: assigned.map(putMutation) }]);
  }

  /** Removes a write as if it had never been made. Not possible once it is being stored, or if a later write depends on it. */
  #cancel(eventId: string): boolean {
    const { state, account } = this.#context;
    const { outbox, queries } = state;
    const write = outbox.get(eventId);
    if (!write) return true;
    if (write.state !== 'persisting' || outbox.hasDependents(write)) return false;
    if (account.isLoaded && !this.#context.cancelPersist(mutationRecordKey(write))) return false;
    outbox.remove(eventId);
    this.#context.run([...queries.reject(eventId), ...onward]);
    return true;
  }

  #add(eventId: string, make: () => readonly Step[]): void {
    const { config, state, account, isLeader } = this.#context;
    const { session, outbox, queries } = state;
    if (!session.isWritable) throw session.appStatus === 'disabled' ? disabledError() : readOnlyError();
    if (outbox.size >= config.outboxLimit) throw outboxFullError(config.outboxLimit);
    const steps = make();
    const createdMs = config.clock.now();
    const tooLarge = transactionLimitError(steps, eventId, createdMs, session.limits);
    if (tooLarge) throw tooLarge;
    // The tab that sends may have done so before this one takes over.
    const write = outbox.add({ eventId, owner: session.owner, steps, createdMs, sends: isLeader ? 0 : 1 });
    this.#context.run([
      ...queries.add(write),
      { do: 'store', edits: account.isLoaded ? [putMutation(write)] : [] },
      { do: 'announce', what: 'outbox' },
    ]);
  }
}
