// A room that only listens, over documented operations alone: a topic `t` of the room is the platform's topic `<name>.<t>`.

import { LiveRoom } from '../rooms/live-room.ts';
import type { RoomDriver } from '../rooms/room-driver.ts';
import type { RoomCapabilities } from '../rooms/room.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import type { Subscription } from './subscriptions.ts';
import type { SubscribeRequest } from './transport.ts';
import type { PlatformEvent } from './types.ts';

export interface TopicRoomContext {
  subscribe(request: SubscribeRequest, listener: (event: PlatformEvent) => void): Subscription;
  connect(): Promise<void>;
}

export class TopicRoom implements RoomDriver {
  readonly Failure = PlatformRealtimeError;
  readonly capabilities: RoomCapabilities = {
    publish: false,
    presence: 'none',
    presenceData: false,
    selfEcho: false,
    publishAck: 'none',
    ordered: false,
  };
  readonly room: LiveRoom;
  readonly #context: TopicRoomContext;
  readonly #topics = new Map<string, Subscription | undefined>();

  constructor(name: string, context: TopicRoomContext) {
    this.#context = context;
    this.room = new LiveRoom(name, this);
  }

  subscribe(): void {
    this.#context.connect().then(
      () => this.#opened(),
      (error: Error) => this.room.failed(error),
    );
  }

  unsubscribe(): void {
    for (const [topic, subscription] of this.#topics) {
      subscription?.unsubscribe();
      this.#topics.set(topic, undefined);
    }
  }

  publish(): Promise<void> {
    return Promise.reject(new PlatformRealtimeError('UNSUPPORTED', 'No documented call publishes to a topic'));
  }

  topicWanted(topic: string, isWanted: boolean): void {
    this.#topics.get(topic)?.unsubscribe();
    if (!isWanted) return void this.#topics.delete(topic);
    this.#topics.set(topic, this.room.status === 'joined' ? this.#subscribe(topic) : undefined);
  }

  /** The connection is there: also after a loss, when the subscriptions are made again by themselves. */
  connected(): void {
    if (this.room.status === 'reconnecting') this.#opened();
  }

  #opened(): void {
    if (!this.room.isWanted || this.room.status === 'joined') return;
    for (const [topic, subscription] of this.#topics) this.#topics.set(topic, subscription ?? this.#subscribe(topic));
    this.room.opened([], undefined);
  }

  #subscribe(topic: string): Subscription {
    const full = `${this.room.name}.${topic}`;
    const subscription = this.#context.subscribe({ topic: full }, ({ payload, raw }) => this.room.received({ topic, data: payload, raw }));
    subscription.ready.catch((error: Error) => this.#topics.get(topic) === subscription && this.room.report(error));
    return subscription;
  }
}
