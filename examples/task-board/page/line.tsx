// How the line to the server is, and how many writes wait for it.

import { type ReactElement, useEffect, useState } from 'react';

import { db } from './db.ts';
import { Icon } from './icon.tsx';

/** A line that is lost for a moment only is nobody's business. */
const debounceMs = 800;

interface ConnectionState {
  readonly isUp: boolean;
  /** Not up for long enough to be told. */
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

/** A small word in the bar. */
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
