// Telling listeners: each is told what is new to it, once, and one that throws does not keep the next from being told.

import type { TriplaneError } from '../errors.ts';
import type { QueryResult } from '../query/query.ts';
import type { Listener, LiveQuery } from './live-query.ts';

/** Whether all went well is not of interest to whoever has news. */
export function safely(run: () => void, report: (error: Error) => void): void {
  try {
    run();
  } catch (error) {
    report(error instanceof Error ? error : new Error(String(error)));
  }
}

/** What the query is seen as now, to those who have not seen it so. */
export function tellQuery(live: LiveQuery, report: (error: Error) => void): void {
  const news = live.error ?? live.view.read();
  if (!news) return tellEmptied(live, report);
  for (const [listener, last] of [...live.listeners]) {
    if (last === news || !live.listeners.has(listener)) continue;
    if (news === live.error) tell(live, listener, news, () => listener.failed(news), report);
    else if (live.isFresh || !listener.wantsFresh) tell(live, listener, news, () => listener.told(news as QueryResult), report);
  }
}

/** There is no answer any more: to those who were told one. */
function tellEmptied(live: LiveQuery, report: (error: Error) => void): void {
  for (const [listener, last] of [...live.listeners]) {
    if (last === undefined) continue;
    live.listeners.set(listener, undefined);
    safely(() => listener.emptied?.(), report);
  }
}

function tell(
  live: LiveQuery,
  listener: Listener,
  news: QueryResult | TriplaneError,
  run: () => void,
  report: (error: Error) => void,
): void {
  live.listeners.set(listener, news);
  safely(run, report);
}
