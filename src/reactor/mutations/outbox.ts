// The outbox: the user's writes in order, from the call of `transact` until every live query's result includes them. A write leaves the
// outbox only then, or when the server rejects it, or when the app discards it. No timer, sign-out or lost connection removes one.
//
//   persisting ──▶ pending ──▶ inflight ──▶ acknowledged ──▶ (removed)
//                   │ ▲         │ │
//                   │ └─────────┘ └──▶ (rejected): kept among the rejections until the app retries or discards it
//                   ▼
//                blocked: depends on an entity whose creation was rejected
//
// Sends and stores nothing itself: it returns what to send and store.

import type { InstantAPIError } from '../../errors.ts';
import type { Step, Transact } from '../../protocol/transact-messages.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { Renames } from '../../transact/rebase.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { ContestedAttrs } from './contested-attrs.ts';
import { Makers } from './makers.ts';
import { isUnsent, putMutation, removeMutation, type Mutation, type NewMutation } from './mutation.ts';
import { PendingAttrs } from './pending-attrs.ts';
import { type Outcome, SettledWrites } from './settled-writes.ts';
import { Footprint, Retries } from './retries.ts';
import type { TxPosition } from '../tx-position.ts';
import { dependentsIn, dependsOn, type Missing, writeSetOf } from './write-set.ts';

/** Returns the rewritten steps; the same array if nothing changes. */
type RewriteSteps = (steps: readonly Step[]) => readonly Step[];

export class Outbox {
  /** Attrs that this client created under another id than the server has. */
  readonly renames: Renames = new Map();
  readonly #writes = new Map<string, Mutation>();
  /** The unsent writes, in order. Undefined until computed again. */
  #unsent: Map<string, Mutation> | undefined;
  readonly #pendingAttrs = new PendingAttrs();
  readonly #makers = new Makers();
  readonly #contested = new ContestedAttrs();
  readonly #waitingForAttrs = new Set<string>();
  /** The writes that may still be applied, in order. */
  readonly #waiting = new Set<string>();
  /** Writes that failed while later ones may have been applied. */
  readonly #retrying = new Set<string>();
  readonly retries = new Retries();
  readonly settled = new SettledWrites();
  /** The steps as last sent. */
  readonly #sentSteps = new Map<string, readonly Step[]>();
  /** Of all writes so far. */
  lastOrder = 0;

  get size(): number {
    return this.#writes.size;
  }

  get(eventId: string): Mutation | undefined {
    return this.#writes.get(eventId);
  }

  /** All writes, in order. */
  list(): Mutation[] {
    return [...this.#writes.values()];
  }

  /** All writes that are not blocked, in order. */
  unblocked(): Mutation[] {
    return this.list().filter(({ state }) => state !== 'blocked');
  }

  /** The attrs that writes create which the server has not confirmed. The same array while nothing changes. */
  pendingAttrs(): readonly WireAttr[] {
    return this.#pendingAttrs.list();
  }

  /** Whether an unconfirmed write creates this entity. */
  isCreating(id: string): boolean {
    return this.#makers.isCreating(id);
  }

  /** Adds a write after all others, replacing one with the same event id. */
  add({ eventId, owner, steps, createdMs, sends = 0 }: NewMutation): Mutation {
    this.#forget(eventId);
    this.settled.delete(eventId);
    // By the clock, so that writes of earlier sessions come before those of this one.
    this.lastOrder = Math.max(this.lastOrder + 1, createdMs);
    return this.#put({ eventId, owner, order: this.lastOrder, steps, createdMs, state: 'persisting', sends });
  }

  /** The user changes. Stored writes of the previous user stay in the store until that user signs in again. */
  detach(): void {
    for (const eventId of this.#writes.keys()) this.#forget(eventId);
    this.#waitingForAttrs.clear();
  }

  /** The write is stored and may be sent. Returns whether its state changed. */
  markPersisted(eventId: string): boolean {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'persisting') return false;
    this.#put({ ...write, state: 'pending' });
    return true;
  }

  /** Adds stored writes of an earlier session or another tab, in order. Returns those that are new. */
  load(writes: readonly Mutation[]): Mutation[] {
    const added = writes.filter(({ eventId }) => !this.#writes.has(eventId));
    const isBefore = added.some(({ order }) => order <= this.lastOrder);
    const all = [...added, ...(isBefore ? this.list() : [])].sort((a, b) => a.order - b.order);
    if (isBefore) [this.#writes, this.#waiting].forEach((writes) => writes.clear());
    if (isBefore) this.#unsent = undefined;
    for (const write of all) this.lastOrder = Math.max(this.lastOrder, this.#put(write).order);
    return added;
  }

  /** Returns the writes to send now, in order, and marks them as inflight. Call `retries.onDeadline` before. */
  dequeue(): Transact[] {
    if (this.retries.isPaused()) return [];
    this.#unsent ??= new Map([...this.#writes].filter(([, write]) => isUnsent(write)));
    const messages: Transact[] = [];
    const held = new Footprint();
    const sent = this.#retrying.size > 0 ? this.#sentFootprint() : undefined;
    for (const write of this.#unsent.values()) {
      if (write.state === 'persisting') break; // later writes wait, to keep the order
      const maker = this.#unconfirmedMaker(write);
      if (this.#waitingForAttrs.has(write.eventId) || this.#isHeld(write, held, sent) || (maker && this.#retrying.has(maker))) {
        held.add(write);
        continue;
      }
      if (maker) break;
      this.#retrying.delete(write.eventId);
      this.#sentSteps.set(write.eventId, write.steps);
      this.#contested.onSend(write);
      this.#put({ ...write, state: 'inflight', sends: write.sends + 1 });
      const { eventId, steps, createdMs, order } = write;
      messages.push({ op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: createdMs, order });
    }
    return messages;
  }

  /** Disconnected: inflight writes may have been applied or not, and are sent again under the same event id. */
  onDisconnect(): void {
    for (const write of this.#writes.values()) {
      if (write.state === 'inflight') this.#put({ ...write, state: 'pending' });
    }
    this.retries.onDisconnect();
    this.#waitingForAttrs.clear();
    this.#retrying.clear();
  }

  /** Schedules a retry. All later writes wait if `holdsAll`, otherwise those to the same entities. */
  postpone(eventId: string, atMs: number, holdsAll: boolean): void {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return;
    this.#put({ ...write, state: 'pending' });
    this.#retrying.add(eventId);
    if (holdsAll) this.retries.pauseAll(atMs);
    else this.retries.pause(eventId, atMs);
  }

  /** The steps that a response refers to: those as sent, which may have been rewritten since. */
  sentSteps({ eventId, steps }: Mutation): readonly Step[] {
    return this.#sentSteps.get(eventId) ?? steps;
  }

  acknowledge(eventId: string, { txId, isn }: TxPosition): Mutation | undefined {
    const write = this.#writes.get(eventId);
    if (!write || write.state === 'acknowledged') return undefined;
    this.retries.countConfirmed();
    this.#contested.confirm(this.sentSteps(write));
    return this.#put({ ...write, state: 'acknowledged', txId, isn });
  }

  /** The client asks the server whether the rejected write was applied before. */
  markClaimed(eventId: string, { body, status }: Pick<InstantAPIError, 'body' | 'status'>): KeyValueOp[] {
    const write = this.#writes.get(eventId);
    return write ? [putMutation(this.#put({ ...write, claimed: { body, status } }))] : [];
  }

  /**
   * Acknowledges a write before earlier ones, and drops from those the steps it supersedes. The server may have failed at them already
   * without the client knowing. Returns the changed writes.
   */
  supersede({ order }: Mutation, rewrite: RewriteSteps): Mutation[] {
    const earlier: Mutation[] = [];
    for (const eventId of this.#waiting) {
      const write = this.#writes.get(eventId);
      if (!write || write.order >= order) break;
      if (write.state !== 'persisting') earlier.push(write);
    }
    return this.#rewrite(earlier, rewrite);
  }

  /** Every result includes the write. */
  remove(eventId: string): KeyValueOp[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? [removeMutation(write)] : [];
  }

  /** Whether a later write depends on an attr or entity that this one creates. */
  hasDependents({ eventId, order, steps }: Mutation): boolean {
    const made = writeSetOf(steps);
    return this.list().some((other) => other.order > order && (this.#pendingAttrs.isCreator(eventId) || dependsOn(other.steps, made)));
  }

  /** Removes a rejected write. Blocks the writes that depend on entities it creates, and returns them. */
  reject(eventId: string): Mutation[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId, 'rejected');
    return write ? this.block(writeSetOf(write.steps)) : [];
  }

  /** Blocks the writes that depend on one of these entities, directly or through another such write. Returns them. */
  block(missing: Missing): Mutation[] {
    return this.dependentsOf(missing, ({ state }) => state !== 'acknowledged')
      .filter(({ state }) => state !== 'inflight') // the server will reject it
      .map((write) => this.#put({ ...write, state: 'blocked' }));
  }

  /** The candidates that depend on one of these entities, directly or through another candidate. */
  dependentsOf(missing: Missing, isCandidate: (write: Mutation) => boolean): Mutation[] {
    return dependentsIn(this.list(), missing, isCandidate);
  }

  /**
   * Rewrites all writes for a newer attr catalog. Returns the changed ones. Includes acknowledged writes: another tab may have sent them with
   * other steps than are stored here.
   */
  rebase(rewrite: RewriteSteps): Mutation[] {
    this.#waitingForAttrs.clear();
    this.retries.gotAttrs();
    return this.#rewrite(this.list(), rewrite);
  }

  /** Rejected because another client created the attr first: sent again with that attr, once it is known. */
  onNameTaken(eventId: string, rewrite: RewriteSteps, nowMs: number): Mutation[] {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return [];
    this.#put({ ...write, state: 'pending' });
    // Later writes may have been applied: it waits for their responses, and must not overwrite their values.
    this.#retrying.add(eventId);
    const changed = this.rebase(rewrite);
    // If the attr arrived before the rejection, the steps already use it.
    if (this.#writes.get(eventId)?.steps === this.sentSteps(write)) {
      this.#waitingForAttrs.add(eventId);
      this.retries.awaitAttrs(nowMs);
    }
    return changed;
  }

  #rewrite(writes: readonly Mutation[], rewrite: RewriteSteps): Mutation[] {
    return writes.flatMap((write) => {
      const steps = rewrite(write.steps);
      return steps === write.steps ? [] : [this.#put({ ...write, steps })];
    });
  }

  /** The unconfirmed write that creates an entity this one depends on: if it is rejected, this one must not have been sent. */
  #unconfirmedMaker({ order, steps }: Mutation): string | undefined {
    return this.#makers.neededBy(steps, (eventId) => (this.#writes.get(eventId)?.order ?? Infinity) < order);
  }

  /** A retried write waits for its delay and for the responses to later writes; writes to the same entities wait for it. */
  #isHeld({ eventId, order, steps }: Mutation, held: Footprint, sent: Footprint | undefined): boolean {
    if (this.retries.isPaused(eventId) || held.meets(steps) || this.#contested.hold(steps)) return true;
    return this.#retrying.has(eventId) && (sent?.meets(steps, order) ?? false);
  }

  #sentFootprint(): Footprint {
    return new Footprint([...this.#writes.values()].filter(({ state }) => state === 'inflight'));
  }

  #put(write: Mutation): Mutation {
    const { eventId, state, steps } = write;
    if (!isUnsent(write)) this.#unsent?.delete(eventId);
    // A write that returns to pending goes back to its place in the order.
    else if (this.#writes.get(eventId)?.state === 'inflight') this.#unsent = undefined;
    else this.#unsent?.set(eventId, write);
    this.#writes.set(eventId, write);
    if (state !== 'inflight') this.#contested.onReturn(eventId);
    const isOpen = state !== 'acknowledged' && state !== 'blocked';
    if (isOpen) this.#waiting.add(eventId);
    else this.#waiting.delete(eventId);
    this.#pendingAttrs.set(eventId, steps, isOpen);
    this.#makers.set(eventId, steps, isOpen);
    return write;
  }

  #drop(eventId: string, outcome?: Outcome): void {
    const { txId, isn } = this.#writes.get(eventId) ?? {};
    this.settled.add(eventId, outcome ?? (txId === undefined ? undefined : { txId, isn }));
    this.#forget(eventId);
  }

  #forget(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write) this.#put({ ...write, state: 'acknowledged' });
    this.#retrying.delete(eventId);
    this.retries.forget(eventId);
    this.#sentSteps.delete(eventId);
    this.#writes.delete(eventId);
  }
}
