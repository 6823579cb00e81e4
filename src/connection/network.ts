// A listener to the network as programs for InstantDB's client hand one to `init`, as a Network. It is asked once whether there
// is one, and believed from then on when it tells.

// What the platform says about the network and about this page being put to sleep. It is a hint and no more: `onLine`
// is true behind a dead router, and false in some virtual machines that are well connected.

export type NetworkChange = 'online' | 'offline' | 'resumed';

export interface Network {
  isOnline(): boolean;
  /** `resumed`: the page is back from where timers stand still (another tab, the back-forward cache, a laptop's sleep). */
  subscribe(on: (change: NetworkChange) => void): () => void;
}

/** For platforms that tell nothing. */
export const alwaysOnline: Network = { isOnline: () => true, subscribe: () => () => {} };

/** As much of a window or a worker as is listened to. */
export interface PageLike extends Partial<Listenable> {
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: Listenable & { readonly visibilityState?: string };
}

interface Listenable {
  addEventListener(type: string, listener: (event: Event) => void, options: { readonly signal: AbortSignal }): void;
}

/** The browser's word; outside a browser, `alwaysOnline`. */
export function browserNetwork(page: PageLike = globalThis): Network {
  const { document } = page;
  if (!page.addEventListener) return alwaysOnline;
  return {
    isOnline: () => page.navigator?.onLine !== false,
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
  };
}

export interface NetworkListener {
  getIsOnline(): Promise<boolean>;
  /** Gives what ends it. */
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
