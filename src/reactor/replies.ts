// The promises that were handed out: one per write, and one per query asked once. Every one of them is settled, at the latest
// when the database is shut down. Time is looked at only when asked which are overdue.

import { TriplaneError } from '../errors.ts';
import type { TransactionResult } from '../types/database.ts';
import { WriteReply, type WritePromise } from './write-promise.ts';

interface Waiting {
  readonly dueMs: number;
  readonly fail: (error: TriplaneError) => void;
}

export class Replies {
  readonly #writes = new Map<string, WriteReply>();
  readonly #waiting = new Set<Waiting>();

  /** `enqueue`: the caller goes on as soon as the write is kept. */
  write(eventId: string, enqueue: boolean): WritePromise {
    const reply = new WriteReply(eventId, enqueue);
    this.#writes.set(eventId, reply);
    return reply.promise;
  }

  writeSaved(eventId: string): void {
    this.#writes.get(eventId)?.saved();
  }

  /** Gives the error back if nobody listens for it. */
  writeSettled(eventId: string, error: TriplaneError | undefined): TriplaneError | undefined {
    const reply = this.#writes.get(eventId);
    this.#writes.delete(eventId);
    if (!reply) return error;
    return reply.settle(error) ? undefined : error;
  }

  /** What is told to whoever waits, if nothing comes before. */
  wait(dueMs: number, fail: (error: TriplaneError) => void): () => void {
    const waiting: Waiting = { dueMs, fail };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#waiting) next = Math.min(next ?? dueMs, dueMs);
    return next;
  }

  due(nowMs: number, error: () => TriplaneError): void {
    for (const waiting of this.#waiting) {
      if (waiting.dueMs > nowMs) continue;
      this.#waiting.delete(waiting);
      waiting.fail(error());
    }
  }

  /** No more answers will come. A write that is kept goes out with the next start. */
  shutDown(): void {
    for (const reply of this.#writes.values()) reply.shutDown();
    this.#writes.clear();
    this.due(Infinity, () => new TriplaneError('closed', 'The database was shut down before the answer came'));
  }
}

export type { TransactionResult };
