// A warning for a component that suspends for ever because it makes another query with each render, as with `Date.now()` in it: React renders
// it again once the query has loaded, and it then suspends for the next one.

import { consoleLog } from '../lib/log.ts';
import type { QueryState, QueryStore } from './query-stores.ts';

declare const process: { readonly env: { readonly NODE_ENV?: string } };

interface Loop {
  /** Those that components have suspended for, and that were neither read nor found loaded since. */
  readonly waiting: Set<QueryStore>;
  last: object;
  /** How many queries in a row were loaded and not read. */
  unread: number;
}

/** A few queries may be abandoned while a user types or navigates. */
const mostUnread = 10;
const mostShapes = 100;
const loops = new Map<string, Loop>();
const warned = new Set<string>();
const readStores = new WeakSet<QueryStore>();

/** Bundlers replace the expression. Without one, and without Node, nothing says that this is development. */
function isProduction(): boolean {
  try {
    return process.env.NODE_ENV === 'production';
  } catch {
    return true;
  }
}

export function markRead(store: QueryStore, state: QueryState): QueryState {
  readStores.add(store);
  return state;
}

/** Call when a component suspends for a query. Warns once for each shape of query, in development. */
export function noteSuspended(store: QueryStore, query: object): void {
  if (isProduction()) return;
  const shape = JSON.stringify(query, (_key, value: unknown) => (typeof value === 'object' && value !== null ? value : typeof value));
  if (warned.has(shape)) return;
  if (loops.size >= mostShapes) loops.clear();
  const loop = loops.get(shape) ?? { waiting: new Set(), last: query, unread: 0 };
  loops.set(shape, loop);
  countUnread(loop);
  loop.waiting.add(store);
  const path = loop.unread < mostUnread ? undefined : changedPath(loop.last, query);
  loop.last = query;
  if (path === undefined) return;
  warned.add(shape);
  loops.delete(shape);
  consoleLog.warn(
    `useSuspenseQuery: the query is a new one at each render, so the component suspends for ever. What changes is '${path}'. ` +
      'Compute the value once, outside the component or in a parent that does not suspend, or round it.',
    query,
  );
}

/** React may render a suspended component again before the query of the first rendering has loaded. */
function countUnread(loop: Loop): void {
  for (const store of loop.waiting) {
    if (readStores.has(store)) loop.unread = 0;
    else if (store.isWaiting()) continue;
    else loop.unread++;
    loop.waiting.delete(store);
  }
}

function changedPath(before: unknown, after: unknown, path = ''): string | undefined {
  if (Object.is(before, after)) return undefined;
  if (!isStructured(before) || !isStructured(after) || before instanceof Date) return String(before) === String(after) ? undefined : path;
  for (const key of Object.keys(after)) {
    const changed = changedPath(before[key], after[key], path ? `${path}.${key}` : key);
    if (changed !== undefined) return changed;
  }
  return undefined;
}

function isStructured(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
