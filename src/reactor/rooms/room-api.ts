// Rooms as callers use them: joining, presence and topics. All of them throw 'closed' once the database is closed.

import { EventEmitter } from 'eventemitter3';

import { TriplaneError } from '../../errors.ts';
import { deepFreeze } from '../../lib/freeze.ts';
import { copyJson } from '../../lib/copy-json.ts';
import { tagOf } from '../../lib/json.ts';
import type { ClientMessage } from '../../protocol/client-message.ts';
import type { Broadcast } from '../../protocol/room-messages.ts';
import { limitErrorOf } from '../limits.ts';
import { guarded } from '../notify.ts';
import type { ClientContext } from '../context.ts';
import { type PresenceRequest, presenceSlice, type Slice } from './presence-slice.ts';
import type { Presence } from './room.ts';
import { eventKeyOf, Rooms } from './rooms.ts';

export type TopicListener = (data: unknown, peer: unknown) => void;

export class RoomApi {
  readonly #context: ClientContext;
  readonly #rooms: Rooms;
  readonly #emitter = new EventEmitter();

  constructor(context: ClientContext) {
    this.#context = context;
    this.#rooms = context.state.features.install(new Rooms(context.config.random, this.#emitter));
  }

  /** The id of a room on the wire, where rooms of another type are by default the same ones. */
  idOf(type: string, id: string): string {
    return this.#context.config.roomsByType ? `${type}/${id}` : id;
  }

  /** The client is in the room until every caller has released it. Returns the release, which counts once. */
  acquire(type: string, id: string, initial?: Presence): () => void {
    this.#context.assertOpen();
    if (typeof id !== 'string') throw new TriplaneError('data-invalid', 'The id of a room must be a string');
    const data = initial && sendablePresence(initial);
    this.#assertWithinLimits({ op: 'join-room', 'room-id': id, data });
    this.#context.run(this.#rooms.acquire(type, id, data));
    let isReleased = false;
    return () => {
      if (!isReleased) this.#context.run(this.#rooms.release(id));
      isReleased = true;
    };
  }

  publishPresence(roomId: string, data: Presence): void {
    this.#context.assertOpen();
    const published = sendablePresence(data);
    this.#assertWithinLimits({ op: 'set-presence', 'room-id': roomId, data: { ...this.#rooms.get(roomId)?.own, ...published } });
    this.#context.run(this.#rooms.publish(roomId, published));
  }

  publishTopic(roomId: string, topic: string, data: unknown): void {
    this.#context.assertOpen();
    const message = sendable(data, `The message for topic '${topic}'`);
    this.#assertWithinLimits({ op: 'client-broadcast', 'room-id': roomId, topic, data: message });
    this.#context.run(this.#rooms.publishTopic(roomId, topic, message));
  }

  /** Undefined for a room that no caller has acquired. */
  presence(roomId: string, request?: PresenceRequest): Slice | undefined {
    const room = this.#rooms.get(roomId);
    return room && presenceSlice(room, this.#ownId, request);
  }

  subscribePresence(roomId: string, request: PresenceRequest | undefined, onSlice: (slice: Slice) => void): () => void {
    this.#context.assertOpen();
    let last: string | undefined;
    const notify = (): void => {
      const slice = this.presence(roomId, request);
      const text = JSON.stringify(slice);
      if (!slice || text === last) return;
      last = text;
      onSlice(slice);
    };
    const stop = this.#listen(eventKeyOf(roomId), notify);
    guarded(notify, this.#report);
    return stop;
  }

  subscribeTopic(roomId: string, topic: string, listener: TopicListener): () => void {
    this.#context.assertOpen();
    return this.#listen(eventKeyOf(roomId, topic), ({ data, 'peer-id': peerId }: Broadcast) => {
      const room = this.#rooms.get(roomId);
      const sender = peerId === this.#ownId ? room?.own : room?.peers[peerId]?.data;
      // All listeners receive the same objects.
      listener(deepFreeze(data), deepFreeze(sender));
    });
  }

  /** @throws TriplaneError 'limit' */
  #assertWithinLimits(message: ClientMessage): void {
    const error = limitErrorOf(message, this.#context.state.session.limits);
    if (error) throw error;
  }

  #listen<Of extends readonly unknown[]>(event: string, listener: (...args: Of) => void): () => void {
    const guardedListener = (...args: Of): void => guarded(() => listener(...args), this.#report);
    this.#emitter.on(event, guardedListener);
    return () => this.#emitter.off(event, guardedListener);
  }

  readonly #report = (error: Error): void => this.#context.report(error);

  get #ownId(): string | undefined {
    return this.#context.state.session.id;
  }
}

/** A frozen copy: neither the caller nor a listener can change it later. @throws TriplaneError 'data-invalid' */
function sendable(data: unknown, what: string): unknown {
  const errorOf = (why: string, at: string): TriplaneError =>
    new TriplaneError('data-invalid', `${what} cannot be sent: ${at && `${at}: `}${why}`);
  return deepFreeze(copyJson(data, errorOf));
}

function sendablePresence(data: Presence): Presence {
  const copy = sendable(data, 'The presence') as Presence;
  if (tagOf(copy) !== 'Object') throw new TriplaneError('data-invalid', 'Presence must be an object');
  // `undefined` removes a key from the published presence.
  const removed = Object.keys(data).filter((key) => data[key] === undefined);
  return removed.length === 0 ? copy : { ...copy, ...Object.fromEntries(removed.map((key) => [key, undefined])) };
}
