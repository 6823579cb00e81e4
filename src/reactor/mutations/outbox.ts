// The outbox: the user's writes in order, from the call of `transact` until every live query's result includes them. A write leaves the
// outbox only then, or when the server rejects it, or when the app discards it. No timer, sign-out or lost connection removes one.
//
//   persisting ──▶ pending ──▶ inflight ──▶ acknowledged ──▶ (removed)
//                   │ ▲         │ │
//                   │ └─────────┘ └──▶ (rejected): kept among the rejections until the app retries or discards it
//                   ▼
//                blocked: depends on an entity whose creation was rejected
//
// Sends and stores nothing itself: it returns what to send and store. How a write changes a view is not known here.

import type { Step } from '../../protocol/transact-messages.ts';
import type { Transact } from '../../protocol/transact-messages.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { Renames } from '../../transact/rebase.ts';
import { createdBy, dependsOn, writeSetOf } from './write-set.ts';
import { removeMutation, type Mutation } from './mutation.ts';

/** What steps are from now on; the same ones if nothing changes. */
type RewriteSteps = (steps: readonly Step[]) => readonly Step[];

export class Outbox {
  /** Attrs that were given another id here than the server has them under. */
  readonly renames: Renames = new Map();
  readonly #writes = new Map<string, Mutation>();
  /** Those that have not gone out, in order. Undefined when that has to be found out anew. */
  #unsent: Map<string, Mutation> | undefined;
  /** Those that make attrs. */
  readonly #attrCreators = new Map<string, Mutation>();
  /** Entity → the write that makes it, and that the server has not confirmed. */
  readonly #creators = new Map<string, string>();
  /** Waiting for attrs. */
  readonly #waitingForAttrs = new Set<string>();
  /** The server failed at them, while others behind them may have arrived. */
  readonly #retrying = new Set<string>();
  #lastOrder = 0;
  #retryAt: number | undefined;

  get size(): number {
    return this.#writes.size;
  }

  get(eventId: string): Mutation | undefined {
    return this.#writes.get(eventId);
  }

  /** All that are not yet certain, in order. */
  list(): Mutation[] {
    return [...this.#writes.values()];
  }

  /** The same, without those that wait for an entity which is not there. */
  unblocked(): Mutation[] {
    return this.list().filter(({ state }) => state !== 'blocked');
  }

  /** Those that make attrs, and that the server has not confirmed. */
  attrCreators(): Iterable<Mutation> {
    return this.#attrCreators.values();
  }

  /** Whether a write that the server has not confirmed makes this entity. */
  isCreating(id: string): boolean {
    return this.#creators.has(id);
  }

  /** Behind all others: a new one, or one that was here before. */
  add({ eventId, owner, steps, createdMs }: Pick<Mutation, 'eventId' | 'owner' | 'steps' | 'createdMs'>): Mutation {
    this.#drop(eventId);
    // By the clock, so that writes of an earlier start come before those of this one.
    this.#lastOrder = Math.max(this.#lastOrder + 1, createdMs);
    return this.#put({ eventId, owner, order: this.#lastOrder, steps, createdMs, state: 'persisting', sends: 0 });
  }

  /** Somebody else writes from here on. What was kept for this user stays on disk, and comes back with them. */
  detach(): void {
    for (const eventId of this.#writes.keys()) this.#drop(eventId);
    this.#waitingForAttrs.clear();
  }

  /** It is on disk: it may go out. Whether that is news. */
  markPersisted(eventId: string): boolean {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'persisting') return false;
    this.#put({ ...write, state: 'pending' });
    return true;
  }

  /** What an earlier start kept, or another tab. Those already here stay behind them. Gives those that were not. */
  load(writes: readonly Mutation[]): Mutation[] {
    const added = writes.filter(({ eventId }) => !this.#writes.has(eventId));
    const all = [...added, ...this.list()].sort((a, b) => a.order - b.order);
    this.#writes.clear();
    this.#unsent = undefined;
    for (const write of all) this.#lastOrder = Math.max(this.#lastOrder, this.#put(write).order);
    return added;
  }

  /** What may go out now, in order. Each counts as sent. */
  dequeue(nowMs: number): Transact[] {
    if (this.#retryAt !== undefined && this.#retryAt > nowMs) return [];
    this.#retryAt = undefined;
    this.#unsent ??= new Map([...this.#writes].filter(([, write]) => isUnsent(write)));
    const messages: Transact[] = [];
    for (const write of this.#unsent.values()) {
      if (write.state === 'persisting') break; // those behind it wait, or the order would be lost
      if (this.#waitingForAttrs.has(write.eventId)) continue;
      if (this.#needsUnconfirmed(write) || this.#isOutOfOrder(write)) break;
      this.#retrying.delete(write.eventId);
      this.#put({ ...write, state: 'inflight', sends: write.sends + 1 });
      const { eventId, steps, createdMs, order } = write;
      messages.push({ op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: createdMs, order });
    }
    return messages;
  }

  /** The line is gone: what was sent may have arrived, or not, and goes out again under its own event id. */
  onDisconnect(): void {
    for (const write of this.#writes.values()) {
      if (write.state === 'inflight') this.#put({ ...write, state: 'pending' });
    }
    this.#retryAt = undefined;
    this.#waitingForAttrs.clear();
    this.#retrying.clear();
  }

  /** Not now: it goes out again, and what is behind it waits. */
  postpone(eventId: string, atMs: number): void {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return;
    this.#put({ ...write, state: 'pending' });
    this.#retrying.add(eventId);
    this.#retryAt = Math.max(this.#retryAt ?? 0, atMs);
  }

  nextDeadline(): number | undefined {
    return this.#retryAt;
  }

  acknowledge(eventId: string, position: { readonly txId: number; readonly isn: string | undefined }): Mutation | undefined {
    const write = this.#writes.get(eventId);
    if (!write || write.state === 'acknowledged') return undefined;
    return this.#put({ ...write, state: 'acknowledged', ...position });
  }

  /** It was applied before earlier ones, which came back: they no longer say what it has said anew. Gives those that changed. */
  supersede({ order }: Mutation, rewrite: RewriteSteps): Mutation[] {
    const earlier = [...this.#retrying].flatMap((eventId) => this.#writes.get(eventId) ?? []);
    return this.#rewrite(
      earlier.filter((write) => write.order < order && write.state === 'pending'),
      rewrite,
    );
  }

  /** Every query shows it by itself. */
  remove(eventId: string): KeyValueOp[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? [removeMutation(write)] : [];
  }

  /** Whether a later one needs an attr or an entity that it makes. */
  hasDependents({ eventId, order, steps }: Mutation): boolean {
    const { creates } = writeSetOf(steps);
    return this.list().some((other) => other.order > order && (this.#attrCreators.has(eventId) || dependsOn(other.steps, creates)));
  }

  /** It was refused, or discarded: out with it. What needs the entities it was to make is parked, and comes along. */
  reject(eventId: string): Mutation[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? this.block(writeSetOf(write.steps).creates) : [];
  }

  /** Those that need one of these entities, or one that such a write was to make. */
  block(missing: ReadonlySet<string>): Mutation[] {
    return this.dependentsOf(missing, ({ state }) => state !== 'acknowledged')
      .filter(({ state }) => state !== 'inflight') // the server will tell
      .map((write) => this.#put({ ...write, state: 'blocked' }));
  }

  /** The same, of some, as they are. */
  dependentsOf(missing: ReadonlySet<string>, isCandidate: (write: Mutation) => boolean): Mutation[] {
    const missingIds = new Set(missing);
    return this.list().filter((write) => {
      if (!isCandidate(write) || !dependsOn(write.steps, missingIds)) return false;
      for (const id of writeSetOf(write.steps).creates) missingIds.add(id);
      return true;
    });
  }

  /** What waits, put in the terms of a newer catalogue. Gives the writes that changed. */
  rebase(rewrite: RewriteSteps): Mutation[] {
    this.#waitingForAttrs.clear();
    return this.#rewrite(
      this.list().filter(({ state }) => state !== 'acknowledged'),
      rewrite,
    );
  }

  /** It was refused only for an attr that somebody else made first: it goes out again in the terms of that one, once it is known. */
  onNameTaken(eventId: string, rewrite: RewriteSteps): Mutation[] {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return [];
    this.#put({ ...write, state: 'pending' });
    const changed = this.rebase(rewrite);
    if (!changed.some((other) => other.eventId === eventId)) this.#waitingForAttrs.add(eventId);
    return changed;
  }

  #rewrite(writes: readonly Mutation[], rewrite: RewriteSteps): Mutation[] {
    return writes.flatMap((write) => {
      const steps = rewrite(write.steps);
      return steps === write.steps ? [] : [this.#put({ ...write, steps })];
    });
  }

  /** Whether the server has yet to say that an entity which the write needs is there: if it says no, this one must not have gone out. */
  #needsUnconfirmed({ order, steps }: Mutation): boolean {
    if (this.#creators.size === 0) return false;
    for (const id of writeSetOf(steps).touches) {
      const creator = this.#writes.get(this.#creators.get(id) ?? '');
      // A later one that makes the same again is none to wait for: it waits behind this one.
      if (creator && creator.order < order) return true;
    }
    return false;
  }

  /** Whether what came back has to wait until it is known which of those behind it have arrived. */
  #isOutOfOrder({ eventId, order }: Mutation): boolean {
    return this.#retrying.has(eventId) && this.list().some((other) => other.order > order && other.state === 'inflight');
  }

  #put(write: Mutation): Mutation {
    const { eventId, state, steps } = write;
    if (!isUnsent(write)) this.#unsent?.delete(eventId);
    // One that comes back stands before those it was ahead of.
    else if (this.#writes.get(eventId)?.state === 'inflight') this.#unsent = undefined;
    else this.#unsent?.set(eventId, write);
    this.#writes.set(eventId, write);
    const isOpen = state !== 'acknowledged' && state !== 'blocked';
    if (isOpen && steps.some((step) => step[0] === 'add-attr')) this.#attrCreators.set(eventId, write);
    else this.#attrCreators.delete(eventId);
    for (const id of createdBy(steps)) {
      if (isOpen) this.#creators.set(id, eventId);
      else if (this.#creators.get(id) === eventId) this.#creators.delete(id);
    }
    return write;
  }

  #drop(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write) this.#put({ ...write, state: 'acknowledged' });
    this.#retrying.delete(eventId);
    this.#writes.delete(eventId);
  }
}

function isUnsent({ state }: Mutation): boolean {
  return state === 'persisting' || state === 'pending';
}
