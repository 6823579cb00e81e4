// `db.outbox`: lists pending and rejected writes, and retries or discards rejected ones.

import { TriplaneError } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { deepFreeze } from '../../lib/freeze.ts';
import type { Abortable } from '../../lib/abort.ts';
import { onward } from '../effect.ts';
import { guarded } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import { assertCallback, discardedError } from '../client-errors.ts';
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
    this.#entries ??= Object.freeze(
      [...rejections.values(), ...outbox.list()].map(({ eventId, state, createdMs, steps, error }) =>
        // The steps as they will be sent.
        Object.freeze({
          eventId,
          state: state === 'persisting' ? 'pending' : state,
          createdMs,
          steps: deepFreeze(steps),
          ...(error && { error }),
        }),
      ),
    );
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
    assertCallback('subscribe', onChange);
    const listener = (): void =>
      guarded(
        () => onChange(this.list()),
        (error) => this.#context.report(error),
      );
    this.#context.events.on('outbox', listener);
    listener();
    return () => void this.#context.events.off('outbox', listener);
  }

  /**
   * Sends a rejected write again under a new id, and then the writes blocked by it. Aborting the signal later ends the waiting, not the write.
   *
   * @throws TriplaneError 'transaction-invalid' if there is no such rejected write
   */
  retry(eventId: string, opts?: Abortable): WritePromise {
    this.#context.assertOpen();
    const { config, state, pendingCalls, isReady } = this.#context;
    const { outbox, rejections, queries } = state;
    if (!rejections.has(eventId)) throw new TriplaneError('transaction-invalid', `No rejected write has the id '${eventId}'`);
    const newId = config.random.uuid();
    const deferred = pendingCalls.write(newId, !isReady);
    const isTooLate = opts?.signal?.aborted ?? false;
    deferred.linkSignal(opts?.signal, () => isTooLate);
    if (isTooLate) return deferred.promise;
    const retried = this.#remove(eventId).map((write) => outbox.add(write.eventId === eventId ? { ...write, eventId: newId } : write));
    this.#context.run([...retried.flatMap((write) => queries.add(write)), { do: 'store', edits: retried.map(putMutation) }]);
    return deferred.promise;
  }

  /**
   * Gives up a write that the server has not confirmed, in whatever state it is, and the writes that need an entity it creates. They
   * disappear from every result, and their promises reject with 'refused'. A write that was sent may have been applied all the same; results
   * then show it again once the server reports it.
   *
   * @returns the event ids of all writes given up; none for a write that is confirmed or unknown
   * @example
   * for (const { eventId, error } of db.outbox.list()) if (error) db.outbox.discard(eventId);
   */
  discard(eventId: string): readonly string[] {
    this.#context.assertOpen();
    const [discarded, ...dependents] = this.#remove(eventId);
    if (!discarded) return [];
    const { outbox, queries } = this.#context.state;
    const heirs = [discarded, ...dependents].flatMap((write) => outbox.rebase(inheritance(write, outbox.list())));
    this.#context.run([...queries.rewrite(heirs), { do: 'store', edits: heirs.map(putMutation) }]);
    const { error: cause } = discarded;
    this.#settle(discarded, discardedError(cause));
    for (const write of dependents)
      this.#settle(write, new TriplaneError('refused', 'It needed a write that was discarded, and was discarded with it', { cause }));
    return [discarded, ...dependents].map((write) => write.eventId);
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

  #settle({ eventId }: Mutation, error: TriplaneError): void {
    this.#context.pendingCalls.writes.get(eventId)?.settle(error);
  }

  /** Removes an unconfirmed write and those that depend on entities it creates. Returns them. */
  #remove(eventId: string): Mutation[] {
    const { outbox, rejections, queries } = this.#context.state;
    const write = rejections.get(eventId) ?? outbox.get(eventId);
    if (!write || write.state === 'acknowledged') return [];
    const isOpen = ({ state, order }: Mutation): boolean =>
      write.state === 'rejected' ? state === 'blocked' : state !== 'acknowledged' && order > write.order;
    const removed = [write, ...outbox.dependentsOf(writeSetOf(write.steps), isOpen)];
    rejections.delete(eventId);
    for (const each of removed) outbox.remove(each.eventId);
    this.#context.run([
      ...removed.flatMap((each) => queries.reject(each.eventId)),
      { do: 'store', edits: removed.map(removeMutation) },
      { do: 'tell', message: { type: 'gone', eventIds: removed.map((each) => each.eventId) } },
      ...onward,
    ]);
    return removed;
  }
}

/** The attrs that a discarded write would have created are created by the first waiting write that uses them. */
function inheritance({ steps }: Mutation, writes: readonly Mutation[]): (steps: readonly Step[]) => readonly Step[] {
  const created = steps.filter((step) => step[0] === 'add-attr');
  const ids = new Set<unknown>(created.map((step) => step[1].id));
  const isWaiting = ({ state }: Mutation): boolean => state === 'pending' || state === 'persisting';
  const heir = writes.find((write) => isWaiting(write) && write.steps.some((step) => ids.has(step[2])));
  return (other) => (other === heir?.steps ? [...created, ...other] : other);
}
