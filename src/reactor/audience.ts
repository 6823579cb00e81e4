// Telling listeners: each is told what is new to it, once, and one that throws does not keep the next from being told.

import type { QueryResult } from '../query/query.ts';
import type { LiveQuery } from './live-query.ts';

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
  const { error, isFresh, listeners } = live;
  const news = error ?? live.view.read();
  for (const [listener, last] of [...listeners]) {
    if (last === news || !listeners.has(listener)) continue;
    if (news && !error && !isFresh && listener.wantsFresh) continue;
    listeners.set(listener, news);
    safely(() => {
      if (error) listener.failed(error);
      else if (news) listener.told(news as QueryResult);
      // There is no answer any more.
      else listener.emptied?.();
    }, report);
  }
}
