// Where writes are handed in. From here on a write is safe: it goes out, in order, when it is on disk and a session is open.

import type { TriplaneError } from '../errors.ts';
import type { Step } from '../protocol/step.ts';
import type { Transact } from '../protocol/transact-messages.ts';
import type { Edit } from '../storage/key-value.ts';
import { queryKey } from '../query/key.ts';
import { expandChunks } from '../transact/expand.ts';
import { opsOf } from '../transact/operation.ts';
import { beforeThisSession, confirmed } from './confirmed.ts';
import type { Back } from './desk.ts';
import { footprintOf } from './footprint.ts';
import { receiptsKey } from './receipt.ts';
import type { Receipts } from './receipts.ts';
import { refusalPrefix } from './refusal.ts';
import { refused } from './refused.ts';
import { asError, disabledError, fullError, readOnlyError } from './trouble.ts';
import type { WritePromise } from './write-promise.ts';
import { readWrite, type Write, writePrefix, writeRecordKey } from './write.ts';

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
    const promise = replies.write(eventId, !isReady);
    try {
      if (!signal?.aborted) this.#add(eventId, make);
    } catch (error) {
      this.settle(eventId, asError(error));
    }
    if (signal) replies.writeUntil(eventId, signal, () => this.#withdraw(eventId));
    return promise;
  }

  expand(chunks: unknown): Step[] {
    const { config, organs } = this.#back;
    return expandChunks(chunks, {
      attrs: organs.catalogue.withPending(organs.outbox.makers()),
      schema: config.schema,
      id: () => config.random.uuid(),
      known: (e) => organs.queries.dbs(typeof e === 'string' ? e : undefined),
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
    for (const edit of edits) {
      const write = 'put' in edit ? readWrite(edit.value) : undefined;
      if (!write || !('put' in edit)) continue;
      if (this.#back.organs.outbox.saved(write.eventId)) this.#back.run([{ do: 'tell', news: { type: 'write', record: edit.value } }]);
      this.#back.replies.writeSaved(write.eventId);
    }
    this.#back.run([{ do: 'flush' }]);
  }

  /** A refusal that no promise tells is reported, so that it is not lost. */
  settle(eventId: string, error: TriplaneError | undefined): void {
    const { organs, replies } = this.#back;
    if (this.#receipts && !error) this.#back.run([{ do: 'store', edits: this.#receipts.confirmed(eventId, organs.session.owner) }]);
    const untold = replies.writeSettled(eventId, error);
    if (untold && !this.foreign.delete(eventId)) this.#back.report(untold);
  }

  /** Forgets what every answer contains. */
  prune(): void {
    const { outbox, queries } = this.#back.organs;
    const passed = queries.takePassed();
    if (passed.length === 0) return;
    this.#back.run([
      { do: 'store', edits: passed.flatMap((eventId) => outbox.forget(eventId)) },
      { do: 'announce', what: 'outbox' },
    ]);
  }

  /** A refused write that may be in place from an earlier sending: it is, if what it makes is there. No one else has its ids. */
  async verify(write: Write, error: TriplaneError): Promise<void> {
    const { config, organs, run } = boundTo(this.#back);
    const [id] = footprintOf(write.steps).creates;
    const etype = write.steps.flatMap((step) =>
      step[0] === 'add-triple' && step[1] === id ? (organs.catalogue.known.byId(step[2])?.etype ?? []) : [],
    )[0];
    if (id === undefined || etype === undefined) return run(refused(organs, write, error, config.clock.now()));
    try {
      const query = { [etype]: { $: { where: { id } } } };
      const answer = this.#back.ask(query);
      // What is seen holds the write itself; only the server's own word counts.
      const view = organs.queries.get(queryKey(query))?.view;
      await answer;
      if (organs.outbox.get(write.eventId) === undefined) return;
      const isThere = view?.isAnswered(etype, id) ?? false;
      const nowMs = config.clock.now();
      run(isThere ? confirmed(organs, write.eventId, beforeThisSession, nowMs) : refused(organs, write, error, nowMs));
    } catch (cause) {
      // No answer: it goes out again with the next line, and comes back here.
      config.log.info('a refused write could not be looked up', cause);
    }
  }

  /** What was kept for the user of the session. */
  async load(): Promise<void> {
    const { config, organs, run } = boundTo(this.#back);
    const { outbox, queries, refusals, session } = organs;
    const valuesOf = async (prefix: string): Promise<unknown[]> => (await config.store.list(prefix)).map(([, value]) => value);
    const kept = outbox.load(await valuesOf(writePrefix(session.owner)));
    refusals.load(await valuesOf(refusalPrefix(session.owner)));
    if (config.receipts) await this.#loadReceipts();
    const parked = refusals.list().flatMap(({ write }) => outbox.park(footprintOf(write.steps).creates));
    if (kept.length === 0) return;
    const parkedIds = new Set(parked.map(({ eventId }) => eventId));
    const shown = outbox.list().filter(({ eventId }) => !parkedIds.has(eventId));
    run([...queries.rewrite(shown), { do: 'prune' }, { do: 'flush' }, { do: 'announce', what: 'outbox' }]);
  }

  /** Those made before it was known whose they are. */
  adopt(): void {
    const { outbox, queries, session } = this.#back.organs;
    const unsaved = outbox.list().filter(({ state }) => state === 'unsaved');
    const adopted = outbox.adopt(unsaved, session.owner);
    this.#back.run([...queries.rewrite(adopted), ...adopted.map((write) => ({ do: 'store', edits: outbox.save(write) }) as const)]);
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
    this.#back.run([...queries.refused(eventId), { do: 'prune' }, { do: 'announce', what: 'outbox' }, { do: 'flush' }]);
    return true;
  }

  #add(eventId: string, make: () => readonly Step[]): void {
    const { config, organs, isLoaded } = this.#back;
    const { session, outbox, queries } = organs;
    if (!session.isWritable) throw session.appStatus === 'disabled' ? disabledError() : readOnlyError();
    if (outbox.size >= config.outboxLimit) throw fullError(config.outboxLimit);
    const write = outbox.add(eventId, session.owner, make(), config.clock.now());
    this.#back.run([
      ...queries.add(write),
      ...(isLoaded ? [{ do: 'store', edits: outbox.save(write) } as const] : []),
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

function boundTo(back: Back): Pick<Back, 'config' | 'organs' | 'run'> {
  return { config: back.config, organs: back.organs, run: (effects) => back.run(effects) };
}
