// The outbox as an app sees it: what waits, what was refused, and what to do about it. `db.outbox`.

import { TriplaneError } from '../errors.ts';
import type { Step } from '../protocol/step.ts';
import type { Abortable } from '../types/abort.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import { footprintOf } from './footprint.ts';
import type { WritePromise } from './write-promise.ts';
import { dropped, kept, type Write, type WriteState } from './write.ts';

/** One write that is not certain yet, or was refused. */
export interface OutboxEntry {
  readonly eventId: string;
  /** `local`: kept here. `sent`: no answer yet. `applied`: the server has it. `parked`: waits for a write that was refused. */
  readonly state: Exclude<WriteState, 'unsaved'>;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly steps: readonly Step[];
  /** Why it was refused: with `type`, `status` and `hint`, as the server gave them. */
  readonly error?: TriplaneError;
}

export class OutboxDesk {
  readonly #back: Back;
  #entries: readonly OutboxEntry[] | undefined;
  #isTelling = false;

  constructor(back: Back) {
    this.#back = back;
  }

  /**
   * The refused ones first, then the waiting ones in order. The same array while nothing changed.
   *
   * @example
   * const waiting = db.outbox.list().filter(({ state }) => state !== 'refused').length;
   */
  list(): readonly OutboxEntry[] {
    const { refusals, outbox } = this.#back.organs;
    this.#entries ??= [...refusals.values(), ...outbox.list()].map(({ eventId, state, createdMs, steps, error }) => ({
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
  subscribe(told: (entries: readonly OutboxEntry[]) => void): () => void {
    this.#back.assertOpen();
    told(this.list());
    const listener = (): void =>
      safely(
        () => told(this.list()),
        (error) => this.#back.report(error),
      );
    this.#back.events.on('outbox', listener);
    return () => void this.#back.events.off('outbox', listener);
  }

  /**
   * Sends a refused write again, and after it those that waited for it. A signal that is aborted later ends the waiting, not the write.
   *
   * @throws TriplaneError 'transaction-invalid' if no such write was refused
   */
  retry(eventId: string, { signal }: Abortable = {}): WritePromise {
    this.#back.assertOpen();
    const { config, organs, replies, isReady } = this.#back;
    const { outbox, refusals, queries } = organs;
    if (!refusals.has(eventId)) throw new TriplaneError('transaction-invalid', `No refused write has the id '${eventId}'`);
    const newId = config.random.uuid();
    const reply = replies.write(newId, !isReady);
    const isTooLate = signal?.aborted ?? false;
    reply.until(signal, () => isTooLate);
    if (isTooLate) return reply.promise;
    const again = this.#takeOut(eventId).map((write) => outbox.add(write.eventId === eventId ? { ...write, eventId: newId } : write));
    this.#back.run([...again.flatMap((write) => queries?.add(write) ?? []), { do: 'store', edits: again.map(kept) }]);
    return reply.promise;
  }

  /** Gives up a refused write, and those that waited for it: what they were about never came to be. Gives their ids. */
  discard(eventId: string): readonly string[] {
    this.#back.assertOpen();
    const [refusal, ...waiting] = this.#takeOut(eventId);
    const cause = refusal?.error;
    for (const write of waiting) {
      const error = new TriplaneError('refused', 'It needed a write that was refused, and was discarded with it', { cause });
      this.#back.replies.writes.get(write.eventId)?.settle(error);
    }
    return [refusal, ...waiting].flatMap((write) => write?.eventId ?? []);
  }

  /** Everything in it as plain JSON: to be saved elsewhere, or sent with a report. */
  export(): string {
    return JSON.stringify(this.list().map(({ error, ...entry }) => ({ ...entry, ...(error && { error: error.message }) })));
  }

  /** Something in it changed. Listeners hear at the end of the task, once. */
  changed(): void {
    this.#entries = undefined;
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#back.events.emit('outbox');
    });
  }

  /** A refused write, and those that wait for it, are no longer here. Gives them. */
  #takeOut(eventId: string): Write[] {
    const { outbox, refusals } = this.#back.organs;
    const refusal = refusals.get(eventId);
    if (!refusal) return [];
    refusals.delete(eventId);
    const gone = [refusal, ...outbox.needing(footprintOf(refusal.steps).creates, ({ state }) => state === 'parked')];
    this.#back.run([
      { do: 'store', edits: gone.map(dropped) },
      { do: 'tell', news: { type: 'gone', eventIds: gone.map((write) => write.eventId) } },
      { do: 'announce', what: 'outbox' },
    ]);
    for (const write of gone) outbox.forget(write.eventId);
    return gone;
  }
}
