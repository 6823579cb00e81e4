// Where other tabs come with their news. All tabs keep and show the same writes; one of them sends.

import type { Timer } from '../../lib/clock.ts';
import type { Tabs } from './tab-channel.ts';
import { acknowledgeElsewhere, rebaseLoaded } from '../mutations/acknowledge.ts';
import type { ClientContext } from '../context.ts';
import { type Effect, onward } from '../effect.ts';
import { readUser } from '../account.ts';
import { reject } from '../mutations/reject.ts';
import { isTabMessage, type TabMessage } from '../effect.ts';
import { asError, discardedError } from '../client-errors.ts';
import { type Mutation, mutationRecord, readMutation } from '../mutations/mutation.ts';
import { writeSetOf } from '../mutations/write-set.ts';
import type { Outcome } from '../mutations/settled-writes.ts';
import { envOf } from '../state.ts';

/** How long a write waits for the leader before it is asked for a sign of life, and what became of the write. */
const leaderCheckMs = 3_000;
/** The leader is asked about waiting writes at the first, second and fourth check, and then at every one of so many. */
const checksPerAsk = 4;
/** How long a write of another tab that comes before writes of this one waits for more of them: each has all later ones applied again. */
const earlyMs = 20;
/** With fewer writes, it does not wait. */
const fewWrites = 100;

export class TabSync {
  readonly #context: ClientContext;
  readonly #tabs: Tabs;
  #leaderTimer: Timer | undefined;
  /** Checks in a row. */
  #checks = 0;
  /** When another tab first asked about a write that nobody has told of here. */
  readonly #askedMs = new Map<string, number>();
  /** Writes of other tabs since one that comes before writes of this tab, in the order in which they came. */
  #early: Mutation[] = [];
  #earlyTimer: Timer | undefined;

  constructor(context: ClientContext, tabs: Tabs) {
    this.#context = context;
    this.#tabs = tabs;
    tabs.listen({
      onMessage: (message) => void this.#whenLoaded(() => this.#onMessage(message)),
      // A tab that was frozen has yet to hear what became of the writes that it heard of.
      onBecameLeader: () => void context.writes.hold(() => this.#whenLoaded(() => this.#reload())),
    });
  }

  broadcast(message: TabMessage): void {
    this.#tabs.broadcast(message);
  }

  /** Called after every change. While writes wait for another tab to send them, that tab is asked for a sign of life now and then. */
  watchLeader(hasWaitingWrites: boolean): void {
    const { clock } = this.#context.config;
    const isNeeded = hasWaitingWrites && !this.#tabs.isLeader;
    if (!isNeeded) {
      clock.clearTimeout(this.#leaderTimer);
      this.#leaderTimer = undefined;
      this.#checks = 0;
    } else
      this.#leaderTimer ??= clock.setTimeout(() => {
        this.#leaderTimer = undefined;
        this.#tabs.checkLeader?.();
        this.#checks += 1;
        if ((this.#checks & (this.#checks - 1)) === 0 || this.#checks % checksPerAsk === 0) this.#context.writes.askLeader();
        this.#context.run([]);
      }, leaderCheckMs);
  }

  async close(): Promise<void> {
    this.#context.config.clock.clearTimeout(this.#leaderTimer);
    this.#context.config.clock.clearTimeout(this.#earlyTimer);
    await this.#tabs.close();
  }

  async #whenLoaded(work: () => Promise<void> | void): Promise<void> {
    await this.#context.account.loaded;
    try {
      await work();
    } catch (error) {
      this.#context.run([{ do: 'report', error: asError(error, 'storage-failed') }]);
    }
  }

  #onMessage(message: unknown): Promise<void> | void {
    const { state, config, events } = this.#context;
    events.emit('fact', 'tab', message);
    if (!isTabMessage(message)) return;
    if (message.type !== 'write') this.#takeEarly();
    // While this tab reads the disk, it may have read how the writes were before.
    for (const [eventId, position] of settledIn(message)) {
      state.outbox.settled.add(eventId, position);
      this.#askedMs.delete(eventId);
    }
    switch (message.type) {
      case 'write':
        return this.#onWrite(message.record);
      case 'acknowledged':
        return this.#context.run(acknowledgeElsewhere(state, message.eventId, message, envOf(config)));
      case 'rejected':
        return this.#onRejected(message.record);
      case 'gone':
        return this.#onRemoved(message.eventIds);
      case 'waiting':
        return this.#tabs.isLeader && Array.isArray(message.records) ? this.#onAsked(message.records) : undefined;
      case 'user':
        return this.#context.account.applyUser(readUser(message.user));
    }
  }

  #onWrite(record: unknown): void {
    const { config, state } = this.#context;
    const write = readMutation(record);
    if (!write) return;
    const { lastOrder, size } = state.outbox;
    if (this.#early.length === 0 && (write.order > lastOrder || size < fewWrites)) return this.#take([write]);
    this.#early.push(write);
    this.#earlyTimer ??= config.clock.setTimeout(() => this.#takeEarly(), earlyMs);
  }

  #takeEarly(): void {
    this.#context.config.clock.clearTimeout(this.#earlyTimer);
    this.#earlyTimer = undefined;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) this.#take(early);
  }

  #take(writes: readonly Mutation[]): void {
    const { state } = this.#context;
    const { outbox, queries, session } = state;
    const others = new Set(writes.map(({ owner }) => owner).filter((owner) => owner !== session.owner));
    for (const owner of others) void this.#context.account.inheritWrite(owner);
    // This tab may have been frozen while it was told, and have read the write from the disk since.
    const news = writes.filter(({ owner, eventId }) => owner === session.owner && !outbox.settled.positionOf(eventId));
    for (const { eventId } of news) {
      outbox.settled.delete(eventId);
      this.#askedMs.delete(eventId);
    }
    const added = outbox.load(rebaseLoaded(state, news));
    for (const { eventId } of added) this.#context.writes.fromOtherTabs.add(eventId);
    const [only, ...more] = added;
    const shown = more.length > 0 ? queries.rewrite(outbox.unblocked()) : only ? queries.add(only) : [];
    this.#context.run([...shown, { do: 'announce', what: 'outbox' }, { do: 'flush' }]);
  }

  /** All records are of the user of the tab that asks. */
  #onAsked(records: readonly unknown[]): Promise<void> | void {
    const first = readMutation(records[0]);
    if (first && first.owner !== this.#context.state.session.owner) return this.#context.account.recheck();
    for (const record of records) this.#onWaiting(record);
  }

  /** Another tab waits for this write to be sent: it may have been settled, or nobody may have told it here. */
  #onWaiting(record: unknown): void {
    const { outbox, rejections, session } = this.#context.state;
    const waiting = readMutation(record);
    if (waiting?.owner !== session.owner) return;
    const { eventId, error } = waiting;
    const { txId, isn } = outbox.get(eventId) ?? outbox.settled.positionOf(eventId) ?? {};
    const rejection = rejections.get(eventId);
    if (txId !== undefined) this.broadcast({ type: 'acknowledged', eventId, txId, isn });
    else if (rejection) this.broadcast({ type: 'rejected', record: mutationRecord(rejection) });
    // A rejected one that is not listed has yet to be read again, after its user came back.
    else if (outbox.settled.has(eventId) && !outbox.settled.isRejected(eventId)) this.broadcast({ type: 'gone', eventIds: [eventId] });
    else if (!error && !outbox.get(eventId) && this.#isStillAsked(eventId)) this.#onWrite(record);
  }

  /** A tab that was frozen may ask before it hears what became of the write: it asks once more only if it does not hear that. */
  #isStillAsked(eventId: string): boolean {
    const nowMs = this.#context.config.clock.monotonicNow();
    const firstMs = this.#askedMs.get(eventId) ?? nowMs;
    this.#askedMs.set(eventId, firstMs);
    return nowMs - firstMs >= leaderCheckMs / 2;
  }

  #onRejected(record: unknown): void {
    const { state } = this.#context;
    const rejection = readMutation(record);
    const { eventId = '', rejectedAtMs = 0 } = rejection ?? {};
    if (!rejection?.error || rejection.owner !== state.session.owner) return;
    const write = state.outbox.get(eventId);
    // Stored here too: the tab that sends may be killed before it has, and this one may have been about to store the write in the terms of new
    // attrs, after the other had removed it.
    if (write) return this.#context.run(reject(state, write, rejection.error, rejectedAtMs).filter(isUntold));
    // This tab never had the write: it is listed all the same, and blocks what depends on it.
    state.rejections.set(eventId, rejection);
    const hidden = state.outbox.block(writeSetOf(rejection.steps));
    this.#context.run([...hidden.flatMap((write) => state.queries.reject(write.eventId)), ...onward]);
  }

  #onRemoved(eventIds: readonly string[]): void {
    const { outbox, rejections, queries } = this.#context.state;
    const effects: Effect[] = [];
    for (const eventId of eventIds) {
      rejections.delete(eventId);
      if (outbox.get(eventId)) effects.push(...queries.reject(eventId));
      effects.push({ do: 'store', edits: outbox.remove(eventId) });
      this.#context.pendingCalls.writes.get(eventId)?.settle(discardedError());
    }
    this.#context.run([...effects, ...onward]);
  }

  /** What is on disk, from whichever tab, is taken up. */
  async #reload(): Promise<void> {
    this.#takeEarly();
    await this.#context.account.recheck();
    await this.#context.writes.load();
  }
}

const isUntold = (effect: Effect): boolean => effect.do !== 'tell';

function settledIn(message: TabMessage): readonly (readonly [eventId: string, position?: Outcome])[] {
  switch (message.type) {
    case 'acknowledged':
      return [[message.eventId, message]];
    case 'rejected':
      return [[readMutation(message.record)?.eventId ?? '', 'rejected']];
    case 'gone':
      return message.eventIds.map((eventId) => [eventId]);
    default:
      return [];
  }
}
