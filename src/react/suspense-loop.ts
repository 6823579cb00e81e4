// A warning in development for a component that suspends for ever.

import { consoleLog } from '../lib/log.ts';
import { SuspenseLoops } from '../lib/suspense-loops.ts';
import type { QueryStore } from './query-stores.ts';

declare const process: { readonly env: { readonly NODE_ENV?: string } };

const loops = new SuspenseLoops<QueryStore>((store) => store.isWaiting());

/** Bundlers replace the expression. Without one, and without Node, nothing says that this is development. */
function isProduction(): boolean {
  try {
    return process.env.NODE_ENV === 'production';
  } catch {
    return true;
  }
}

export function markRead(store: QueryStore): void {
  loops.markRead(store);
}

/** Call when a component suspends for a query. */
export function noteSuspended(store: QueryStore, query: object): void {
  const warning = isProduction() ? undefined : loops.noteSuspended(store, query);
  if (warning) consoleLog.warn(warning, query);
}
