// The organs that were installed on demand, as one. None at first, and in most programs ever.

import type { Effect } from './effect.ts';
import type { Extra, Failure } from './extra.ts';

export class Extras {
  readonly #all: Extra[] = [];

  install<E extends Extra>(extra: E): E {
    this.#all.push(extra);
    return extra;
  }

  /** What each of them wants done about it. */
  tell(news: (extra: Extra) => readonly Effect[] | undefined): Effect[] {
    return this.#all.flatMap((extra) => news(extra) ?? []);
  }

  /** Undefined if the failed request was none of theirs. */
  failed(failure: Failure): readonly Effect[] | undefined {
    return this.#all.map((extra) => extra.failed(failure)).find(Boolean);
  }

  nextDue(): number | undefined {
    const next = Math.min(...this.#all.map((extra) => extra.nextDue()));
    return next < Infinity ? next : undefined;
  }
}
