// Apps that nobody has asked for in a while leave memory.

import type { Timer } from '../../lib/clock.ts';
import type { App } from './app.ts';
import type { HubConfig } from './hub-config.ts';

export class IdleApps {
  readonly #config: Pick<HubConfig, 'clock' | 'limits' | 'log'>;
  readonly #open: Map<string, App>;
  readonly #left: (appId: string) => void;
  /** When each app was last asked for. */
  readonly #usedAtMs = new Map<string, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  /** `left`: called for each app that leaves, before it is closed. */
  constructor(config: Pick<HubConfig, 'clock' | 'limits' | 'log'>, open: Map<string, App>, left: (appId: string) => void) {
    this.#config = config;
    this.#open = open;
    this.#left = left;
  }

  used(appId: string): void {
    this.#usedAtMs.set(appId, this.#config.clock.monotonicNow());
  }

  /** Looks again and again, as long as an app is open. */
  schedule(): void {
    const { clock, limits } = this.#config;
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#evict();
      if (this.#open.size > 0) this.schedule();
    }, limits.idleAppMs / 2);
  }

  stop(): void {
    this.#isStopped = true;
    this.#config.clock.clearTimeout(this.#timer);
  }

  /** What is stored stays; whoever asks for the app loads it again. */
  #evict(): void {
    const { clock, limits, log } = this.#config;
    const before = clock.monotonicNow() - limits.idleAppMs;
    for (const [appId, app] of this.#open) {
      if (app.sessionCount > 0 || !app.ledger.isIdle || app.webhooks.isBusy || (this.#usedAtMs.get(appId) ?? 0) > before) continue;
      this.#open.delete(appId);
      this.#left(appId);
      this.#usedAtMs.delete(appId);
      app.close().catch((error: unknown) => log.error(`app ${appId} could not be closed`, error));
    }
  }
}
