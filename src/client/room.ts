// A room as a program holds it: `db.joinRoom`. Held until it is left, or the last listener has gone.

import { endWithSignal } from '../lib/abort.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { RoomDesk } from '../reactor/rooms/room-api.ts';
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
  const listen = (begin: (api: RoomDesk) => () => void, presence?: Presence): (() => void) =>
    rooms.begin((api) => {
      const release = api.acquire(type, id, presence);
      const stop = begin(api);
      return () => {
        stop();
        release();
      };
    });
  return {
    leaveRoom: endWithSignal(
      signal,
      rooms.begin((api) => api.acquire(type, id, initial)),
    ),
    publishTopic: (topic, data) => void rooms.begin((api) => api.publishTopic(id, String(topic), data)),
    subscribeTopic: (topic, onEvent) => listen((api) => api.subscribeTopic(id, String(topic), onEvent as never)),
    publishPresence: (data) => void rooms.begin((api) => api.publishPresence(id, data)),
    getPresence: (opts) => (rooms.presence(id, opts) as never) ?? null,
    subscribePresence: (opts, onChange) => listen((api) => api.subscribePresence(id, opts, onChange as never), initialOf(opts)),
  };
}

function initialOf({ initialPresence, initialData }: AnyOpts): Presence | undefined {
  return (initialPresence ?? initialData) as Presence | undefined;
}
