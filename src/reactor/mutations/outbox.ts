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

import type { InstantAPIError } from '../../errors.ts';
import type { Step, Transact } from '../../protocol/transact-messages.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { Renames } from '../../transact/rebase.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import { ContestedAttrs } from './contested-attrs.ts';
import { Makers } from './makers.ts';
import { putMutation, removeMutation, type Mutation } from './mutation.ts';
import { PendingAttrs } from './pending-attrs.ts';
import { Removals } from './removals.ts';
import { Footprint, Retries } from './retries.ts';
import { dependsOn, type Missing, writeSetOf } from './write-set.ts';

/** What steps are from now on; the same ones if nothing changes. */
type RewriteSteps = (steps: readonly Step[]) => readonly Step[];

export class Outbox {
  /** Attrs that were given another id here than the server has them under. */
  readonly renames: Renames = new Map();
  readonly #writes = new Map<string, Mutation>();
  /** Those that have not gone out, in order. Undefined when that has to be found out anew. */
  #unsent: Map<string, Mutation> | undefined;
  readonly #pendingAttrs = new PendingAttrs();
  readonly #makers = new Makers();
  readonly #contested = new ContestedAttrs();
  readonly #waitingForAttrs = new Set<string>();
  /** The server failed at them, while others behind them may have arrived. */
  readonly #retrying = new Set<string>();
  readonly retries = new Retries();
  readonly removals = new Removals();
  /** The steps as they last went out. */
  readonly #sentSteps = new Map<string, readonly Step[]>();
  #lastOrder = 0;

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

  /** The attrs that writes create which the server has not confirmed. The same array while nothing changes. */
  pendingAttrs(): readonly WireAttr[] {
    return this.#pendingAttrs.list();
  }

  /** Whether a write that the server has not confirmed makes this entity. */
  isCreating(id: string): boolean {
    return this.#makers.isCreating(id);
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

  /** What may go out now, in order. Each counts as sent. Pauses that are over have been forgotten. */
  dequeue(): Transact[] {
    if (this.retries.isPaused()) return [];
    this.#unsent ??= new Map([...this.#writes].filter(([, write]) => isUnsent(write)));
    const messages: Transact[] = [];
    const held = new Footprint();
    const sent = this.#retrying.size > 0 ? this.#sentFootprint() : undefined;
    for (const write of this.#unsent.values()) {
      if (write.state === 'persisting') break; // those behind it wait, or the order would be lost
      if (this.#waitingForAttrs.has(write.eventId)) continue;
      const maker = this.#unconfirmedMaker(write);
      if (this.#isHeld(write, held, sent) || (maker && this.#retrying.has(maker))) {
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

  /** The line is gone: what was sent may have arrived, or not, and goes out again under its own event id. */
  onDisconnect(): void {
    for (const write of this.#writes.values()) {
      if (write.state === 'inflight') this.#put({ ...write, state: 'pending' });
    }
    this.retries.onDisconnect();
    this.#waitingForAttrs.clear();
    this.#retrying.clear();
  }

  /** Not now: it goes out again, and what is behind it waits: everything, or what touches the same. */
  postpone(eventId: string, atMs: number, holdsAll: boolean): void {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return;
    this.#put({ ...write, state: 'pending' });
    this.#retrying.add(eventId);
    if (holdsAll) this.retries.pauseAll(atMs);
    else this.retries.pause(eventId, atMs);
  }

  /** The steps that the server has said something about: those of now may be other ones. */
  sentSteps({ eventId, steps }: Mutation): readonly Step[] {
    return this.#sentSteps.get(eventId) ?? steps;
  }

  acknowledge(eventId: string, position: { readonly txId: number; readonly isn: string | undefined }): Mutation | undefined {
    const write = this.#writes.get(eventId);
    if (!write || write.state === 'acknowledged') return undefined;
    this.retries.countConfirmed();
    this.#contested.confirm(this.sentSteps(write));
    return this.#put({ ...write, state: 'acknowledged', ...position });
  }

  /** It is asked whether it was applied before it was refused. */
  markClaimed(eventId: string, { body, status }: Pick<InstantAPIError, 'body' | 'status'>): KeyValueOp[] {
    const write = this.#writes.get(eventId);
    return write ? [putMutation(this.#put({ ...write, claimed: { body, status } }))] : [];
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
    const made = writeSetOf(steps);
    return this.list().some((other) => other.order > order && (this.#pendingAttrs.isCreator(eventId) || dependsOn(other.steps, made)));
  }

  /** It was refused, or discarded: out with it. What needs the entities it was to make is parked, and comes along. */
  reject(eventId: string): Mutation[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? this.block(writeSetOf(write.steps)) : [];
  }

  /** Those that need one of these entities, or one that such a write was to make. */
  block(missing: Missing): Mutation[] {
    return this.dependentsOf(missing, ({ state }) => state !== 'acknowledged')
      .filter(({ state }) => state !== 'inflight') // the server will tell
      .map((write) => this.#put({ ...write, state: 'blocked' }));
  }

  /** The same, of some, as they are. */
  dependentsOf(missing: Missing, isCandidate: (write: Mutation) => boolean): Mutation[] {
    const creates = new Set(missing.creates);
    const upserts = new Set(missing.upserts);
    return this.list().filter((write) => {
      const made = writeSetOf(write.steps);
      if (isCandidate(write) && dependsOn(write.steps, { creates, upserts })) {
        for (const id of made.creates) creates.add(id);
        for (const id of made.upserts) upserts.add(id);
        return true;
      }
      for (const id of made.upserts) upserts.delete(id);
      return false;
    });
  }

  /**
   * In the terms of a newer catalogue. Gives the writes that changed. Also those that another tab sent, and knows to be confirmed: it may have
   * sent them in other terms than they are held in here.
   */
  rebase(rewrite: RewriteSteps): Mutation[] {
    this.#waitingForAttrs.clear();
    this.retries.gotAttrs();
    return this.#rewrite(this.list(), rewrite);
  }

  /** It was refused only for an attr that somebody else made first: it goes out again in the terms of that one, once it is known. */
  onNameTaken(eventId: string, rewrite: RewriteSteps, nowMs: number): Mutation[] {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'inflight') return [];
    this.#put({ ...write, state: 'pending' });
    // Writes behind it may have been applied: it does not go out before they are answered, nor say anew what they have said since.
    this.#retrying.add(eventId);
    const changed = this.rebase(rewrite);
    // The attr may have come before the refusal did: then the steps are in its terms already.
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

  /** The write that makes an entity which this one needs: if the server refuses it, this one must not have gone out. */
  #unconfirmedMaker({ order, steps }: Mutation): string | undefined {
    return this.#makers.neededBy(steps, (eventId) => (this.#writes.get(eventId)?.order ?? Infinity) < order);
  }

  /** What came back waits until it is time, and known which of those behind it have arrived; others wait for it if they touch the same. */
  #isHeld({ eventId, order, steps }: Mutation, held: Footprint, sent: Footprint | undefined): boolean {
    if (this.retries.isPaused(eventId) || held.meets(steps) || this.#contested.hold(steps)) return true;
    return this.#retrying.has(eventId) && (sent?.meets(steps, order) ?? false);
  }

  #sentFootprint(): Footprint {
    const sent = new Footprint();
    for (const write of this.#writes.values()) if (write.state === 'inflight') sent.add(write);
    return sent;
  }

  #put(write: Mutation): Mutation {
    const { eventId, state, steps } = write;
    if (!isUnsent(write)) this.#unsent?.delete(eventId);
    // One that comes back stands before those it was ahead of.
    else if (this.#writes.get(eventId)?.state === 'inflight') this.#unsent = undefined;
    else this.#unsent?.set(eventId, write);
    this.#writes.set(eventId, write);
    if (state !== 'inflight') this.#contested.onReturn(eventId);
    const isOpen = state !== 'acknowledged' && state !== 'blocked';
    this.#pendingAttrs.set(eventId, steps, isOpen);
    this.#makers.set(eventId, steps, isOpen);
    return write;
  }

  #drop(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write) this.#put({ ...write, state: 'acknowledged' });
    this.#retrying.delete(eventId);
    this.retries.forget(eventId);
    this.#sentSteps.delete(eventId);
    this.#writes.delete(eventId);
    this.removals.add(eventId);
  }
}

function isUnsent({ state }: Mutation): boolean {
  return state === 'persisting' || state === 'pending';
}
