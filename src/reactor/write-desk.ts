// Where writes are handed in. From here on a write is safe: it goes out, in order, when it is on disk and a session is open.

import type { TriplaneError } from '../errors.ts';
import type { Transact } from '../protocol/transact-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { expandChunks } from '../transact/expand.ts';
import { validateTransaction } from '../transact/validate.ts';
import type { Back } from './desk.ts';
import { asError, disabledError, readOnlyError } from './trouble.ts';
import type { WritePromise } from './write-promise.ts';
import { readWrite, writePrefix } from './write.ts';

export class WriteDesk {
  readonly #back: Back;

  constructor(back: Back) {
    this.#back = back;
  }

  /** @throws TransactionValidationError, TriplaneError 'closed'; what the server says of it comes with the promise */
  transact(chunks: unknown): WritePromise {
    this.#back.assertOpen();
    const { config, replies, isReady } = this.#back;
    if (config.validate) validateTransaction(chunks, config.schema);
    const eventId = config.random.uuid();
    const promise = replies.write(eventId, !isReady);
    try {
      this.#add(eventId, chunks);
    } catch (error) {
      this.settle(eventId, asError(error));
    }
    return promise;
  }

  /** What may go out now, in order; each stays in the outbox until it is answered. */
  take(): Transact[] {
    const { config, organs, isReady } = this.#back;
    return isReady && organs.session.isWritable ? organs.outbox.take(config.clock.now()) : [];
  }

  /** These are on disk, or as safe as they will get. */
  saved(edits: readonly Edit[]): void {
    for (const edit of edits) {
      const write = 'put' in edit ? readWrite(edit.value) : undefined;
      if (!write) continue;
      this.#back.organs.outbox.saved(write.eventId);
      this.#back.replies.writeSaved(write.eventId);
    }
    this.#back.run([{ do: 'flush' }]);
  }

  /** A refusal that no promise tells is reported, so that it is not lost. */
  settle(eventId: string, error: TriplaneError | undefined): void {
    const untold = this.#back.replies.writeSettled(eventId, error);
    if (untold) this.#back.report(untold);
  }

  /** Forgets what every answer contains. */
  prune(): void {
    const { outbox, queries } = this.#back.organs;
    for (const eventId of queries.takePassed()) outbox.remove(eventId);
  }

  /** What was kept for the user of the session. */
  async load(): Promise<void> {
    const { outbox, queries, session } = this.#back.organs;
    const records = await this.#back.config.store.list(writePrefix(session.owner));
    const kept = outbox.load(records.map(([, record]) => record));
    if (kept.length > 0) this.#back.run([...queries.rewrite(outbox.list()), { do: 'flush' }, { do: 'announce', what: 'outbox' }]);
  }

  /** Those made before it was known whose they are. */
  adopt(): void {
    const { outbox, queries, session } = this.#back.organs;
    const adopted = outbox.adopt(
      outbox.list().filter(({ state }) => state === 'unsaved'),
      session.owner,
    );
    this.#back.run([...queries.rewrite(adopted), ...adopted.map((write) => ({ do: 'store', edits: outbox.save(write) }) as const)]);
  }

  #add(eventId: string, chunks: unknown): void {
    const { config, organs, isLoaded } = this.#back;
    const { session, catalogue, outbox, queries } = organs;
    if (!session.isWritable) throw session.appStatus === 'disabled' ? disabledError() : readOnlyError();
    const known = [...queries.list()].map(({ view }) => view.db);
    const steps = expandChunks(chunks, {
      attrs: catalogue.withPending(outbox.makers()),
      schema: config.schema,
      id: () => config.random.uuid(),
      known,
      useDates: config.useDates,
    });
    const write = outbox.add(eventId, session.owner, steps, config.clock.now());
    this.#back.run([...queries.add(write), ...(isLoaded ? [{ do: 'store', edits: outbox.save(write) } as const] : [])]);
  }
}
