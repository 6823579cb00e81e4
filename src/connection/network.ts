// The network status as the platform reports it: online, offline, or the page resumed from sleep. Only a hint: `onLine` is true behind a
// dead router and false in some well-connected virtual machines. Also adapts a network listener in InstantDB's form.

import { readGlobal } from '../lib/global.ts';

export type NetworkChange = 'online' | 'offline' | 'resumed';

export interface Network {
  isOnline(): boolean;
  /** `resumed`: the page is back from a state in which timers stop (background tab, back-forward cache, sleep). */
  subscribe(on: (change: NetworkChange) => void): () => void;
  /** The page is being hidden, and may never run again. */
  onHidden?(run: () => void): () => void;
}

/** For platforms that report no network status. */
export const alwaysOnline: Network = { isOnline: () => true, subscribe: () => () => {} };

/** The part of a window or worker that is used. */
export interface PageLike extends Partial<Listenable> {
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: Listenable & { readonly visibilityState?: string };
}

interface Listenable {
  addEventListener(type: string, listener: (event: Event) => void, options: { readonly signal: AbortSignal }): void;
}

/** Reads the browser's network status; outside a browser returns `alwaysOnline`. */
export function browserNetwork(page: PageLike = globalThis): Network {
  const document = readGlobal(() => page.document);
  if (!readGlobal(() => page.addEventListener)) return alwaysOnline;
  return {
    isOnline: () => readGlobal(() => page.navigator?.onLine) !== false,
    subscribe(on) {
      const controller = new AbortController();
      const listen = (
        target: Partial<Listenable> | undefined,
        type: string,
        change: NetworkChange,
        isRelevant?: (event: Event) => boolean,
      ): void => target?.addEventListener?.(type, (event) => (isRelevant?.(event) ?? true) && on(change), controller);
      listen(page, 'online', 'online');
      listen(page, 'offline', 'offline');
      listen(page, 'pageshow', 'resumed', (event) => 'persisted' in event && event.persisted === true);
      listen(document, 'resume', 'resumed');
      listen(document, 'visibilitychange', 'resumed', () => document?.visibilityState === 'visible');
      return () => controller.abort();
    },
    onHidden(run) {
      const controller = new AbortController();
      page.addEventListener?.('pagehide', run, controller);
      document?.addEventListener('freeze', run, controller);
      document?.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && run(), controller);
      return () => controller.abort();
    },
  };
}

export interface NetworkListener {
  getIsOnline(): Promise<boolean>;
  /** Returns an unsubscribe function. */
  listen(onChange: (isOnline: boolean) => void): () => void;
}

export function networkOf(listener: NetworkListener): Network {
  let isOnline = true;
  return {
    isOnline: () => isOnline,
    subscribe(on) {
      let isOver = false;
      const onChange = (now: boolean): void => {
        if (isOver || now === isOnline) return;
        isOnline = now;
        on(now ? 'online' : 'offline');
      };
      listener.getIsOnline().then(onChange, () => {});
      const stop = listener.listen(onChange);
      return () => {
        isOver = true;
        stop();
      };
    },
  };
}
