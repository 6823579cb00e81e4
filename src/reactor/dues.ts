// The live queries of which something is due: those that wait for nothing cost nothing.

import { earliest } from './alarm.ts';
import type { LiveQuery } from './live-query.ts';

export class Dues {
  readonly #lives = new Set<LiveQuery>();

  /** It was given a time. */
  add(live: LiveQuery): void {
    this.#lives.add(live);
  }

  delete(live: LiveQuery): void {
    this.#lives.delete(live);
  }

  all(): LiveQuery[] {
    return [...this.#lives];
  }

  next(): number | undefined {
    let next: number | undefined;
    for (const live of this.#lives) {
      const due = earliest(live.askAgainAtMs, live.recheckAtMs);
      if (due === undefined) this.#lives.delete(live);
      next = earliest(next, due);
    }
    return next;
  }
}
