// A room as a program holds it: `db.joinRoom`. Held until it is left, or the last listener has gone.

import { endedBy } from './lib/abort.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { Presence } from './reactor/rooms.ts';
import type { PresenceOpts, RoomHandle } from './types/rooms.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence and topics are is known to the caller's types only */
type AnyRoom = RoomHandle<any, any>;
type AnyOpts = PresenceOpts<any, any>;
/* eslint-enable @typescript-eslint/no-explicit-any */

export function openRoom(reactor: Reactor, type: string, roomId: string, initial: Presence | undefined, signal?: AbortSignal): AnyRoom {
  const { rooms } = reactor;
  const id = rooms.idOf(type, roomId);
  const letGo = endedBy(signal, rooms.hold(type, id, initial));
  /** A listener holds the room too: it may outlive the handle. */
  const holding = (stop: () => void, release: () => void) => (): void => {
    stop();
    release();
  };
  return {
    leaveRoom: letGo,
    publishTopic: (topic, data) => rooms.publishTopic(id, String(topic), data),
    subscribeTopic: (topic, onEvent) => holding(rooms.subscribeTopic(id, String(topic), onEvent as never), rooms.hold(type, id)),
    publishPresence: (data) => rooms.publishPresence(id, data),
    getPresence: (opts) => (rooms.presence(id, opts) as never) ?? null,
    subscribePresence: (opts, onChange) => {
      const release = rooms.hold(type, id, initialOf(opts));
      return holding(rooms.subscribePresence(id, opts, onChange as never), release);
    },
  };
}

function initialOf({ initialPresence, initialData }: AnyOpts): Presence | undefined {
  return (initialPresence ?? initialData) as Presence | undefined;
}
