// A room of a backend: its state, its listeners and its holders. It has no connection: a driver carries out its requests and reports the server's
// responses.
//
//   idle ─join─▶ joining ─opened─▶ joined ─lost─▶ reconnecting ─opened─▶ joined
//                   └─refused─▶ rejected ◀─refused─┘      any ─leave─▶ left

import { type Deferred, deferred } from './deferred.ts';
import { Holders } from './holders.ts';
import { Listeners, surface } from './listeners.ts';
import { jsonOf } from './payload.ts';
import type { PresenceData, PresenceEvent, PresenceSnapshot, Room, RoomCapabilities, RoomMessage, RoomStatus } from './room.ts';
import type { RoomDriver } from './room-driver.ts';
import { type Member, Roster, type RosterChange } from './roster.ts';
import { presenceTopic, SharedPresence } from './shared-presence.ts';

export interface LiveRoomOptions {
  /** Sends presence data as messages on a separate topic, for a backend whose members carry none. */
  readonly sharePresence?: boolean;
}

/** How many messages are queued until the join is confirmed; further ones are dropped. */
const mostEarly = 1000;

export class LiveRoom implements Room {
  readonly name: string;
  readonly #driver: RoomDriver;
  readonly #roster = new Roster();
  readonly #shared: SharedPresence | undefined;
  readonly #topics = new Map<string, Listeners<[unknown, RoomMessage<never>]>>();
  readonly #presence = new Listeners<[PresenceEvent]>(surface);
  readonly #statuses = new Listeners<[RoomStatus, Error | undefined]>(surface);
  readonly #observers = new Listeners<[RoomStatus, Error | undefined]>(surface);
  readonly #errors = new Listeners<[Error]>(surface);
  #status: RoomStatus = 'idle';
  readonly #holders = new Holders();
  #pending: Deferred<PresenceSnapshot> | undefined;
  #early: RoomMessage[] = [];

  constructor(name: string, driver: RoomDriver, { sharePresence = false }: LiveRoomOptions = {}) {
    this.name = name;
    this.#driver = driver;
    if (!sharePresence) return;
    const send = (data: unknown): void => {
      if (this.#status === 'joined') driver.publish(presenceTopic, data).catch((error: Error) => this.#errors.notify(error));
    };
    this.#shared = new SharedPresence(send, (id) => this.#changed(id));
  }

  get status(): RoomStatus {
    return this.#status;
  }

  get capabilities(): RoomCapabilities {
    return this.#shared ? { ...this.#driver.capabilities, presenceData: true } : this.#driver.capabilities;
  }

  /** Whether the room must be subscribed on every new connection. */
  get isWanted(): boolean {
    return this.#status !== 'idle' && this.#status !== 'left';
  }

  get members(): readonly Member[] {
    return this.#roster.members;
  }

  join(): Promise<PresenceSnapshot> {
    const isJoined = this.#status === 'joined';
    this.#holders.join(isJoined);
    if (isJoined) return Promise.resolve(this.getPresence());
    const pending = (this.#pending ??= deferred());
    this.#enter();
    return pending.promise;
  }

  async leave(): Promise<void> {
    this.#holders.leave();
    this.#endIfUnused();
  }

  /** Keeps the room joined until the returned function is called, also through a failed or rejected join. */
  hold(): () => void {
    const release = this.#holders.hold();
    if (this.#status !== 'joined') this.#enter();
    return () => void (release() && this.#endIfUnused());
  }

  #enter(): void {
    if (this.#status === 'joining') return;
    // A room that waits for the connection is subscribed again with it; subscribing twice is harmless.
    if (this.#status !== 'reconnecting') this.#become('joining');
    this.#driver.subscribe();
  }

  #endIfUnused(): void {
    if (this.#holders.isNone) this.end('The room was left before it was joined', 'SUBSCRIPTION_CANCELLED');
  }

  /** Left, regardless of its holders. */
  end(message: string, code: 'SUBSCRIPTION_CANCELLED' | 'CLOSED'): void {
    if (!this.isWanted) return;
    this.#holders.clear();
    this.#become('left');
    this.#roster.clear();
    this.#shared?.clear();
    this.#early = [];
    this.#driver.unsubscribe();
    this.#reject(new this.#driver.Failure(code, message, { channel: this.name }));
  }

  async publish(topic: string, data: unknown): Promise<void> {
    const { Failure } = this.#driver;
    if (!this.capabilities.publish) throw new Failure('UNSUPPORTED', `Nothing can be published to '${this.name}'`, { channel: this.name });
    if (typeof topic !== 'string' || topic === '') {
      throw new Failure('INVALID_TOPIC', 'A topic must be a non-empty string', { channel: this.name });
    }
    if (topic === presenceTopic) throw new Failure('INVALID_TOPIC', `'${topic}' carries presence`, { channel: this.name });
    if (this.#status !== 'joined') {
      const message = `'${this.name}' is ${this.#status}: join() it before publishing`;
      throw new Failure('NOT_JOINED', message, { channel: this.name });
    }
    await this.#driver.publish(topic, data);
  }

  onTopic<T = unknown>(topic: string, listener: (data: T, message: RoomMessage<T>) => void): () => void {
    const listeners = this.#topics.get(topic) ?? new Listeners<[unknown, RoomMessage<never>]>(surface);
    this.#topics.set(topic, listeners);
    const stop = listeners.add(listener as (data: unknown, message: RoomMessage<never>) => void);
    if (listeners.size === 1) this.#driver.topicWanted?.(topic, true);
    return () => {
      stop();
      if (listeners.size > 0 || this.#topics.get(topic) !== listeners) return;
      this.#topics.delete(topic);
      this.#driver.topicWanted?.(topic, false);
    };
  }

  getPresence(): PresenceSnapshot {
    return this.#roster.snapshot(this.#dataOf);
  }

  onPresence(listener: (event: PresenceEvent) => void): () => void {
    const stop = this.#presence.add(listener);
    if (this.#presence.size === 1) this.#driver.presenceWanted?.(true);
    return () => {
      const before = this.#presence.size;
      stop();
      if (before === 1 && this.#presence.size === 0) this.#driver.presenceWanted?.(false);
    };
  }

  onStatus(listener: (status: RoomStatus, why?: Error) => void): () => void {
    return this.#statuses.add(listener);
  }

  /** The same as `onStatus` for the library itself: does not count as a use of the room. */
  observe(listener: (status: RoomStatus, why?: Error) => void): void {
    this.#observers.add(listener);
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** @throws RoomError 'INVALID_PAYLOAD' for data that JSON cannot carry */
  checkPresence(data: PresenceData): void {
    jsonOf(data, Infinity, this.#driver.Failure, this.name);
  }

  async setPresence(data: PresenceData): Promise<void> {
    const { Failure } = this.#driver;
    this.checkPresence(data);
    if (this.#driver.setPresence) return this.#driver.setPresence(data);
    if (!this.#shared) {
      const message = `Peers in '${this.name}' carry no data; the option sharePresence sends it as messages`;
      throw new Failure('UNSUPPORTED', message, { channel: this.name });
    }
    this.#shared.set(data);
  }

  get hasPresenceListeners(): boolean {
    return this.#presence.size > 0;
  }

  get hasListeners(): boolean {
    return this.#topics.size + this.#presence.size + this.#statuses.size + this.#errors.size > 0;
  }

  // The methods below are called by the driver.

  /** The server confirmed the subscription. `selfId` is the caller among the members. */
  opened(members: readonly Member[], selfId: string | undefined): void {
    if (!this.isWanted) return;
    const changed = this.#roster.replace(members, selfId);
    this.#shared?.keep(members, selfId);
    this.#become('joined');
    for (const change of changed) this.#announce(change);
    const snapshot = this.getPresence();
    this.#presence.notify({ type: 'sync', snapshot });
    this.#holders.joinsSucceeded();
    this.#pending?.resolve(snapshot);
    this.#pending = undefined;
    for (const message of this.#early.splice(0)) this.received(message);
    this.#shared?.announce();
  }

  /** A new list of the members. */
  refreshed(members: readonly Member[], selfId: string | undefined): void {
    if (this.#status !== 'joined') return;
    for (const change of this.#roster.replace(members, selfId)) this.#announce(change);
  }

  joined(member: Member): void {
    const change = this.isWanted ? this.#roster.add(member) : undefined;
    if (change) this.#announce(change);
  }

  departed(id: string): void {
    const change = this.isWanted ? this.#roster.remove(id) : undefined;
    if (change) this.#announce(change);
  }

  /** The data of a member changed. */
  updated(id: string): void {
    if (this.isWanted) this.#changed(id);
  }

  received(message: RoomMessage): void {
    if (!this.isWanted || this.#status === 'rejected') return;
    if (this.#status !== 'joined') {
      if (this.#early.length < mostEarly) this.#early.push(message);
    } else if (message.topic === presenceTopic && this.#shared) {
      this.#shared.received(message, this.#roster);
    } else {
      this.#topics.get(message.topic)?.notify(message.data, message as RoomMessage<never>);
    }
  }

  /** The connection was lost; the last known members are kept until it is back. */
  lost(): void {
    this.#early = [];
    if (this.#status === 'joined') this.#become('reconnecting');
  }

  /** No confirmation in time. The promise rejects; the room stays wanted and is subscribed with the next connection. */
  failed(error: Error): void {
    if (!this.isWanted || this.#status === 'joined' || this.#status === 'rejected') return;
    this.#holders.joinsFailed();
    this.#become('reconnecting', error);
    this.#reject(error);
  }

  /** The server rejected the join. */
  refused(error: Error): void {
    if (!this.isWanted) return;
    const wasAsked = this.#pending !== undefined;
    this.#holders.joinsRejected();
    this.#roster.clear();
    this.#early = [];
    this.#become('rejected', error);
    this.#reject(error);
    if (!wasAsked) this.report(error);
  }

  /** The server may admit another identity. */
  retry(): void {
    if (this.#status === 'rejected') this.#become('joining');
  }

  report(error: Error): void {
    this.#errors.notify(error);
  }

  readonly #dataOf = (id: string): unknown => this.#driver.dataOf?.(id) ?? this.#shared?.dataOf(id, this.#roster);

  #announce({ type, member }: RosterChange): void {
    if (type === 'leave') this.#shared?.forget(member.id);
    const peer = this.#roster.peer(member, this.#dataOf);
    this.#presence.notify({ type, peer, snapshot: this.getPresence() });
  }

  #changed(id: string): void {
    const member = this.#roster.get(id);
    if (member) this.#presence.notify({ type: 'update', peer: this.#roster.peer(member, this.#dataOf), snapshot: this.getPresence() });
  }

  #become(status: RoomStatus, why?: Error): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#observers.notify(status, why);
    this.#statuses.notify(status, why);
  }

  #reject(error: Error): void {
    this.#pending?.reject(error);
    this.#pending = undefined;
  }
}
