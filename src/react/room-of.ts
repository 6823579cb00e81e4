// What room hooks have in common: which room, being in it while a component is on the page, and what there is to see in it.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a room's presence holds is known to the caller's types only */

import { useEffect, useLayoutEffect } from 'react';

import { type AnyCore, isServer } from './core.ts';
import { keep } from '../lib/keep.ts';
import type { Source } from './source.ts';

/** As much of a room as hooks need. */
export interface RoomRef {
  readonly core: AnyCore;
  readonly type: string;
  readonly id: string;
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
export function useHeldRoom({ core, type, id }: RoomRef, initial?: Presence): void {
  const hold = (): (() => void) => {
    const letGo = core._reactor.rooms.begin((desk) => desk.hold(type, id, initial));
    return () => queueMicrotask(letGo);
  };
  // What is shown first is shown on entering only.
  const room = [core, type, id];
  useFirstEffect(hold, room);
  useEffect(hold, room);
}

export function sliceOf(core: AnyCore, roomId: string, request: SliceRequest): Source<Slice> {
  const { rooms } = core._reactor;
  let last = unknown;
  return {
    subscribe: (changed) => rooms.begin((desk) => desk.subscribePresence(roomId, request, changed)),
    read: () => (last = keep(last, rooms.presence(roomId, request) ?? unknown)),
    readOnServer: () => unknown,
  };
}

export function show({ core, id }: RoomRef, data: Presence): void {
  core._reactor.rooms.begin((desk) => desk.publishPresence(id, data));
}
