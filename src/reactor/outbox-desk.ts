// The outbox as an app sees it: what waits, what was refused, and what to do about it. `db.outbox`.

import { TriplaneError } from '../errors.ts';
import type { Step } from '../protocol/step.ts';
import type { Abortable } from '../types/abort.ts';
import { safely } from './audience.ts';
import type { Back } from './desk.ts';
import type { Effect } from './effect.ts';
import { footprintOf } from './footprint.ts';
import type { WritePromise } from './write-promise.ts';
import { type Write, type WriteState, writeRecordKey } from './write.ts';

/** One write that is not certain yet, or was refused. */
export interface OutboxEntry {
  readonly eventId: string;
  /** `local`: kept here. `sent`: no answer yet. `applied`: the server has it. `parked`: waits for a write that was refused. */
  readonly state: Exclude<WriteState, 'unsaved'> | 'refused';
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
    this.#entries ??= [
      ...refusals.list().map(({ write, error }) => ({ ...entryOf(write), state: 'refused' as const, error })),
      ...outbox.list().map(entryOf),
    ];
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
    const refusal = refusals.get(eventId);
    if (!refusal) throw new TriplaneError('transaction-invalid', `No refused write has the id '${eventId}'`);
    const newId = config.random.uuid();
    const isTooLate = signal?.aborted ?? false;
    const promise = replies.write(newId, !isReady);
    if (signal) replies.writeUntil(newId, signal, () => isTooLate);
    if (isTooLate) return promise;
    const effects: Effect[] = [{ do: 'store', edits: refusals.remove(refusal) }];
    const enter = (write: Write, id: string): void => {
      const again = outbox.again(write, id);
      effects.push({ do: 'store', edits: [{ remove: writeRecordKey(write) }, ...outbox.save(again)] }, ...queries.add(again));
    };
    const waiting = this.#parkedFor(refusal.write);
    enter(refusal.write, newId);
    for (const write of waiting) enter(write, write.eventId);
    this.#back.run([
      ...effects,
      { do: 'tell', news: { type: 'gone', eventIds: [eventId, ...waiting.map((write) => write.eventId)] } },
      { do: 'announce', what: 'outbox' },
    ]);
    return promise;
  }

  /** Gives up a refused write, and those that waited for it: what they were about never came to be. Gives their ids. */
  discard(eventId: string): readonly string[] {
    this.#back.assertOpen();
    const { organs, replies } = this.#back;
    const { outbox, refusals } = organs;
    const refusal = refusals.get(eventId);
    if (!refusal) return [];
    const parked = this.#parkedFor(refusal.write);
    const error = new TriplaneError('refused', 'It needed a write that was refused, and was discarded with it', { cause: refusal.error });
    const edits = [...refusals.remove(refusal), ...parked.flatMap((write) => outbox.forget(write.eventId))];
    for (const write of parked) replies.writeSettled(write.eventId, error);
    const eventIds = [eventId, ...parked.map((write) => write.eventId)];
    this.#back.run([
      { do: 'store', edits },
      { do: 'tell', news: { type: 'gone', eventIds } },
      { do: 'announce', what: 'outbox' },
    ]);
    return eventIds;
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

  #parkedFor(refused: Write): Write[] {
    const gone = new Set(footprintOf(refused.steps).creates);
    return this.#back.organs.outbox.list().filter(({ state, steps }) => {
      const { creates, touches } = footprintOf(steps);
      if (state !== 'parked' || ![...touches].some((id) => gone.has(id))) return false;
      for (const id of creates) gone.add(id);
      return true;
    });
  }
}

function entryOf({ eventId, state, createdMs, steps }: Write): OutboxEntry {
  return { eventId, state: state === 'unsaved' ? 'local' : state, createdMs, steps };
}
