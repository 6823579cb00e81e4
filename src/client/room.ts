// A room as a program holds it: `db.joinRoom`. The client stays in it until it is left and the last listener has gone.

import { endWithSignal } from '../lib/abort.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Presence } from '../reactor/rooms/rooms.ts';
import type { PresenceOpts, RoomHandle } from '../types/rooms.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence and topics are is known to the caller's types only */
type AnyRoom = RoomHandle<any, any>;
type AnyOpts = PresenceOpts<any, any>;
/* eslint-enable @typescript-eslint/no-explicit-any */

export function openRoom(reactor: Reactor, type: string, roomId: string, initial: Presence | undefined, signal?: AbortSignal): AnyRoom {
  const { rooms } = reactor;
  const id = rooms.idOf(type, roomId);
  /** A listener holds the room too: it may outlive the handle. */
  const listen = (subscribe: () => () => void, presence?: Presence): (() => void) => {
    const release = rooms.acquire(type, id, presence);
    const stop = subscribe();
    return () => {
      stop();
      release();
    };
  };
  return {
    leaveRoom: endWithSignal(signal, rooms.acquire(type, id, initial)),
    publishTopic: (topic, data) => rooms.publishTopic(id, String(topic), data),
    subscribeTopic: (topic, onEvent) => listen(() => rooms.subscribeTopic(id, String(topic), onEvent as never)),
    publishPresence: (data) => rooms.publishPresence(id, data),
    getPresence: (opts) => (rooms.presence(id, opts) as never) ?? null,
    subscribePresence: (opts, onChange) => listen(() => rooms.subscribePresence(id, opts, onChange as never), initialOf(opts)),
  };
}

function initialOf({ initialPresence, initialData }: AnyOpts): Presence | undefined {
  return (initialPresence ?? initialData) as Presence | undefined;
}
