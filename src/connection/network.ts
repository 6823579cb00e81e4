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
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
}

/** The browser's word; outside a browser, `alwaysOnline`. */
export function browserNetwork(page: Page = globalThis): Network {
  const { document } = page;
  if (!isListenable(page)) return alwaysOnline;
  return {
    isOnline: () => page.navigator?.onLine !== false,
    subscribe(on) {
      const stops = [
        listen(page, 'online', () => on('online')),
        listen(page, 'offline', () => on('offline')),
        listen(page, 'pageshow', (event) => 'persisted' in event && event.persisted === true && on('resumed')),
      ];
      if (document) {
        stops.push(
          listen(document, 'resume', () => on('resumed')),
          listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && on('resumed')),
        );
      }
      return () => stops.forEach((stop) => stop());
    },
  };
}

function isListenable(page: Page): page is Page & Listenable {
  return typeof page.addEventListener === 'function' && typeof page.removeEventListener === 'function';
}

function listen(target: Listenable, type: string, run: (event: Event) => unknown): () => void {
  const listener = (event: Event): void => void run(event);
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}
