// What room hooks have in common: which room, being in it while a component is on the page, and what there is to see in it.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence holds is known to the caller's types only */

// Who is in a room and what they show: `db.rooms.usePresence`.

// Hearing what is said in a room: `db.rooms.useTopicEffect`. The newest callback is called, and a new one does not subscribe anew.

// Showing the others in a room what this component has: `db.rooms.useSyncPresence`.

// Saying something in a room: `db.rooms.usePublishTopic`.

import { useEffect, useLayoutEffect, useMemo, useRef, useCallback } from 'react';

import type { ExternalStore } from './external-store.ts';
import { structuralShare } from '../lib/equal.ts';
import { type AnyCore, isServer } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

/** As much of a room as hooks need. */
export interface RoomRef {
  readonly core: AnyCore;
  readonly type: string;
  readonly id: string;
}

/** A room one is in. The same object while it is the same room. */
export interface JoinedRoom {
  readonly id: string;
  readonly rooms: AnyCore['_reactor']['rooms'];
  readonly publishPresence: (data: Presence) => void;
}

export type Presence = Readonly<Record<string, any>>;

export interface RoomSlice {
  readonly user?: Presence;
  readonly peers: Readonly<Record<string, Presence>>;
  readonly isLoading: boolean;
  readonly error?: string | undefined;
}

export interface SliceRequest {
  readonly user?: boolean | undefined;
  readonly peers?: readonly string[] | undefined;
  readonly keys?: readonly PropertyKey[] | undefined;
}

const unknown: RoomSlice = { peers: {}, isLoading: true };

/** Before every other effect, so that what a child says in one of its own is heard. The server has no effects to warn of. */
const useFirstEffect = isServer ? useEffect : useLayoutEffect;

/**
 * In the room while the component is on the page, though a Suspense boundary may hide it, which ends the first effect and not the second.
 * Left when React has done its work: what goes and comes in one go (StrictMode, a change of route) has not left.
 */
export function useJoinedRoom({ core, type, id }: RoomRef, initial?: Presence): JoinedRoom {
  const room = useMemo((): JoinedRoom => {
    const rooms = core._reactor.rooms;
    return { id, rooms, publishPresence: (data) => void rooms.begin((api) => api.publishPresence(id, data)) };
  }, [core, type, id]);
  const join = (): (() => void) => {
    const leave = room.rooms.begin((api) => api.acquire(type, id, initial));
    return () => queueMicrotask(leave);
  };
  // What is shown first is shown on entering only.
  useFirstEffect(join, [room]);
  useEffect(join, [room]);
  return room;
}

export function presenceStore({ rooms, id }: JoinedRoom, request: SliceRequest): ExternalStore<RoomSlice> {
  let last = unknown;
  return {
    subscribe: (changed) => rooms.begin((api) => api.subscribePresence(id, request, changed)),
    read: () => (last = structuralShare(last, rooms.presence(id, request) ?? unknown)),
    readOnServer: () => unknown,
  };
}

export interface PresenceRequest extends SliceRequest {
  readonly initialPresence?: Presence | undefined;
  readonly initialData?: Presence | undefined;
}

export type PresenceNow = RoomSlice & { readonly publishPresence: (data: Presence) => void };

export function usePresence(room: RoomRef, request: PresenceRequest = {}): PresenceNow {
  const { user, peers, keys } = request;
  const joined = useJoinedRoom(room, request.initialPresence ?? request.initialData);
  const { publishPresence } = joined;
  const slice = useExternalStore(
    useMemo(() => presenceStore(joined, { user, peers, keys }), [joined, JSON.stringify([user, peers, keys])]),
  );
  return useMemo(() => ({ ...slice, publishPresence }), [slice, publishPresence]);
}

type OnEvent = (event: unknown, peer: unknown) => void;

export function useTopicEffect(room: RoomRef, topic: string, onEvent: OnEvent): void {
  const newest = useRef(onEvent);
  const joined = useJoinedRoom(room);
  useEffect(() => void (newest.current = onEvent));
  useEffect(
    () => joined.rooms.begin((api) => api.subscribeTopic(joined.id, topic, (event, peer) => newest.current(event, peer))),
    [joined, topic],
  );
}

export function useSyncPresence(room: RoomRef, data: Presence, deps?: readonly unknown[]): void {
  const { publishPresence } = useJoinedRoom(room, data);
  useEffect(() => publishPresence(data), [publishPresence, ...(deps ?? [JSON.stringify(data)])]);
}

export function usePublishTopic(room: RoomRef, topic: string): (data: unknown) => void {
  const joined = useJoinedRoom(room);
  return useCallback((data: unknown) => void joined.rooms.begin((api) => api.publishTopic(joined.id, topic, data)), [joined, topic]);
}
