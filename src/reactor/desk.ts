// What the desks, where callers come with questions, need of the Reactor behind them.

import type { ReactorConfig } from './config.ts';
import type { Effect } from './effect.ts';
import type { Organs } from './organs.ts';

export interface Back {
  readonly config: ReactorConfig;
  readonly organs: Organs;
  run(effects: readonly Effect[]): void;
  report(error: Error): void;
  /** @throws TriplaneError 'closed' */
  assertOpen(): void;
}
