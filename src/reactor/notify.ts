// Telling listeners: each is told what is new to it, once, and one that throws does not keep the next from being told.

import type { LiveQuery } from './queries/live-query.ts';
import { outcomeOf } from './queries/query-errors.ts';

/** Whether all went well is not of interest to whoever has news. */
export function guarded(run: () => void, report: (error: Error) => void): void {
  try {
    run();
  } catch (error) {
    report(error instanceof Error ? error : new Error(String(error)));
  }
}

/** What the query is seen as now, to those who have not seen it so. */
export function notifyListeners(live: LiveQuery, report: (error: Error) => void): void {
  const { isFresh, listeners } = live;
  const { error, result } = outcomeOf(live);
  const current = error ?? result;
  for (const [listener, lastNotified] of [...listeners]) {
    if (lastNotified === current || !listeners.has(listener)) continue;
    if (current && !error && !isFresh && listener.wantsFresh) continue;
    listeners.set(listener, current);
    guarded(() => {
      if (error) listener.onError(error);
      else if (result) listener.onResult(result);
      // There is no answer any more.
      else listener.onReset?.();
    }, report);
  }
}
