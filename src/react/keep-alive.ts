// Keeps a subscription alive for a while after its last subscriber leaves, so that a component that unmounts and remounts (StrictMode,
// route change) does not refetch.

import type { ExternalStore } from './external-store.ts';

/** How long a subscription without subscribers is kept alive. */
export const keepAliveMs = 5_000;

export interface KeepAlive {
  readonly subscribe: ExternalStore<unknown>['subscribe'];
  /** Expires after a while unless a subscriber arrives first. */
  readonly release: () => void;
}

export function keepAlive(open: ExternalStore<unknown>['subscribe'], onExpire = (): void => {}): KeepAlive {
  const subscribers = new Set<() => void>();
  let close: (() => void) | undefined;
  let expiry: ReturnType<typeof setTimeout> | undefined;
  const release = (): void => {
    clearTimeout(expiry);
    expiry = setTimeout(() => {
      if (subscribers.size > 0) return;
      close?.();
      close = undefined;
      onExpire();
    }, keepAliveMs);
  };
  const subscribe = (changed: () => void): (() => void) => {
    subscribers.add(changed);
    close ??= open(() => {
      for (const subscriber of [...subscribers]) subscriber();
    });
    return () => {
      subscribers.delete(changed);
      release();
    };
  };
  return { subscribe, release };
}
