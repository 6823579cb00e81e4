// Who is typing where: `db.rooms.useTypingIndicator`. One who stops, leaves the field or leaves the page types no longer.

import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from 'react';

import { keep } from '../lib/keep.ts';
import { type Presence, type RoomRef, show, sliceOf, type Slice, useHeldRoom } from './room-of.ts';
import { useSelected } from './use-source.ts';

export interface TypingOptions {
  readonly timeout?: number | null | undefined;
  readonly stopOnEnter?: boolean | undefined;
  readonly writeOnly?: boolean | undefined;
}

export interface Typing {
  readonly active: Presence[];
  readonly setActive: (active: boolean) => void;
  readonly inputProps: { readonly onKeyDown: (event: KeyboardEvent) => void; readonly onBlur: () => void };
}

/** How long after the last key one counts as typing. */
export const defaultActivityStopTimeout = 1_000;

const nobody: Presence[] = [];

export function useTypingIndicator(room: RoomRef, inputName: string, options: TypingOptions = {}): Typing {
  const { core, id } = room;
  const { writeOnly, stopOnEnter } = options;
  useHeldRoom(room);
  const slice = useMemo(() => sliceOf(core, id, { user: false }), [core, id]);
  const typing = useCallback(
    ({ peers }: Slice) => (writeOnly ? nobody : Object.values(peers).filter((peer) => peer[inputName] === true)),
    [writeOnly, inputName],
  );
  const active = useSelected(slice, typing, sameList);
  const setActive = useActive(room, inputName, options.timeout ?? (options.timeout === null ? 0 : defaultActivityStopTimeout));
  const onBlur = useCallback(() => setActive(false), [setActive]);
  const onKeyDown = useCallback(({ key }: KeyboardEvent) => setActive(!(stopOnEnter && key === 'Enter')), [stopOnEnter, setActive]);
  const inputProps = useMemo(() => ({ onKeyDown, onBlur }), [onKeyDown, onBlur]);
  return useMemo(() => ({ active, setActive, inputProps }), [active, setActive, inputProps]);
}

/** Tells whether one types, and that one no longer does when nothing is heard for `timeout`; 0 = for as long as one is here. */
function useActive({ core, type, id }: RoomRef, inputName: string, timeout: number): (isActive: boolean) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isShown = useRef(false);
  const tell = useCallback(
    (now: boolean | null) => {
      clearTimeout(timer.current);
      isShown.current = now === true;
      show({ core, type, id }, { [inputName]: now });
    },
    [core, type, id, inputName],
  );
  useEffect(() => () => void (isShown.current && tell(null)), [tell]);
  return useCallback(
    (isActive: boolean) => {
      tell(isActive);
      if (isActive && timeout > 0) timer.current = setTimeout(() => tell(null), timeout);
    },
    [tell, timeout],
  );
}

function sameList(one: readonly Presence[], other: readonly Presence[]): boolean {
  return keep(one, other) === one;
}
