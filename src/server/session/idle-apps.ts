// Unloads apps that have not been used for a while.

import type { Timer } from '../../lib/clock.ts';
import type { App } from './app.ts';
import type { HubConfig } from './hub-config.ts';

export class IdleApps {
  readonly #config: Pick<HubConfig, 'clock' | 'limits' | 'log'>;
  readonly #open: Map<string, App>;
  readonly #left: (appId: string) => void;
  /** Last use of each app. */
  readonly #usedAtMs = new Map<string, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  /** `left`: called for each app that is unloaded, before it is closed. */
  constructor(config: Pick<HubConfig, 'clock' | 'limits' | 'log'>, open: Map<string, App>, left: (appId: string) => void) {
    this.#config = config;
    this.#open = open;
    this.#left = left;
  }

  used(appId: string): void {
    this.#usedAtMs.set(appId, this.#config.clock.monotonicNow());
  }

  forget(appId: string): void {
    this.#usedAtMs.delete(appId);
  }

  /** Checks periodically while an app is open. */
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

  /** Stored data stays; the next request loads the app again. */
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
