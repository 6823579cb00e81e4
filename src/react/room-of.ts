// What room hooks have in common: which room, being in it while a component is on the page, and what there is to see in it.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence holds is known to the caller's types only */

import { useEffect, useLayoutEffect, useMemo } from 'react';

import { type AnyCore, isServer } from './core.ts';
import { keep } from '../lib/keep.ts';
import type { Source } from './source.ts';

/** As much of a room as hooks need. */
export interface RoomRef {
  readonly core: AnyCore;
  readonly type: string;
  readonly id: string;
}

/** A room one is in. The same object while it is the same room. */
export interface HeldRoom {
  readonly id: string;
  readonly door: AnyCore['_reactor']['rooms'];
  readonly publishPresence: (data: Presence) => void;
}

export type Presence = Readonly<Record<string, any>>;

export interface Slice {
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

const unknown: Slice = { peers: {}, isLoading: true };

/** Before every other effect, so that what a child says in one of its own is heard. The server has no effects to warn of. */
const useFirstEffect = isServer ? useEffect : useLayoutEffect;

/**
 * In the room while the component is on the page, though a Suspense boundary may hide it, which ends the first effect and not the second.
 * Left when React has done its work: what goes and comes in one go (StrictMode, a change of route) has not left.
 */
export function useHeldRoom({ core, type, id }: RoomRef, initial?: Presence): HeldRoom {
  const room = useMemo((): HeldRoom => {
    const door = core._reactor.rooms;
    return { id, door, publishPresence: (data) => void door.begin((desk) => desk.publishPresence(id, data)) };
  }, [core, type, id]);
  const hold = (): (() => void) => {
    const letGo = room.door.begin((desk) => desk.hold(type, id, initial));
    return () => queueMicrotask(letGo);
  };
  // What is shown first is shown on entering only.
  useFirstEffect(hold, [room]);
  useEffect(hold, [room]);
  return room;
}

export function sliceOf({ door, id }: HeldRoom, request: SliceRequest): Source<Slice> {
  let last = unknown;
  return {
    subscribe: (changed) => door.begin((desk) => desk.subscribePresence(id, request, changed)),
    read: () => (last = keep(last, door.presence(id, request) ?? unknown)),
    readOnServer: () => unknown,
  };
}
