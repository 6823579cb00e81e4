// Subscriptions to topics. They are renewed with every connection and identified by the server's id, or by topic and filter. The listener of one that
// has ended is not called again, whatever the server still sends.

import type { Clock, Timer } from '../lib/clock.ts';
import { equal } from '../lib/equal.ts';
import { type Deferred, deferred } from '../rooms/deferred.ts';
import { isPlain } from '../rooms/payload.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import type { PlatformTransport, SubscribeRequest } from './transport.ts';
import type { PlatformEvent } from './types.ts';
import type { Wire } from './wire.ts';

export interface Subscription {
  /** Made here, at once: `sub_1`. */
  readonly id: string;
  /** Resolves when the server has confirmed, or did not answer within 5 s; rejects if it refused. */
  readonly ready: Promise<void>;
  unsubscribe(): void;
}

export interface SubscriptionContext {
  readonly wire: Wire;
  readonly clock: Clock;
  transport(): PlatformTransport;
  report(error: Error): void;
}

interface Entry {
  readonly id: string;
  readonly request: SubscribeRequest;
  readonly listener: (event: PlatformEvent<never>) => void;
  readonly ready: Deferred<void>;
  serverId: string | undefined;
  timer: Timer | undefined;
  isEnded: boolean;
}

const confirmWithinMs = 5_000;
const mostEventIds = 500;

export class Subscriptions {
  readonly #context: SubscriptionContext;
  readonly #entries = new Map<string, Entry>();
  /** Topic → unconfirmed subscriptions, in the order of their requests. */
  readonly #awaiting = new Map<string, Entry[]>();
  readonly #eventIds = new Set<string>();
  #count = 0;

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  subscribe(request: SubscribeRequest, listener: (event: PlatformEvent<never>) => void): Subscription {
    const id = `sub_${++this.#count}`;
    const entry: Entry = { id, request, listener, ready: deferred(), serverId: undefined, timer: undefined, isEnded: false };
    this.#entries.set(id, entry);
    const transport = this.#context.transport();
    if (transport.isConnected) this.#ask(entry);
    else void transport.connect().catch((error: Error) => this.#context.transport().status === 'closed' && this.#fail(entry, error));
    return { id, ready: entry.ready.promise, unsubscribe: () => this.unsubscribe(id) };
  }

  unsubscribe(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    entry.isEnded = true;
    this.#context.clock.clearTimeout(entry.timer);
    entry.ready.reject(new PlatformRealtimeError('SUBSCRIPTION_CANCELLED', `The subscription to '${entry.request.topic}' was ended`));
    const { topic } = entry.request;
    // An unconfirmed subscription is ended when the confirmation arrives, because only then its id is known.
    const isAwaited = this.#awaiting.get(topic)?.includes(entry) ?? false;
    if (entry.serverId !== undefined) this.#context.transport().unsubscribe({ subscriptionId: entry.serverId });
    else if (!isAwaited) this.#context.transport().unsubscribe({ topic, subscriptionId: id });
  }

  /** After a new connection, on which the server knows none of them. */
  opened(): void {
    for (const entry of this.#entries.values()) this.#ask(entry);
  }

  lost(): void {
    this.#awaiting.clear();
    for (const entry of this.#entries.values()) {
      entry.serverId = undefined;
      this.#context.clock.clearTimeout(entry.timer);
    }
  }

  /** Ends all: the credentials were rejected, or the client was closed. */
  ended(error: Error): void {
    for (const entry of [...this.#entries.values()]) this.#fail(entry, error);
  }

  /** The server's own message for a subscription, with its topic. */
  subscribed(body: unknown): void {
    const topic = isPlain(body) ? body['topic'] : undefined;
    const entry = typeof topic === 'string' ? this.#awaiting.get(topic)?.[0] : undefined;
    if (entry) this.#confirm(entry, this.#context.wire.subscribeResult(body));
  }

  /** False for anything that is not an event. */
  received(body: unknown, topic: string | undefined): boolean {
    const event = this.#context.wire.parseEvent(body, topic);
    if (!event) return false;
    // Without an envelope the fields are the payload's own: its `id` is a document's, not the event's.
    const envelope = event.payload === body ? undefined : body;
    if (!this.#isNew(envelope)) return true;
    const entries = [...this.#entries.values()].filter(({ request }) => request.topic === event.topic);
    for (const entry of this.#addressed(entries, envelope, event)) {
      try {
        entry.listener(event as PlatformEvent<never>);
      } catch (error) {
        this.#context.report(error as Error);
      }
    }
    return true;
  }

  #ask(entry: Entry): void {
    const { wire, clock } = this.#context;
    const { topic } = entry.request;
    this.#awaiting.set(topic, [...(this.#awaiting.get(topic) ?? []), entry]);
    entry.timer = clock.setTimeout(() => this.#unconfirmed(entry), confirmWithinMs);
    this.#context.transport().subscribe(entry.request, (answer) => {
      const refusal = wire.joinRefusal(answer);
      if (!refusal) return this.#confirm(entry, wire.subscribeResult(answer));
      this.#forget(entry);
      const error = new PlatformRealtimeError(refusal.code, refusal.message, { channel: topic });
      this.#fail(entry, error);
      this.#context.report(error);
    });
  }

  #confirm(entry: Entry, serverId: string | undefined): void {
    if (!this.#forget(entry)) return;
    if (entry.isEnded) {
      this.#context
        .transport()
        .unsubscribe(serverId === undefined ? { topic: entry.request.topic, subscriptionId: entry.id } : { subscriptionId: serverId });
      return;
    }
    entry.serverId = serverId;
    entry.ready.resolve();
  }

  /** A server that does not confirm is assumed to have subscribed (A1). */
  #unconfirmed(entry: Entry): void {
    const { topic } = entry.request;
    this.#context.report(
      new PlatformRealtimeError('SUBSCRIBE_TIMEOUT', `The subscription to '${topic}' was not confirmed; it is kept`, { channel: topic }),
    );
    this.#confirm(entry, undefined);
  }

  /** False if it was not waiting for a confirmation. */
  #forget(entry: Entry): boolean {
    this.#context.clock.clearTimeout(entry.timer);
    const waiting = this.#awaiting.get(entry.request.topic) ?? [];
    if (!waiting.includes(entry)) return false;
    this.#awaiting.set(
      entry.request.topic,
      waiting.filter((each) => each !== entry),
    );
    return true;
  }

  #fail(entry: Entry, error: Error): void {
    this.#entries.delete(entry.id);
    entry.isEnded = true;
    this.#context.clock.clearTimeout(entry.timer);
    entry.ready.reject(error);
  }

  /** An event may come once for each subscription that it fits. Told by its id, where it has one. */
  #isNew(body: unknown): boolean {
    const id = isPlain(body) ? (body['id'] ?? body['eventId']) : undefined;
    if (typeof id !== 'string') return true;
    if (this.#eventIds.has(id)) return false;
    this.#eventIds.add(id);
    if (this.#eventIds.size > mostEventIds) for (const oldest of this.#eventIds) if (this.#eventIds.delete(oldest)) break;
    return true;
  }

  /** Those an event is for: the one it names, else all whose filter it passes. */
  #addressed(entries: readonly Entry[], body: unknown, { payload }: PlatformEvent): readonly Entry[] {
    const serverId = isPlain(body) ? body['subscriptionId'] : undefined;
    if (typeof serverId === 'string') return entries.filter((entry) => entry.serverId === serverId);
    // The server has filtered for a subscription that is the only one.
    if (entries.length < 2) return entries;
    return entries.filter(({ request: { filter = {} } }) =>
      Object.entries(filter).every(([key, value]) => isPlain(payload) && equal(payload[key], value)),
    );
  }
}
