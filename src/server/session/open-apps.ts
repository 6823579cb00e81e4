// The apps in memory: each is opened once, for the first who asks, and closed after nobody has asked for it in a while.

import { memory } from '../storage/memory.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { KeptResults } from '../queries/kept-results.ts';
import type { QueryJobs } from '../queries/query-jobs.ts';
import { App } from './app.ts';
import type { HubConfig } from './hub-config.ts';
import { IdleApps } from './idle-apps.ts';
import type { TakePush } from './push-relay.ts';
import type { SendTurns } from './send-turns.ts';
import { registryId } from './registry.ts';

/** What all apps of a server share. */
export interface SharedByApps {
  readonly webhookSender: WebhookSender;
  readonly takePush: TakePush;
  readonly jobs: QueryJobs;
  readonly keptResults: KeptResults;
  readonly memory: MemoryBudget;
  readonly sendTurns: SendTurns;
}

export class OpenApps {
  readonly #config: HubConfig;
  readonly #shared: SharedByApps;
  readonly #opening = new Map<string, Promise<App>>();
  /** Those that are open, without the registry. */
  readonly #open = new Map<string, App>();
  readonly #idle: IdleApps;

  constructor(config: HubConfig, shared: SharedByApps) {
    this.#config = config;
    this.#shared = shared;
    this.#idle = new IdleApps(config, this.#open, (appId) => this.#opening.delete(appId));
  }

  /** Whether it is open, or being opened. */
  has(appId: string): boolean {
    return this.#opening.has(appId);
  }

  isOpen(appId: string): boolean {
    return this.#open.has(appId);
  }

  list(): readonly App[] {
    return [...this.#open.values()];
  }

  /** Opens the app, whether or not anything is stored of it. */
  async get(appId: string): Promise<App> {
    const known = this.#opening.get(appId);
    if (known) this.#idle.used(appId);
    if (known) return known;
    const opening = this.#openApp(appId);
    this.#opening.set(appId, opening);
    try {
      await opening;
    } catch (error) {
      this.#opening.delete(appId);
      throw error;
    }
    return opening;
  }

  /** An app by itself, which nothing is stored of. */
  async openTrial(id: string): Promise<App> {
    const { clock, random, log: logger, limits } = this.#config;
    const { jobs, keptResults, memory: budget, sendTurns } = this.#shared;
    return App.open({ id, log: await memory().open(id), clock, random, logger, limits, jobs, keptResults, memory: budget, sendTurns });
  }

  /** The next who asks for the app gets another one. */
  forget(appId: string): void {
    this.#open.delete(appId);
    this.#opening.delete(appId);
    this.#idle.forget(appId);
  }

  /** Apps leave memory no longer. */
  stopEviction(): void {
    this.#idle.stop();
  }

  async closeAll(): Promise<void> {
    const opened = await Promise.allSettled(this.#opening.values());
    await Promise.all(opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.close()] : [])));
  }

  async #openApp(id: string): Promise<App> {
    const { storage, clock, random, log: logger, limits, origin, files, acceptedTokens } = this.#config;
    const app = await App.open({
      ...{ id, log: await storage.open(id), clock, random, logger, limits, origin },
      ...{ fileStore: files ?? storage.files, relay: storage.relay, tokensEnded: acceptedTokens?.ended },
      ...this.#shared,
    });
    if (id !== registryId) this.#open.set(id, app);
    this.#idle.used(id);
    this.#idle.schedule();
    return app;
  }
}
