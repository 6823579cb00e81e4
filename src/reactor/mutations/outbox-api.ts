// The outbox as an app sees it: what waits, what was refused, and what to do about it. `db.outbox`.

import { TriplaneError } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { Abortable } from '../../lib/abort.ts';
import { guarded } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import { writeSetOf } from './write-set.ts';
import type { WritePromise } from './write-promise.ts';
import { removeMutation, putMutation, type Mutation, type MutationState } from './mutation.ts';

/** One write that is not certain yet, or was refused. */
export interface OutboxEntry {
  readonly eventId: string;
  /** `local`: kept here. `sent`: no answer yet. `applied`: the server has it. `parked`: waits for a write that was refused. */
  readonly state: Exclude<MutationState, 'unsaved'>;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly steps: readonly Step[];
  /** Why it was refused: with `type`, `status` and `hint`, as the server gave them. */
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
   * The refused ones first, then the waiting ones in order. The same array while nothing changed.
   *
   * @example
   * const waiting = db.outbox.list().filter(({ state }) => state !== 'refused').length;
   */
  list(): readonly OutboxEntry[] {
    const { rejections, outbox } = this.#context.state;
    this.#entries ??= [...rejections.values(), ...outbox.list()].map(({ eventId, state, createdMs, steps, error }) => ({
      eventId,
      state: state === 'unsaved' ? 'local' : state,
      createdMs,
      steps,
      ...(error && { error }),
    }));
    return this.#entries;
  }

  /**
   * Tells the list now, and whenever it changes.
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
   * Sends a refused write again, and after it those that waited for it. A signal that is aborted later ends the waiting, not the write.
   *
   * @throws TriplaneError 'transaction-invalid' if no such write was refused
   */
  retry(eventId: string, { signal }: Abortable = {}): WritePromise {
    this.#context.assertOpen();
    const { config, state, pendingCalls, isReady } = this.#context;
    const { outbox, rejections, queries } = state;
    if (!rejections.has(eventId)) throw new TriplaneError('transaction-invalid', `No refused write has the id '${eventId}'`);
    const newId = config.random.uuid();
    const deferred = pendingCalls.write(newId, !isReady);
    const isTooLate = signal?.aborted ?? false;
    deferred.linkSignal(signal, () => isTooLate);
    if (isTooLate) return deferred.promise;
    const retried = this.#remove(eventId).map((write) => outbox.add(write.eventId === eventId ? { ...write, eventId: newId } : write));
    this.#context.run([...retried.flatMap((write) => queries.add(write)), { do: 'store', edits: retried.map(putMutation) }]);
    return deferred.promise;
  }

  /** Gives up a refused write, and those that waited for it: what they were about never came to be. Gives their ids. */
  discard(eventId: string): readonly string[] {
    this.#context.assertOpen();
    const [rejection, ...waiting] = this.#remove(eventId);
    const cause = rejection?.error;
    for (const write of waiting) {
      const error = new TriplaneError('refused', 'It needed a write that was refused, and was discarded with it', { cause });
      this.#context.pendingCalls.writes.get(write.eventId)?.settle(error);
    }
    return [rejection, ...waiting].flatMap((write) => write?.eventId ?? []);
  }

  /** Everything in it as plain JSON: to be saved elsewhere, or sent with a report. */
  export(): string {
    return JSON.stringify(this.list().map(({ error, ...entry }) => ({ ...entry, ...(error && { error: error.message }) })));
  }

  /** Something in it changed. Listeners hear at the end of the task, once. */
  notify(): void {
    this.#entries = undefined;
    if (this.#isNotifyScheduled) return;
    this.#isNotifyScheduled = true;
    queueMicrotask(() => {
      this.#isNotifyScheduled = false;
      this.#context.events.emit('outbox');
    });
  }

  /** A refused write, and those that wait for it, are no longer here. Gives them. */
  #remove(eventId: string): Mutation[] {
    const { outbox, rejections } = this.#context.state;
    const rejection = rejections.get(eventId);
    if (!rejection) return [];
    rejections.delete(eventId);
    const removed = [rejection, ...outbox.dependentsOf(writeSetOf(rejection.steps), ({ state }) => state === 'parked')];
    this.#context.run([
      { do: 'store', edits: removed.map(removeMutation) },
      { do: 'tell', message: { type: 'gone', eventIds: removed.map((write) => write.eventId) } },
      { do: 'announce', what: 'outbox' },
    ]);
    for (const write of removed) outbox.remove(write.eventId);
    return removed;
  }
}
