// The promises that were handed out: one per write, and one per query asked once. Every one of them is settled, at the latest
// when the database is shut down. Time is looked at only when asked which are overdue.

import { TriplaneError } from '../errors.ts';
import { onAbort, untilAborted } from '../lib/abort.ts';
import { WriteReply } from './write-promise.ts';

interface Waiting {
  /** Undefined if it may take as long as it likes. */
  readonly dueMs: number | undefined;
  readonly fail: (error: TriplaneError) => void;
}

export class Replies {
  readonly writes = new Map<string, WriteReply>();
  readonly #waiting = new Set<Waiting>();

  /** `enqueue`: the caller goes on as soon as the write is kept. */
  write(eventId: string, enqueue: boolean): WriteReply {
    const reply = new WriteReply(eventId, enqueue, () => this.writes.delete(eventId));
    this.writes.set(eventId, reply);
    return reply;
  }

  /** Somebody else from here on, or nobody: what is not confirmed stays kept, and goes out with a later start. */
  setAside(error: TriplaneError): void {
    for (const reply of this.writes.values()) reply.setAside(error);
  }

  /** What is told to whoever waits, if nothing comes before. */
  wait(dueMs: number | undefined, fail: (error: TriplaneError) => void): () => void {
    const waiting: Waiting = { dueMs, fail };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** What a call waits for; given up when its signal says so, and when the database is closed. `run` is told by a signal of its own. */
  async call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const own = new AbortController();
    const stop = onAbort(signal, (reason) => own.abort(reason));
    const forget = this.wait(undefined, (error) => own.abort(error));
    try {
      return await untilAborted(run(own.signal), own.signal);
    } finally {
      stop();
      forget();
    }
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#waiting) if (dueMs !== undefined) next = Math.min(next ?? dueMs, dueMs);
    return next;
  }

  due(nowMs: number, error: () => TriplaneError): void {
    for (const waiting of this.#waiting) {
      if (waiting.dueMs === undefined || waiting.dueMs > nowMs) continue;
      this.#waiting.delete(waiting);
      waiting.fail(error());
    }
  }

  /** No more answers will come. */
  shutDown(): void {
    const error = new TriplaneError('closed', 'The database was shut down before the answer came');
    for (const { fail } of this.#waiting) fail(error);
    this.#waiting.clear();
  }
}
