// The writes that are not yet certain, in the order they were made, and how far each has come. A write leaves only when
// every live query shows it by itself, or when the server refused it: no timer takes it away, no sign-out, no lost line.
//
//   unsaved ──▶ local ──▶ sent ──▶ applied ──▶ (forgotten)
//                 ▲         │
//                 └─────────┴──▶ refused: taken out, and told
//
// It neither sends nor stores: it says what is to be sent and stored. What a write does to a view is not known here.

import type { Attrs } from '../db/attrs.ts';
import type { Step } from '../protocol/step.ts';
import type { Transact } from '../protocol/transact-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { rebase, Renames } from '../transact/rebase.ts';
import { readWrite, type Write, writeRecord } from './write.ts';

export class Outbox {
  readonly #writes = new Map<string, Write>();
  readonly #makers = new Map<string, Write>();
  #lastOrder = 0;
  #retryAt: number | undefined;
  /** Waiting for attrs. */
  readonly #held = new Set<string>();
  readonly #renames = new Renames();

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

  /** Writes made before it was known whose they are. */
  adopt(writes: readonly Write[], owner: string): Write[] {
    const adopted = writes.map((write) => ({ ...write, owner }));
    for (const write of adopted) this.#put(write);
    return adopted;
  }

  /** Somebody else writes from here on. What was kept for this user stays on disk, and comes back with them. */
  park(): Write[] {
    const parked = this.list();
    this.#writes.clear();
    this.#makers.clear();
    this.#held.clear();
    return parked;
  }

  /** It is on disk: it may go out. */
  saved(eventId: string): void {
    const write = this.#writes.get(eventId);
    if (write?.state === 'unsaved') this.#put({ ...write, state: 'local' });
  }

  /** What an earlier start kept. Those already here stay behind them. */
  load(records: readonly unknown[]): Write[] {
    const kept = records.map(readWrite).filter((write) => write !== undefined && !this.#writes.has(write.eventId)) as Write[];
    const all = [...kept, ...this.#writes.values()].sort((a, b) => a.order - b.order);
    this.#writes.clear();
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
    const messages: Transact[] = [];
    for (const write of this.#writes.values()) {
      if (write.state === 'unsaved') break; // those behind it wait, or the order would be lost
      if (write.state !== 'local' || this.#held.has(write.eventId)) continue;
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
  }

  /** Not now: it goes out again, and so do those sent after it. */
  postpone(eventId: string, atMs: number): void {
    const write = this.#writes.get(eventId);
    if (write?.state !== 'sent') return;
    this.#put({ ...write, state: 'local' });
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

  /** Takes it out: it was refused, or every query shows it. */
  remove(eventId: string): Write | undefined {
    const write = this.#writes.get(eventId);
    this.#writes.delete(eventId);
    this.#makers.delete(eventId);
    return write;
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

  #put(write: Write): void {
    this.#writes.set(write.eventId, write);
    if (write.state !== 'applied' && write.steps.some(([op]) => op === 'add-attr')) this.#makers.set(write.eventId, write);
    else this.#makers.delete(write.eventId);
  }
}

function transactOf({ eventId, steps, createdMs, order }: Write): Transact {
  return { op: 'transact', 'client-event-id': eventId, 'tx-steps': steps, created: createdMs, order };
}
