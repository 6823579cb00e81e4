// Asking while anybody looks and a little longer: what leaves the page in one moment and is back in the next (StrictMode, a change of route)
// is not asked for again.

import type { ExternalStore } from './external-store.ts';

/** How long what nobody looks at is kept up to date. */
export const keepAliveMs = 5_000;

export interface KeepAlive {
  readonly subscribe: ExternalStore<unknown>['subscribe'];
  /** Unless somebody looks before that, it is `gone` after a while. */
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
