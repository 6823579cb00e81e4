// `db.rooms.useTypingIndicator`: which peers are typing. Stopping, leaving the field or leaving the page ends typing.

import { type KeyboardEvent, useCallback, useEffect, useMemo } from 'react';
import { type JoinedRoom, type Presence, presenceStore, type RoomRef, type RoomSlice, useJoinedRoom } from './room-hooks.ts';
import { useStoreSelector } from './use-external-store.ts';

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

/** Milliseconds after the last key until typing ends. */
export const defaultActivityStopTimeout = 1_000;

const EMPTY: Presence[] = [];

export function useTypingIndicator(room: RoomRef, inputName: string, options: TypingOptions = {}): Typing {
  const { writeOnly, stopOnEnter, timeout = defaultActivityStopTimeout } = options;
  const joined = useJoinedRoom(room);
  const slice = useMemo(() => presenceStore(joined, { user: false }), [joined]);
  const typing = useCallback(
    ({ peers }: RoomSlice) => (writeOnly ? EMPTY : Object.values(peers).filter((peer) => peer[inputName] === true)),
    [writeOnly, inputName],
  );
  const active = useStoreSelector(slice, typing);
  const { leave, ...me } = useMemo(() => typist(joined, inputName, timeout ?? 0, stopOnEnter), [joined, inputName, timeout, stopOnEnter]);
  useEffect(() => leave, [leave]);
  return useMemo(() => ({ active, ...me }), [active, leave]);
}

/** Publishes whether the user is typing and clears it after `timeout` without a key; 0: when the component unmounts. */
function typist(
  { publishPresence }: JoinedRoom,
  inputName: string,
  timeout: number,
  stopOnEnter?: boolean,
): Typist & { readonly leave: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isPublished = false;
  const publishTyping = (now: boolean | null): void => {
    clearTimeout(timer);
    isPublished = now === true;
    publishPresence({ [inputName]: now });
  };
  const setActive = (isActive: boolean): void => {
    publishTyping(isActive);
    if (isActive && timeout > 0) timer = setTimeout(() => publishTyping(null), timeout);
  };
  return {
    setActive,
    inputProps: { onKeyDown: ({ key }) => setActive(!(stopOnEnter && key === 'Enter')), onBlur: () => setActive(false) },
    leave: () => void (isPublished && publishTyping(null)),
  };
}
