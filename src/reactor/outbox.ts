// The writes that are not yet certain, in the order they were made, and how far each has come. A write leaves only when
// every live query shows it by itself, when the server refused it, or when the app discards it: no timer takes it away, no
// sign-out, no lost line.
//
//   unsaved ──▶ local ──▶ sent ──▶ applied ──▶ (forgotten)
//                │ ▲       │ │
//                │ └───────┘ └──▶ (refused) ──▶ refusals.ts
//                ▼
//             parked: needs an entity whose making was refused
//
// It neither sends nor stores: it says what is to be sent and stored. What a write does to a view is not known here.

import type { Attrs } from '../db/attrs.ts';
import type { Step } from '../protocol/step.ts';
import type { Transact } from '../protocol/transact-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { rebase, type Renames } from '../transact/rebase.ts';
import { createdBy, dependsOn, footprintOf } from './footprint.ts';
import { outrun } from './outrun.ts';
import { readWrite, type Write, writeRecord, writeRecordKey } from './write.ts';

export class Outbox {
  readonly #writes = new Map<string, Write>();
  /** Those that have not gone out, in order. */
  #unsent = new Map<string, Write>();
  /** One has come back among them, and stands behind those it is to come before. */
  #isUnsentMixed = false;
  /** Those that make attrs. */
  readonly #makers = new Map<string, Write>();
  /** Entity → the write that makes it, and that the server has not confirmed. */
  readonly #creators = new Map<string, string>();
  /** Waiting for attrs. */
  readonly #held = new Set<string>();
  /** The server failed at them, while others behind them may have arrived. */
  readonly #cameBack = new Set<string>();
  readonly #renames: Renames = new Map();
  #lastOrder = 0;
  #retryAt: number | undefined;

  get size(): number {
    return this.#writes.size;
  }

  get(eventId: string): Write | undefined {
    return this.#writes.get(eventId);
  }

  /** All that are not yet certain, in order. */
  list(): Write[] {
    return [...this.#writes.values()];
  }

  /** Those that make attrs, and that the server has not confirmed. */
  makers(): Iterable<Write> {
    return this.#makers.values();
  }

  /** Whether a write that the server has not confirmed makes this entity. */
  makes(id: string): boolean {
    return this.#creators.has(id);
  }

  add(eventId: string, owner: string, steps: readonly Step[], nowMs: number): Write {
    // By the clock, so that writes of an earlier start come before those of this one.
    this.#lastOrder = Math.max(this.#lastOrder + 1, nowMs);
    const write: Write = { eventId, owner, order: this.#lastOrder, steps, createdMs: nowMs, state: 'unsaved', sends: 0 };
    this.#put(write);
    return write;
  }

  save(write: Write): Edit[] {
    return [writeRecord(write)];
  }

  /** Writes made before it was known whose they are, and what was kept: they come after that, whatever the clock says. */
  adopt(writes: readonly Write[], owner: string): Write[] {
    const adopted = writes.map((write) => ({ ...write, owner, order: (this.#lastOrder += 1) }));
    for (const write of adopted) {
      this.#writes.delete(write.eventId);
      this.#unsent.delete(write.eventId);
      this.#put(write);
    }
    return adopted;
  }

  /** Somebody else writes from here on. What was kept for this user stays on disk, and comes back with them. */
  setAside(): void {
    for (const eventId of [...this.#writes.keys()]) this.#drop(eventId);
    this.#held.clear();
    this.#cameBack.clear();
  }

  /** It is on disk: it may go out. Whether that is news. */
  saved(eventId: string): boolean {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'unsaved') return false;
    this.#put({ ...write, state: 'local' });
    return true;
  }

  /** What an earlier start kept. Those already here stay behind them. */
  load(records: readonly unknown[]): Write[] {
    const kept = records.map(readWrite).filter((write) => write !== undefined && !this.#writes.has(write.eventId)) as Write[];
    const all = [...kept, ...this.#writes.values()].sort((a, b) => a.order - b.order);
    this.#writes.clear();
    this.#unsent.clear();
    for (const write of all) {
      this.#put(write);
      this.#lastOrder = Math.max(this.#lastOrder, write.order);
    }
    return kept;
  }

  /** What may go out now, in order. Each counts as sent. */
  take(nowMs: number): Transact[] {
    if (this.#retryAt !== undefined && this.#retryAt > nowMs) return [];
    this.#retryAt = undefined;
    if (this.#isUnsentMixed) this.#unsent = new Map([...this.#writes].filter(([, write]) => isUnsent(write)));
    this.#isUnsentMixed = false;
    const messages: Transact[] = [];
    for (const write of this.#unsent.values()) {
      if (write.state === 'unsaved') break; // those behind it wait, or the order would be lost
      if (this.#held.has(write.eventId)) continue;
      if (this.#needsUnconfirmed(write) || this.#isOvertaken(write)) break;
      this.#cameBack.delete(write.eventId);
      this.#put({ ...write, state: 'sent', sends: write.sends + 1 });
      messages.push(transactOf(write));
    }
    return messages;
  }

  /** The line is gone: what was sent may have arrived, or not, and goes out again under its own event id. */
  lineLost(): void {
    for (const write of this.#writes.values()) {
      if (write.state === 'sent') this.#put({ ...write, state: 'local' });
    }
    this.#retryAt = undefined;
    this.#held.clear();
    this.#cameBack.clear();
  }

  /** Not now: it goes out again, and what is behind it waits. */
  postpone(eventId: string, atMs: number): void {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'sent') return;
    this.#put({ ...write, state: 'local' });
    this.#cameBack.add(eventId);
    this.#retryAt = Math.max(this.#retryAt ?? 0, atMs);
  }

  nextDue(): number | undefined {
    return this.#retryAt;
  }

  confirm(eventId: string, confirmed: { readonly txId: number; readonly isn: string | undefined }): Write | undefined {
    const write = this.#writes.get(eventId);
    if (!write || write.state === 'applied') return undefined;
    const applied: Write = { ...write, state: 'applied', ...confirmed };
    this.#put(applied);
    return applied;
  }

  /** It was applied before earlier ones, which came back: they no longer say what it has said anew. Gives those that changed. */
  outrun({ order, steps }: Write, attrs: Attrs): Write[] {
    return [...this.#cameBack].flatMap((eventId) => {
      const earlier = this.#writes.get(eventId);
      if (!earlier || earlier.order >= order || earlier.state !== 'local') return [];
      const left = outrun(earlier.steps, steps, attrs);
      if (left === earlier.steps) return [];
      const changed: Write = { ...earlier, steps: left };
      this.#put(changed);
      return [changed];
    });
  }

  /** Every query shows it by itself. */
  forget(eventId: string): Edit[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? [{ remove: writeRecordKey(write) }] : [];
  }

  /** Whether a later one needs an attr or an entity that it makes. */
  isBuiltOn({ eventId, order, steps }: Write): boolean {
    const { creates } = footprintOf(steps);
    return this.list().some((other) => other.order > order && (this.#makers.has(eventId) || dependsOn(other.steps, creates)));
  }

  /** It was refused, or discarded: out with it. What needs the entities it was to make is parked, and comes along. */
  refuse(eventId: string): Write[] {
    const write = this.#writes.get(eventId);
    this.#drop(eventId);
    return write ? this.park(footprintOf(write.steps).creates) : [];
  }

  /** Those that need one of these entities, or one that such a write was to make. */
  park(missing: ReadonlySet<string>): Write[] {
    const gone = new Set(missing);
    const parked: Write[] = [];
    for (const write of this.#writes.values()) {
      if (write.state === 'applied' || !dependsOn(write.steps, gone)) continue;
      for (const id of footprintOf(write.steps).creates) gone.add(id);
      if (write.state === 'sent') continue; // the server will tell
      const waiting: Write = { ...write, state: 'parked' };
      this.#put(waiting);
      parked.push(waiting);
    }
    return parked;
  }

  /** The same write once more, behind all others. */
  again(write: Write, eventId: string): Write {
    this.#drop(write.eventId);
    this.#lastOrder += 1;
    const next: Write = { ...write, eventId, order: this.#lastOrder, state: 'unsaved', sends: 0 };
    this.#put(next);
    return next;
  }

  /** Steps that were made under an earlier catalogue. */
  inTermsOf(steps: readonly Step[], attrs: Attrs): readonly Step[] {
    return rebase(steps, attrs, this.#renames);
  }

  /** What waits, put in the terms of a newer catalogue. Gives the writes that changed. */
  rebase(attrs: Attrs): Write[] {
    const changed: Write[] = [];
    this.#held.clear();
    for (const write of this.#writes.values()) {
      if (write.state === 'applied') continue;
      const steps = rebase(write.steps, attrs, this.#renames);
      if (steps === write.steps) continue;
      const rebased = { ...write, steps };
      this.#put(rebased);
      changed.push(rebased);
    }
    return changed;
  }

  /** It was refused only for an attr that somebody else made first: it goes out again in the terms of that one, once it is known. */
  nameTaken(eventId: string, attrs: Attrs): Write[] {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'sent') return [];
    this.#put({ ...write, state: 'local' });
    const changed = this.rebase(attrs);
    if (!changed.some((other) => other.eventId === eventId)) this.#held.add(eventId);
    return changed;
  }

  /** Whether the server has yet to say that an entity which the write needs is there: if it says no, this one must not have gone out. */
  #needsUnconfirmed({ order, steps }: Write): boolean {
    if (this.#creators.size === 0) return false;
    for (const id of footprintOf(steps).touches) {
      const creator = this.#writes.get(this.#creators.get(id) ?? '');
      // A later one that makes the same again is none to wait for: it waits behind this one.
      if (creator && creator.order < order) return true;
    }
    return false;
  }

  /** Whether what came back has to wait until it is known which of those behind it have arrived. */
  #isOvertaken({ eventId, order }: Write): boolean {
    return this.#cameBack.has(eventId) && this.list().some((other) => other.order > order && other.state === 'sent');
  }

  #put(write: Write): void {
    if (isUnsent(write)) {
      this.#isUnsentMixed ||= this.#writes.get(write.eventId)?.state === 'sent';
      this.#unsent.set(write.eventId, write);
    } else this.#unsent.delete(write.eventId);
    this.#writes.set(write.eventId, write);
    const isOpen = write.state !== 'applied' && write.state !== 'parked';
    if (isOpen && write.steps.some((step) => step[0] === 'add-attr')) this.#makers.set(write.eventId, write);
    else this.#makers.delete(write.eventId);
    for (const id of createdBy(write.steps)) {
      if (isOpen) this.#creators.set(id, write.eventId);
      else if (this.#creators.get(id) === write.eventId) this.#creators.delete(id);
    }
  }

  #drop(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (!write) return;
    this.#put({ ...write, state: 'applied' });
    this.#cameBack.delete(eventId);
    this.#writes.delete(eventId);
  }
}

function isUnsent({ state }: Write): boolean {
  return state === 'unsaved' || state === 'local';
}

function transactOf({ eventId, steps, createdMs, order }: Write): Transact {
  return { op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: createdMs, order };
}
