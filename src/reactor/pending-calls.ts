// The promises that were handed out: one per write, and one per query asked once. Every one of them is settled, at the latest
// when the database is shut down. Time is looked at only when asked which are overdue.

import { TriplaneError } from '../errors.ts';
import { onAbort, throwIfAborted, untilAborted } from '../lib/abort.ts';
import { DeferredWrite } from './mutations/write-promise.ts';

interface PendingCall {
  /** Undefined if it may take as long as it likes. */
  readonly deadlineMs: number | undefined;
  readonly fail: (error: TriplaneError) => void;
}

export class PendingCalls {
  readonly writes = new Map<string, DeferredWrite>();
  readonly #pending = new Set<PendingCall>();

  /** `enqueue`: the caller goes on as soon as the write is kept. */
  write(eventId: string, enqueue: boolean): DeferredWrite {
    const deferred = new DeferredWrite(eventId, enqueue, () => this.writes.delete(eventId));
    this.writes.set(eventId, deferred);
    return deferred;
  }

  /** Somebody else from here on, or nobody: what is not confirmed stays kept, and goes out with a later start. */
  detach(error: TriplaneError): void {
    for (const deferred of this.writes.values()) deferred.detach(error);
  }

  /** What is told to whoever waits, if nothing comes before. */
  wait(deadlineMs: number | undefined, fail: (error: TriplaneError) => void): () => void {
    const pending: PendingCall = { deadlineMs, fail };
    this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  /** What a call waits for; given up when its signal says so, and when the database is closed. `run` is told by a signal of its own. */
  async call<T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    throwIfAborted(signal);
    const own = new AbortController();
    const stop = onAbort(signal, (reason) => own.abort(reason));
    const stopWaiting = this.wait(undefined, (error) => own.abort(error));
    try {
      return await untilAborted(run(own.signal), own.signal);
    } finally {
      stop();
      stopWaiting();
    }
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { deadlineMs } of this.#pending) if (deadlineMs !== undefined) next = Math.min(next ?? deadlineMs, deadlineMs);
    return next;
  }

  onDeadline(nowMs: number, error: () => TriplaneError): void {
    const overdue = [...this.#pending].filter(({ deadlineMs }) => deadlineMs !== undefined && deadlineMs <= nowMs);
    // Removed before any of them fails: what a caller does then must not make another fail twice.
    for (const pending of overdue) this.#pending.delete(pending);
    for (const { fail } of overdue) fail(error());
  }

  /** No more answers will come. */
  shutDown(): void {
    const error = new TriplaneError('closed', 'The database was shut down before the answer came');
    for (const { fail } of this.#pending) fail(error);
    this.#pending.clear();
  }
}
