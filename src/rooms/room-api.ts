// The interface that `db.joinRoom` and the React hooks use, over rooms of another backend. Each handle and each listener holds its room; the client
// leaves the room with the last of them.

import type { RoomHandle } from '../types/rooms.ts';
import type { LiveRoom } from './live-room.ts';
import { presenceSlice, type Slice, type SliceRequest } from './presence-slice.ts';
import type { PresenceData } from './room.ts';
import { errorOf } from './room-error.ts';
import { internals } from '../lib/internals.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence and topics hold is known to the caller's types only */
export type AnyRoomHandle = RoomHandle<any, any>;

/** The state that handles and hooks share for one room. */
interface HandleState {
  own: PresenceData | undefined;
  error: string | undefined;
  /** Messages published before the room was joined. */
  readonly waiting: { readonly topic: string; readonly data: unknown }[];
}

const mostWaiting = 1000;

export class RoomApi {
  /** One object per client: the hooks rejoin when it changes. */
  readonly core = { [internals]: { reactor: { rooms: this as RoomApi } } };
  readonly #roomOf: (name: string) => LiveRoom;
  readonly #states = new WeakMap<LiveRoom, HandleState>();

  constructor(roomOf: (name: string) => LiveRoom) {
    this.#roomOf = roomOf;
  }

  /** The hooks call this because the rooms of a database may still be loading. */
  begin(begin: (api: RoomApi) => (() => void) | void): () => void {
    const end = begin(this);
    return () => void end?.();
  }

  /** Holds the room, which is joined while it is held. Returns a function that releases it. */
  acquire(_type: string, name: string, initial?: PresenceData): () => void {
    const room = this.#roomOf(name);
    const state = this.#stateOf(room);
    if (initial && !state.own) this.#show(room, state, initial);
    // A rejection reaches the holder as the `error` of its presence.
    return room.hold();
  }

  publishPresence(name: string, data: PresenceData): void {
    const room = this.#roomOf(name);
    this.#show(room, this.#stateOf(room), data);
  }

  publishTopic(name: string, topic: string, data: unknown): void {
    const room = this.#roomOf(name);
    const { waiting } = this.#stateOf(room);
    if (room.status !== 'joined' && waiting.length < mostWaiting) waiting.push({ topic, data });
    else void room.publish(topic, data).catch((error: unknown) => room.report(errorOf(error)));
  }

  presence(name: string, request: SliceRequest): Slice | undefined {
    const room = this.#roomOf(name);
    const state = this.#states.get(room);
    return state && presenceSlice({ snapshot: room.getPresence(), status: room.status, own: state.own, error: state.error }, request);
  }

  subscribePresence(name: string, request: SliceRequest, listener: (slice: Slice) => void): () => void {
    const room = this.#roomOf(name);
    this.#stateOf(room);
    let last: string | undefined;
    const tell = (): void => {
      const slice = this.presence(name, request);
      const text = JSON.stringify(slice);
      if (!slice || text === last) return;
      last = text;
      listener(slice);
    };
    const stops = [room.onPresence(tell), room.onStatus(tell)];
    tell();
    return () => stops.forEach((stop) => stop());
  }

  subscribeTopic(name: string, topic: string, listener: (data: unknown, peer: unknown) => void): () => void {
    const room = this.#roomOf(name);
    return room.onTopic(topic, (data, { senderId }) => {
      const { self, peers } = room.getPresence();
      const sender = senderId === undefined ? undefined : senderId === self?.id ? self : peers.find(({ id }) => id === senderId);
      listener(data, sender?.data);
    });
  }

  /** As `db.joinRoom`: joined at once, until `leaveRoom` and the end of the last listener. */
  handle(type: string, name: string, initial?: PresenceData): AnyRoomHandle {
    const holding = (begin: () => () => void, shown?: PresenceData): (() => void) => {
      const release = this.acquire(type, name, shown);
      const stop = begin();
      return () => {
        stop();
        release();
      };
    };
    return {
      leaveRoom: this.acquire(type, name, initial),
      publishTopic: (topic, data) => this.publishTopic(name, String(topic), data),
      subscribeTopic: (topic, onEvent) => holding(() => this.subscribeTopic(name, String(topic), onEvent as never)),
      publishPresence: (data) => this.publishPresence(name, data as PresenceData),
      getPresence: (opts) => (this.presence(name, opts) as never) ?? null,
      subscribePresence: (opts, onChange) =>
        holding(() => this.subscribePresence(name, opts, onChange as never), (opts.initialPresence ?? opts.initialData) as PresenceData),
    };
  }

  #show(room: LiveRoom, state: HandleState, data: PresenceData): void {
    try {
      room.checkPresence(data);
    } catch (error) {
      return room.report(errorOf(error));
    }
    state.own = { ...state.own, ...data };
    room.setPresence(data).catch((error: unknown) => room.report(errorOf(error)));
  }

  #stateOf(room: LiveRoom): HandleState {
    const known = this.#states.get(room);
    if (known) return known;
    const state: HandleState = { own: undefined, error: undefined, waiting: [] };
    room.observe((status, why) => {
      state.error = status === 'rejected' ? (why?.message ?? 'The room could not be joined') : undefined;
      if (status === 'left') state.waiting.length = 0;
      if (status !== 'joined') return;
      for (const { topic, data } of state.waiting.splice(0)) this.publishTopic(room.name, topic, data);
    });
    this.#states.set(room, state);
    return state;
  }
}
