// The promises that callers wait for: one per write and one per other call. Every promise settles, at the latest when the database closes. Sets no
// timer: the caller asks which calls are overdue.

import { TriplaneError } from '../errors.ts';
import { onAbort, throwIfAborted, untilAborted } from '../lib/abort.ts';
import { DeferredWrite } from './mutations/write-promise.ts';

interface PendingCall {
  /** Undefined without a time limit. */
  readonly deadlineMs: number | undefined;
  readonly fail: (error: TriplaneError) => void;
}

export class PendingCalls {
  readonly writes = new Map<string, DeferredWrite>();
  readonly #pending = new Set<PendingCall>();

  /** @param enqueue whether the promise resolves once the write is stored */
  write(eventId: string, enqueue: boolean): DeferredWrite {
    const deferred = new DeferredWrite(eventId, enqueue, () => this.writes.delete(eventId));
    this.writes.set(eventId, deferred);
    return deferred;
  }

  /** Another user signed in, or the client closes: unconfirmed writes stay stored and are sent later. */
  detach(error: TriplaneError): void {
    for (const deferred of this.writes.values()) deferred.detach(error);
  }

  /** Registers a call that fails at the deadline. Returns a function that removes it. */
  wait(deadlineMs: number | undefined, fail: (error: TriplaneError) => void): () => void {
    const pending: PendingCall = { deadlineMs, fail };
    this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  /** Runs a call until its signal is aborted or the database closes. `run` receives a signal of its own for both. */
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
    // Removed before any of them fails, because a caller's reaction must not let another fail twice.
    for (const pending of overdue) this.#pending.delete(pending);
    for (const { fail } of overdue) fail(error());
  }

  /** Rejects all calls, because no response will arrive. */
  shutDown(): void {
    const error = new TriplaneError('closed', 'The database was shut down before the response arrived');
    for (const { fail } of this.#pending) fail(error);
    this.#pending.clear();
  }
}
