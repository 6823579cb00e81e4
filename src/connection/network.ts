// What the platform says about the network and about this page being put to sleep. It is a hint and no more: `onLine`
// is true behind a dead router, and false in some virtual machines that are well connected.

export type NetworkNews = 'online' | 'offline' | 'resumed';

export interface Network {
  isOnline(): boolean;
  /** `resumed`: the page is back from where timers stand still (another tab, the back-forward cache, a laptop's sleep). */
  subscribe(on: (news: NetworkNews) => void): () => void;
}

/** For platforms that tell nothing. */
export const alwaysOnline: Network = { isOnline: () => true, subscribe: () => () => {} };

/** As much of a window or a worker as is listened to. */
export interface Page extends Partial<Listenable> {
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: Listenable & { readonly visibilityState?: string };
}

interface Listenable {
  addEventListener(type: string, listener: (event: Event) => void, options: { readonly signal: AbortSignal }): void;
}

/** The browser's word; outside a browser, `alwaysOnline`. */
export function browserNetwork(page: Page = globalThis): Network {
  const { document } = page;
  if (!page.addEventListener) return alwaysOnline;
  return {
    isOnline: () => page.navigator?.onLine !== false,
    subscribe(on) {
      const ending = new AbortController();
      const listen = (
        target: Partial<Listenable> | undefined,
        type: string,
        news: NetworkNews,
        isMeant?: (event: Event) => boolean,
      ): void => target?.addEventListener?.(type, (event) => (isMeant?.(event) ?? true) && on(news), ending);
      listen(page, 'online', 'online');
      listen(page, 'offline', 'offline');
      listen(page, 'pageshow', 'resumed', (event) => 'persisted' in event && event.persisted === true);
      listen(document, 'resume', 'resumed');
      listen(document, 'visibilitychange', 'resumed', () => document?.visibilityState === 'visible');
      return () => ending.abort();
    },
  };
}
