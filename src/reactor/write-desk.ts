// Where writes are handed in. From here on a write is safe: it goes out, in order, when it is on disk and a session is open.

import type { TriplaneError } from '../errors.ts';
import type { Step } from '../protocol/step.ts';
import type { Transact } from '../protocol/transact-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { expandChunks } from '../transact/expand.ts';
import { opsOf } from '../transact/operation.ts';
import type { Back } from './desk.ts';
import { onward } from './effect.ts';
import { footprintOf } from './footprint.ts';
import { receiptsKey } from './receipt.ts';
import type { Receipts } from './receipts.ts';
import { asError, disabledError, fullError, readOnlyError } from './trouble.ts';
import type { WritePromise } from './write-promise.ts';
import { kept, readWrite, type Write, writePrefix, writeRecordKey } from './write.ts';

export class WriteDesk {
  readonly #back: Back;
  /** Made in another tab, which tells its user what became of them. */
  readonly foreign = new Set<string>();
  /** Undefined where none are asked for, and until they are loaded: before the first session. */
  #receipts: Receipts | undefined;

  constructor(back: Back) {
    this.#back = back;
  }

  /** @throws TransactionValidationError, TriplaneError 'closed'; what the server says of it comes with the promise */
  transact(chunks: unknown, signal?: AbortSignal): WritePromise {
    this.#back.assertOpen();
    this.check(chunks);
    return this.write(() => this.expand(chunks), signal);
  }

  check(chunks: unknown): void {
    const { validate, schema } = this.#back.config;
    if (!validate) return;
    const ops = opsOf(chunks);
    schema?.checkTransaction?.(ops);
  }

  /** The same of steps. What goes wrong in making them comes with the promise. */
  write(make: () => readonly Step[], signal?: AbortSignal): WritePromise {
    this.#back.assertOpen();
    const { config, replies, isReady } = this.#back;
    const eventId = config.random.uuid();
    const reply = replies.write(eventId, !isReady);
    reply.until(signal, () => this.#withdraw(eventId));
    try {
      if (!signal?.aborted) this.#add(eventId, make);
    } catch (error) {
      this.settle(eventId, asError(error));
    }
    return reply.promise;
  }

  expand(chunks: unknown): Step[] {
    const { config, organs } = this.#back;
    return expandChunks(chunks, {
      attrs: organs.catalogue.withPending(organs.outbox.makers()),
      schema: config.schema,
      id: () => config.random.uuid(),
      isSeen: (etype, e) => organs.queries?.holds(etype, e),
      isMade: (id) => organs.outbox.makes(id),
      useDates: config.useDates,
    });
  }

  /** What may go out now, in order; each stays in the outbox until it is answered. */
  take(): Transact[] {
    const { config, organs, isReady, isSender } = this.#back;
    if (!isReady || !organs.session.isWritable || !isSender) return [];
    const messages = organs.outbox.take(config.clock.now());
    const receipts = this.#receipts;
    return receipts ? messages.map((message) => this.#withReceipt(message, receipts)) : messages;
  }

  /** These are on disk, or as safe as they will get. */
  saved(edits: readonly Edit[]): void {
    const { organs, replies } = this.#back;
    for (const edit of edits) {
      if (!('put' in edit) || !edit.put.startsWith('write/')) continue;
      const eventId = edit.put.slice(edit.put.lastIndexOf('/') + 1);
      if (organs.outbox.saved(eventId)) this.#back.run([{ do: 'tell', news: { type: 'write', record: edit.value } }]);
      replies.writes.get(eventId)?.saved();
    }
    this.#back.run([{ do: 'flush' }]);
  }

  /** A refusal that no promise tells is reported, so that it is not lost. */
  settle(eventId: string, error: TriplaneError | undefined): void {
    const { organs, replies } = this.#back;
    if (this.#receipts && !error) this.#back.run([{ do: 'store', edits: this.#receipts.confirmed(eventId, organs.session.owner) }]);
    const isTold = replies.writes.get(eventId)?.settle(error) ?? this.foreign.has(eventId);
    this.foreign.delete(eventId);
    if (error && !isTold) this.#back.report(error);
  }

  /** Forgets what every answer contains. */
  prune(): void {
    const { outbox, queries } = this.#back.organs;
    const passed = queries?.takePassed();
    if (!passed?.length) return;
    this.#back.run([
      { do: 'store', edits: passed.flatMap((eventId) => outbox.forget(eventId)) },
      { do: 'announce', what: 'outbox' },
    ]);
  }

  /** What was kept for the user of the session. */
  async load(): Promise<void> {
    const { config, organs } = this.#back;
    const { outbox, refusals, session } = organs;
    const read = async (place: 'write' | 'refused'): Promise<Write[]> =>
      (await config.store.list(writePrefix(session.owner, place))).flatMap(([, value]) => readWrite(value) ?? []);
    const taken = outbox.load(await read('write'));
    for (const refusal of await read('refused')) refusals.set(refusal.eventId, refusal);
    if (config.receipts) await this.#loadReceipts();
    for (const { steps } of refusals.values()) outbox.park(footprintOf(steps).creates);
    if (taken.length > 0) this.#back.run([...(organs.queries?.rewrite(outbox.shown()) ?? []), ...onward]);
  }

  /** Those made before it was known whose they are. */
  adopt(): void {
    const { outbox, queries, session } = this.#back.organs;
    const unsaved = outbox.list().filter(({ state }) => state === 'unsaved');
    const adopted = unsaved.map((write) => outbox.add({ ...write, owner: session.owner }));
    this.#back.run([...(queries?.rewrite(adopted) ?? []), { do: 'store', edits: adopted.map(kept) }]);
  }

  /** As if it had never been made. Not what is on its way to the disk, or there, and not what a later write builds on. */
  #withdraw(eventId: string): boolean {
    const { organs, isLoaded } = this.#back;
    const { outbox, queries } = organs;
    const write = outbox.get(eventId);
    if (!write) return true;
    if (write.state !== 'unsaved' || outbox.isBuiltOn(write)) return false;
    if (isLoaded && !this.#back.takeBack(writeRecordKey(write))) return false;
    outbox.forget(eventId);
    this.#back.run([...(queries?.refused(eventId) ?? []), ...onward]);
    return true;
  }

  #add(eventId: string, make: () => readonly Step[]): void {
    const { config, organs, isLoaded } = this.#back;
    const { session, outbox, queries } = organs;
    if (!session.isWritable) throw session.appStatus === 'disabled' ? disabledError() : readOnlyError();
    if (outbox.size >= config.outboxLimit) throw fullError(config.outboxLimit);
    const write = outbox.add({ eventId, owner: session.owner, steps: make(), createdMs: config.clock.now() });
    this.#back.run([
      ...(queries?.add(write) ?? []),
      { do: 'store', edits: isLoaded ? [kept(write)] : [] },
      { do: 'announce', what: 'outbox' },
    ]);
  }

  async #loadReceipts(): Promise<void> {
    const { config, organs } = this.#back;
    this.#receipts ??= new (await import('./receipts.ts')).Receipts();
    this.#receipts.load(await config.store.get(receiptsKey(organs.session.owner)));
  }

  #withReceipt(message: Transact, receipts: Receipts): Transact {
    const { config, organs } = this.#back;
    const eventId = message['client-event-id'] ?? '';
    const steps = receipts.steps(eventId, organs.catalogue.known, () => config.random.uuid());
    return { ...message, 'tx-steps': [...message['tx-steps'], ...steps] };
  }
}
