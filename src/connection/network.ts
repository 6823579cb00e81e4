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
  readonly document?: Partial<Listenable> & { readonly visibilityState?: string };
}

interface Listenable {
  addEventListener(type: string, listener: (event: Event) => unknown, options: { readonly signal: AbortSignal }): void;
}

/** Reads the browser's network status; outside a browser returns `alwaysOnline`. */
export function browserNetwork(page: PageLike = globalThis): Network {
  const document = readGlobal(() => page.document);
  if (!readGlobal(() => page.addEventListener)) return alwaysOnline;
  const isState = (state: string): boolean => readGlobal(() => document?.visibilityState) === state;
  return {
    isOnline: () => readGlobal(() => page.navigator?.onLine) !== false,
    subscribe: (on) =>
      listen([
        [page, 'online', () => on('online')],
        [page, 'offline', () => on('offline')],
        [page, 'pageshow', (event) => 'persisted' in event && event.persisted === true && on('resumed')],
        [document, 'resume', () => on('resumed')],
        [document, 'visibilitychange', () => isState('visible') && on('resumed')],
      ]),
    onHidden: (run) =>
      listen([
        [page, 'pagehide', run],
        [document, 'freeze', run],
        [document, 'visibilitychange', () => isState('hidden') && run()],
      ]),
  };
}

type Listening = readonly [target: Partial<Listenable> | undefined, type: string, run: (event: Event) => unknown];

/** Returns what removes the listeners. A target that takes none, or throws, has no such events. */
function listen(listeners: readonly Listening[]): () => void {
  const controller = new AbortController();
  for (const [target, type, run] of listeners) readGlobal(() => target?.addEventListener?.(type, run, controller));
  return () => controller.abort();
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
