// `db.outbox`: lists pending and rejected writes, and retries or discards rejected ones.

import { TriplaneError } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { Abortable } from '../../lib/abort.ts';
import { guarded } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import { writeSetOf } from './write-set.ts';
import type { WritePromise } from './write-promise.ts';
import { removeMutation, putMutation, type Mutation, type MutationState } from './mutation.ts';

/** A write that not every query result includes yet, or that the server rejected. */
export interface OutboxEntry {
  readonly eventId: string;
  /**
   * `pending`: stored on the device, not sent. `inflight`: sent, no response yet. `acknowledged`: the server applied it. `blocked`: depends on an
   * entity whose creation was rejected. `rejected`: the server rejected it, and the app has not dealt with it.
   */
  readonly state: Exclude<MutationState, 'persisting'>;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly steps: readonly Step[];
  /** The reason of the rejection, with the server's `type`, `status` and `hint`. */
  readonly error?: TriplaneError;
}

export class OutboxApi {
  readonly #context: ClientContext;
  #entries: readonly OutboxEntry[] | undefined;
  #isNotifyScheduled = false;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /**
   * Returns rejected writes first, then the others in the order in which they were made. The array keeps its identity until the outbox changes.
   *
   * @example
   * const waiting = db.outbox.list().filter(({ state }) => state !== 'rejected').length;
   */
  list(): readonly OutboxEntry[] {
    const { rejections, outbox } = this.#context.state;
    this.#entries ??= [...rejections.values(), ...outbox.list()].map(({ eventId, state, createdMs, steps, error }) => ({
      eventId,
      state: state === 'persisting' ? 'pending' : state,
      createdMs,
      steps,
      ...(error && { error }),
    }));
    return this.#entries;
  }

  /**
   * Calls back with the list now and whenever it changes.
   *
   * @returns an unsubscribe function
   *
   * @example
   * const stop = db.outbox.subscribe((entries) => banner.show(entries.length));
   */
  subscribe(onChange: (entries: readonly OutboxEntry[]) => void): () => void {
    this.#context.assertOpen();
    onChange(this.list());
    const listener = (): void =>
      guarded(
        () => onChange(this.list()),
        (error) => this.#context.report(error),
      );
    this.#context.events.on('outbox', listener);
    return () => void this.#context.events.off('outbox', listener);
  }

  /**
   * Sends a rejected write again under a new id, and then the writes blocked by it. Aborting the signal later ends the waiting, not the write.
   *
   * @throws TriplaneError 'transaction-invalid' if there is no such rejected write
   */
  retry(eventId: string, { signal }: Abortable = {}): WritePromise {
    this.#context.assertOpen();
    const { config, state, pendingCalls, isReady } = this.#context;
    const { outbox, rejections, queries } = state;
    if (!rejections.has(eventId)) throw new TriplaneError('transaction-invalid', `No rejected write has the id '${eventId}'`);
    const newId = config.random.uuid();
    const deferred = pendingCalls.write(newId, !isReady);
    const isTooLate = signal?.aborted ?? false;
    deferred.linkSignal(signal, () => isTooLate);
    if (isTooLate) return deferred.promise;
    const retried = this.#remove(eventId).map((write) => outbox.add(write.eventId === eventId ? { ...write, eventId: newId } : write));
    this.#context.run([...retried.flatMap((write) => queries.add(write)), { do: 'store', edits: retried.map(putMutation) }]);
    return deferred.promise;
  }

  /** Discards a rejected write, and the writes blocked by it, whose entities were never created. Returns their ids. */
  discard(eventId: string): readonly string[] {
    this.#context.assertOpen();
    const [rejection, ...waiting] = this.#remove(eventId);
    const cause = rejection?.error;
    for (const write of waiting) {
      const error = new TriplaneError('refused', 'Discarded together with the rejected write that it depends on', { cause });
      this.#context.pendingCalls.writes.get(write.eventId)?.settle(error);
    }
    return [rejection, ...waiting].flatMap((write) => write?.eventId ?? []);
  }

  /** Returns the list as JSON, for a backup or an error report. */
  export(): string {
    return JSON.stringify(this.list().map(({ error, ...entry }) => ({ ...entry, ...(error && { error: error.message }) })));
  }

  /** Call after a change. Listeners are called once, at the end of the task. */
  notify(): void {
    this.#entries = undefined;
    if (this.#isNotifyScheduled) return;
    this.#isNotifyScheduled = true;
    queueMicrotask(() => {
      this.#isNotifyScheduled = false;
      this.#context.events.emit('outbox');
    });
  }

  /** Removes a rejected write and the writes blocked by it, and returns them. */
  #remove(eventId: string): Mutation[] {
    const { outbox, rejections } = this.#context.state;
    const rejection = rejections.get(eventId);
    if (!rejection) return [];
    rejections.delete(eventId);
    const removed = [rejection, ...outbox.dependentsOf(writeSetOf(rejection.steps), ({ state }) => state === 'blocked')];
    this.#context.run([
      { do: 'store', edits: removed.map(removeMutation) },
      { do: 'tell', message: { type: 'gone', eventIds: removed.map((write) => write.eventId) } },
      { do: 'announce', what: 'outbox' },
    ]);
    for (const write of removed) outbox.remove(write.eventId);
    return removed;
  }
}
