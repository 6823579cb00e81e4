// Calls listeners: each once per new result. A listener that throws does not prevent the next from being called.

import { errorOf } from '../lib/thrown.ts';
import type { LiveQuery } from './queries/live-query.ts';
import { outcomeOf } from './queries/query-errors.ts';

/** Runs a callback and reports its error instead of throwing. */
export function guarded(run: () => void, report: (error: Error) => void): void {
  try {
    run();
  } catch (error) {
    report(errorOf(error));
  }
}

/** Calls every listener that has not received the query's present result or error. */
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
      // The result was dropped.
      else listener.onReset?.();
    }, report);
  }
}
