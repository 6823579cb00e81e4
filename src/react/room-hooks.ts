// The room hooks: joining a room while a component is mounted (`useJoinedRoom`), `db.rooms.usePresence`, `useTopicEffect`,
// `useSyncPresence` and `usePublishTopic`.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence holds is known to the caller's types only */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { structuralShare } from '../lib/equal.ts';
import type { ExternalStore } from './external-store.ts';
import { isServer } from '../lib/is-server.ts';
import { internals } from '../lib/internals.ts';
import type { AnyCore } from './types.ts';
import { useExternalStore } from './use-external-store.ts';

/** The part of a room that hooks need. */
export interface RoomRef {
  readonly core: AnyCore;
  readonly type: string;
  readonly id: string;
}

/** A joined room. Keeps its identity while the room stays the same. */
export interface JoinedRoom {
  readonly id: string;
  readonly rooms: AnyCore[typeof internals]['reactor']['rooms'];
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

/** Runs before all other effects, so that a child can publish in its own effect. On the server, useEffect avoids React's warning. */
const useFirstEffect = isServer ? useEffect : useLayoutEffect;

/**
 * Joins the room while the component is mounted, even while a Suspense boundary hides it (which ends the layout effect but not the effect).
 * Leaves in a microtask: a component that unmounts and remounts at once (StrictMode, route change) does not leave the room.
 */
export function useJoinedRoom({ core, type, id }: RoomRef, initial?: Presence): JoinedRoom {
  const room = useMemo((): JoinedRoom => {
    const rooms = core[internals].reactor.rooms;
    return { id, rooms, publishPresence: (data) => rooms.publishPresence(id, data) };
  }, [core, type, id]);
  const join = (): (() => void) => {
    const leave = room.rooms.acquire(type, id, initial);
    return () => queueMicrotask(leave);
  };
  // The initial presence is only published on joining.
  useFirstEffect(join, [room]);
  useEffect(join, [room]);
  return room;
}

export function presenceStore({ rooms, id }: JoinedRoom, request: SliceRequest): ExternalStore<RoomSlice> {
  let last = unknown;
  return {
    subscribe: (changed) => rooms.subscribePresence(id, request, changed),
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
  useEffect(() => joined.rooms.subscribeTopic(joined.id, topic, (event, peer) => newest.current(event, peer)), [joined, topic]);
}

export function useSyncPresence(room: RoomRef, data: Presence, deps?: readonly unknown[]): void {
  const { publishPresence } = useJoinedRoom(room, data);
  useEffect(() => publishPresence(data), [publishPresence, ...(deps ?? [JSON.stringify(data)])]);
}

export function usePublishTopic(room: RoomRef, topic: string): (data: unknown) => void {
  const joined = useJoinedRoom(room);
  return useCallback((data: unknown) => joined.rooms.publishTopic(joined.id, topic, data), [joined, topic]);
}
