// A warning in development for a component that waits for ever.

import { consoleLog } from '../lib/log.ts';
import { SuspenseLoops } from '../lib/suspense-loops.ts';
import type { QueryStore } from './query-stores.ts';

declare const process: { readonly env: { readonly NODE_ENV?: string } };

type Loops = SuspenseLoops<QueryStore>;

export const suspended: Loops = new SuspenseLoops((store) => store.isWaiting());
export const rendered: Loops = new SuspenseLoops((store) => store.isWaiting(), 'useQuery');

/** Bundlers replace the expression. Without one, and without Node, nothing says that this is development. */
function isProduction(): boolean {
  try {
    return process.env.NODE_ENV === 'production';
  } catch {
    return true;
  }
}

/** Call when a component has no result yet. */
export function noteWaiting(loops: Loops, store: QueryStore, query: object): void {
  const warning = isProduction() ? undefined : loops.noteSuspended(store, query);
  if (warning) consoleLog.warn(warning, query);
}
