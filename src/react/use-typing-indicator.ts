// Who is typing where: `db.rooms.useTypingIndicator`. One who stops, leaves the field or leaves the page types no longer.

import { type KeyboardEvent, useCallback, useEffect, useMemo } from 'react';

import { type HeldRoom, type Presence, type RoomRef, sliceOf, type Slice, useHeldRoom } from './room-of.ts';
import { useSelected } from './use-source.ts';

export interface TypingOptions {
  readonly timeout?: number | null | undefined;
  readonly stopOnEnter?: boolean | undefined;
  readonly writeOnly?: boolean | undefined;
}

interface Typist {
  readonly setActive: (active: boolean) => void;
  readonly inputProps: { readonly onKeyDown: (event: KeyboardEvent) => void; readonly onBlur: () => void };
}

export interface Typing extends Typist {
  readonly active: Presence[];
}

/** How long after the last key one counts as typing. */
export const defaultActivityStopTimeout = 1_000;

const nobody: Presence[] = [];

export function useTypingIndicator(room: RoomRef, inputName: string, options: TypingOptions = {}): Typing {
  const { writeOnly, stopOnEnter, timeout = defaultActivityStopTimeout } = options;
  const here = useHeldRoom(room);
  const slice = useMemo(() => sliceOf(here, { user: false }), [here]);
  const typing = useCallback(
    ({ peers }: Slice) => (writeOnly ? nobody : Object.values(peers).filter((peer) => peer[inputName] === true)),
    [writeOnly, inputName],
  );
  const active = useSelected(slice, typing);
  const { leave, ...me } = useMemo(() => typist(here, inputName, timeout ?? 0, stopOnEnter), [here, inputName, timeout, stopOnEnter]);
  useEffect(() => leave, [leave]);
  return useMemo(() => ({ active, ...me }), [active, leave]);
}

/** Tells whether one types, and that one no longer does when nothing is heard for `timeout`; 0 = for as long as one is here. */
function typist(
  { publishPresence }: HeldRoom,
  inputName: string,
  timeout: number,
  stopOnEnter?: boolean,
): Typist & { readonly leave: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isShown = false;
  const tell = (now: boolean | null): void => {
    clearTimeout(timer);
    isShown = now === true;
    publishPresence({ [inputName]: now });
  };
  const setActive = (isActive: boolean): void => {
    tell(isActive);
    if (isActive && timeout > 0) timer = setTimeout(() => tell(null), timeout);
  };
  return {
    setActive,
    inputProps: { onKeyDown: ({ key }) => setActive(!(stopOnEnter && key === 'Enter')), onBlur: () => setActive(false) },
    leave: () => void (isShown && tell(null)),
  };
}
