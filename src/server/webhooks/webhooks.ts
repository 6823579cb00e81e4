// The webhooks of one app. Events are written in the transaction they report, so none is lost or invented. A server claims an event before
// sending it: servers that share a storage send each event once, and a dead one is replaced after a minute.

import type { ChangeSet } from '../../db/change-set.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Ledger } from '../data/ledger.ts';
import { submit } from '../data/submit.ts';
import { serverActor } from '../data/system-rules.ts';
import type { Derive, DerivedFrom, LedgerState } from '../data/write.ts';
import type { LogEntry, Records } from '../storage/storage.ts';
import { changesFor } from './changes.ts';
import { attempted, claimed, isDue, notSent } from './delivery.ts';
import { countChanges, EventIndex } from './event-index.ts';
import type { WebhookSender } from './sender.ts';
import { eventIn, eventName, eventOf, eventRecord, type Webhook, type WebhookEvent, webhooksOf, webhooksRecord } from './webhook.ts';

export interface WebhooksConfig {
  readonly appId: string;
  readonly ledger: () => Ledger;
  readonly clock: Clock;
  readonly logger: Log;
  /** Missing = events are written but not sent. */
  readonly sender: WebhookSender | undefined;
}

/** Concurrent requests per webhook. Those under way may be due for a moment, so twice as many are looked for. */
const maxAtOnce = 4;
/** How long events are kept. */
const keptMs = 60 * 24 * 3_600_000;
/** Dropped events between two warnings. */
const warnEvery = 1000;
/** Retry delay after a failure of the storage. */
const retryMs = 5000;
/** Maximum delay of one timer; longer waits are chained. */
const longestTimerMs = 3_600_000;

export class Webhooks {
  readonly #config: WebhooksConfig;
  readonly #index = new EventIndex();
  /** The events under way, by webhook: a receiver that stalls holds up no other. */
  readonly #sending = new Map<string, Set<number>>();
  #unsent = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(config: WebhooksConfig) {
    this.#config = config;
  }

  /** The events of a transaction, and the removal of old ones to make room. */
  readonly derive: Derive = (changeSet, about) => this.#deriveSteps(changeSet, about);

  *#deriveSteps(changeSet: ChangeSet, { attrs, records, txId, at }: DerivedFrom): Generator<void, Records | undefined> {
    const made: Record<string, unknown> = {};
    for (const webhook of webhooksOf(records)) {
      if (webhook.status !== 'active') continue;
      const changes = yield* changesFor(webhook, changeSet, attrs);
      if (changes.length === 0) continue;
      yield* countChanges(changes);
      const times = { nextAt: at, createdAt: at, updatedAt: at };
      Object.assign(made, eventRecord({ webhookId: webhook.id, txId, status: 'pending', attempts: null, ...times, changes }));
      const { gone, unsent } = this.#index.surplus(webhook.id, at - keptMs);
      for (const old of gone) made[eventName(webhook.id, old)] = null;
      if (unsent > 0) this.#warnUnsent(webhook, unsent);
    }
    return Object.keys(made).length > 0 ? made : undefined;
  }

  /** Replaces all records. */
  load(): void {
    this.#index.clear();
    for (const [name, value] of this.#config.ledger().records) this.#note(name, value);
    this.#schedule();
  }

  committed(entries: readonly LogEntry[]): void {
    let isNew = false;
    for (const { records } of entries) for (const [name, value] of Object.entries(records ?? {})) isNew = this.#note(name, value) || isNew;
    if (isNew) this.#schedule();
  }

  /** The events of a webhook, newest first. */
  eventsOf(webhookId: string): WebhookEvent[] {
    const { records } = this.#config.ledger();
    return this.#index.of(webhookId).flatMap((txId) => eventOf(records, webhookId, txId) ?? []);
  }

  /** Whether anything is to be sent, now or later. */
  get isBusy(): boolean {
    return this.#sending.size > 0 || this.#index.nextAt() !== undefined;
  }

  stop(): void {
    this.#isStopped = true;
    this.#config.clock.clearTimeout(this.#timer);
  }

  #note(name: string, value: unknown): boolean {
    const place = eventIn(name);
    if (!place) return false;
    this.#index.note(place.webhookId, place.txId, value as WebhookEvent | null);
    return true;
  }

  #schedule(): void {
    const { clock, sender } = this.#config;
    clock.clearTimeout(this.#timer);
    const nextAt = this.#index.nextAt(clock.now(), (webhookId) => this.#isFull(webhookId));
    if (nextAt === undefined || this.#isStopped || !sender?.canSend) return;
    const wait = Math.max(0, Math.min(longestTimerMs, nextAt - clock.now()));
    this.#timer = clock.setTimeout(() => this.#sendDue(), wait);
  }

  #sendDue(): void {
    const now = this.#config.clock.now();
    for (const { webhookId, txId } of this.#index.due(now, 2 * maxAtOnce)) {
      const sending = this.#sending.get(webhookId) ?? new Set<number>();
      if (this.#isStopped) return;
      if (this.#isFull(webhookId) || sending.has(txId)) continue;
      this.#sending.set(webhookId, sending.add(txId));
      void this.#deliver(webhookId, txId)
        .catch((error: unknown) => this.#failed(error))
        .then(() => {
          sending.delete(txId);
          if (sending.size === 0) this.#sending.delete(webhookId);
          this.#schedule();
        });
    }
    // Events being sent have a due time of their own in the index, so this waits for the others.
    if (this.#sending.size === 0) this.#schedule();
  }

  #isFull(webhookId: string): boolean {
    return (this.#sending.get(webhookId)?.size ?? 0) >= maxAtOnce;
  }

  #warnUnsent({ id }: Webhook, count: number): void {
    const warnings = Math.ceil(this.#unsent / warnEvery);
    this.#unsent += count;
    if (Math.ceil(this.#unsent / warnEvery) === warnings) return;
    this.#config.logger.warn(`the receiver of the webhook ${id} is too slow: its oldest events are dropped without being sent`);
  }

  /** The log cannot be written: resolves when it is time to try again. */
  #failed(error: unknown): Promise<void> {
    const { clock, logger } = this.#config;
    if (this.#isStopped) return Promise.resolve();
    logger.warn('an event of a webhook could not be delivered', error);
    return new Promise((resolve) => clock.setTimeout(resolve, retryMs));
  }

  async #deliver(webhookId: string, txId: number): Promise<void> {
    const { appId, sender } = this.#config;
    const claim = await this.#change(webhookId, txId, ({ event, webhook, at }) => {
      if (!isDue(event, at)) return undefined;
      if (!webhook) return { [eventName(webhookId, txId)]: null };
      if (webhook.status === 'active') return eventRecord(claimed(event, at));
      return eventRecord(attempted(event, webhook, notSent(at), at).event);
    });
    if (!sender || !claim?.webhook || claim.event.status !== 'processing') return;
    const attempt = await sender.send(appId, claim.webhook, claim.event);
    await this.#change(webhookId, txId, ({ event, webhook, webhooks, at }) => {
      // Another server has taken over.
      if (!webhook || event.status !== 'processing' || event.nextAt !== claim.event.nextAt) return undefined;
      const after = attempted(event, webhook, attempt, at);
      const list = after.webhook === webhook ? {} : { [webhooksRecord]: webhooks.map((one) => (one === webhook ? after.webhook : one)) };
      return { ...eventRecord(after.event), ...list };
    });
  }

  /** In one transaction. Resolves to the resulting event; undefined if it does not exist or `make` changes nothing. */
  async #change(webhookId: string, txId: number, make: (state: EventState) => Records | undefined): Promise<Changed | undefined> {
    const ledger = this.#config.ledger();
    let changed: Changed | undefined;
    const steps = ({ records, at }: LedgerState): { steps: []; records?: Records } => {
      changed = undefined;
      const [event, webhooks] = [eventOf(records, webhookId, txId), webhooksOf(records)];
      const webhook = webhooks.find(({ id }) => id === webhookId);
      const next = event && make({ event, webhook, webhooks, at });
      if (!next) return { steps: [] };
      const after = next[eventName(webhookId, txId)] as WebhookEvent | null;
      if (after) changed = { event: after, webhook };
      return { steps: [], records: next };
    };
    await submit(ledger, { steps, event: undefined, actor: serverActor });
    return changed;
  }
}

interface EventState {
  readonly event: WebhookEvent;
  readonly webhook: Webhook | undefined;
  readonly webhooks: readonly Webhook[];
  readonly at: number;
}

interface Changed {
  readonly event: WebhookEvent;
  readonly webhook: Webhook | undefined;
}
