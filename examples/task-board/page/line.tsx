// The state of the connection, and the number of pending writes.

import { type ReactElement, useEffect, useState } from 'react';

import { db } from './db.ts';
import { Icon } from './icon.tsx';

/** A shorter loss of the connection is not shown. */
const debounceMs = 800;

interface ConnectionState {
  readonly isUp: boolean;
  /** Disconnected for long enough to be shown. */
  readonly isOffline: boolean;
  readonly waiting: number;
  readonly rejected: number;
}

export function useConnectionState(): ConnectionState {
  const status = db.useConnectionStatus();
  const { pending, rejected } = db.useOutbox();
  const isUp = status === 'authenticated';
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (isUp) return setLong(false);
    const timer = setTimeout(() => setLong(true), navigator.onLine ? debounceMs : 0);
    return () => clearTimeout(timer);
  }, [isUp]);
  return { isUp, isOffline: !isUp && isLong, waiting: pending.length, rejected: rejected.length };
}

export function ConnectionBadge(): ReactElement | null {
  const { isOffline, waiting } = useConnectionState();
  if (!isOffline) return null;
  const badgeText = waiting === 1 ? '1 change waits' : `${waiting} changes wait`;
  return (
    <div className="line" role="status">
      <Icon name="offline" />
      <p>
        <b>You are offline.</b>{' '}
        {waiting > 0
          ? `${badgeText} on this device, to be sent as soon as there is a line.`
          : 'Go on: what you change is kept on this device.'}
      </p>
    </div>
  );
}

/** A short text in the bar. */
export function Saved(): ReactElement {
  const { isUp, isOffline, waiting, rejected } = useConnectionState();
  const state = isOffline ? 'offline' : !isUp ? 'connecting' : waiting > 0 ? 'saving' : rejected > 0 ? 'rejected' : 'saved';
  const text = {
    offline: waiting > 0 ? `${waiting} waiting` : 'Offline',
    connecting: 'Connecting…',
    saving: 'Saving…',
    rejected: `${rejected} not saved`,
    saved: 'Saved',
  }[state];
  return (
    <span className="saved" data-state={state} data-waiting={waiting}>
      {text}
    </span>
  );
}
