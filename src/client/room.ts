// The handle that `db.joinRoom` returns. The client stays in the room until the handle has left it and the last listener is gone.

import { TriplaneError } from '../errors.ts';
import { endWithSignal } from '../lib/abort.ts';
import { isObject } from '../lib/json.ts';
import { assertCallback } from '../reactor/client-errors.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Presence } from '../reactor/rooms/room.ts';
import type { PresenceOpts, RoomHandle } from '../types/rooms.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- only the caller's types know presence and topics */
type AnyRoom = RoomHandle<any, any>;
type AnyOpts = PresenceOpts<any, any>;
/* eslint-enable @typescript-eslint/no-explicit-any */

export function openRoom(reactor: Reactor, type: string, roomId: string, initial: Presence | undefined, signal?: AbortSignal): AnyRoom {
  const { rooms } = reactor;
  const id = rooms.idOf(type, roomId);
  /** A listener keeps the room joined too: it may outlive the handle. */
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
    subscribeTopic: (topic, onEvent) => {
      assertCallback('subscribeTopic', onEvent);
      return listen(() => rooms.subscribeTopic(id, String(topic), onEvent as never));
    },
    publishPresence: (data) => rooms.publishPresence(id, data),
    getPresence: (opts) => (rooms.presence(id, requestOf('getPresence', opts)) as never) ?? null,
    subscribePresence: (opts, onChange) => {
      const request = requestOf('subscribePresence', opts);
      assertCallback('subscribePresence', onChange);
      return listen(() => rooms.subscribePresence(id, request, onChange as never), initialOf(opts));
    },
  };
}

/** @throws TriplaneError 'config-invalid' */
function requestOf(call: string, opts: AnyOpts | null | undefined): AnyOpts | undefined {
  const { peers, keys } = opts ?? {};
  const isValid = (opts ?? undefined) === undefined || isObject(opts);
  if (isValid && [peers, keys].every((list) => (list ?? undefined) === undefined || Array.isArray(list))) return opts ?? undefined;
  throw new TriplaneError('config-invalid', `${call}: expected { peers?: string[], keys?: string[], user?: boolean }`);
}

function initialOf(opts: AnyOpts | undefined): Presence | undefined {
  return (opts?.initialPresence ?? opts?.initialData) as Presence | undefined;
}
