// What the routes work with: the apps, the accounts of each, and where codes are sent.

import type { Clock } from '../../lib/clock.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Log } from '../../lib/log.ts';
import type { App } from '../app.ts';
import { Accounts } from '../auth/accounts.ts';
import type { Hub } from '../hub.ts';
import type { Limits } from '../limits.ts';

export interface MagicCodeMail {
  readonly appId: string;
  readonly email: string;
  readonly code: string;
}

export interface DeskConfig {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** Without it, codes are written to the log. */
  readonly sendMagicCode?: ((mail: MagicCodeMail) => unknown) | undefined;
  /** Whether the status page shows the last codes. */
  readonly showCodes?: boolean | undefined;
}

/** How many of the last codes are shown. */
const mostShown = 10;

export class Desk {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly #config: DeskConfig;
  readonly #accounts = new WeakMap<App, Accounts>();
  readonly #shown: MagicCodeMail[] = [];

  constructor(config: DeskConfig) {
    this.#config = config;
    this.hub = config.hub;
    this.clock = config.clock;
    this.log = config.log;
    this.limits = config.limits;
  }

  accounts(app: App): Accounts {
    let accounts = this.#accounts.get(app);
    if (!accounts) this.#accounts.set(app, (accounts = new Accounts(app, () => this.clock.now())));
    return accounts;
  }

  readonly uuid = (): string => systemRandom.uuid();

  /** The last codes, the newest first; none unless they are to be shown. */
  get codes(): readonly MagicCodeMail[] {
    return this.#shown;
  }

  async send(mail: MagicCodeMail): Promise<void> {
    if (this.#config.showCodes) {
      this.#shown.unshift(mail);
      this.#shown.length = Math.min(this.#shown.length, mostShown);
    }
    if (this.#config.sendMagicCode) await this.#config.sendMagicCode(mail);
    else this.log.info(`magic code for ${mail.email}: ${mail.code}`);
  }
}
