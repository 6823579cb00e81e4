// What the routes work with: the apps, the accounts of each, and where codes are sent.

import type { AcceptedTokens } from '../auth/accepted-tokens.ts';
import { InstantAPIError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Random, systemRandom } from '../../lib/random.ts';
import type { Log } from '../../lib/log.ts';
import type { App } from '../session/app.ts';
import { Accounts } from '../auth/accounts.ts';
import { filledTemplate, templateOf } from '../mail/email-template.ts';
import { OAuth } from '../auth/oauth/oauth.ts';
import { Providers } from '../auth/oauth/providers.ts';
import { type ClientAddress, clientAddress } from '../client-address.ts';
import type { AllowsOrigin } from '../origins.ts';
import { type Outbound, outbound } from '../outbound.ts';
import type { AppBackups } from '../move/app-backups.ts';
import type { Hub } from '../session/hub.ts';
import { IncomingBytes } from '../incoming-bytes.ts';
import type { Limits } from '../limits.ts';
import { UnreadOutput } from '../unread-output.ts';

export interface MagicCodeMail {
  readonly appId: string;
  readonly email: string;
  readonly code: string;
  /** Where the app has a template of its own (`instant-cli auth email push`): what the mail says, and who it is from. */
  readonly subject?: string;
  readonly html?: string;
  readonly senderName?: string;
  readonly senderEmail?: string;
}

export interface HttpConfig {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** Where new ids come from; the system, if not given. */
  readonly random?: Random | undefined;
  /** What all connections of the server have not read yet; missing = those of event streams only. */
  readonly unread?: UnreadOutput<object> | undefined;
  /** What has arrived and is not complete yet, on all connections of the server; missing = that of bodies only. */
  readonly incoming?: IncomingBytes<object> | undefined;
  /** Without it, codes are written to the log. */
  readonly sendMagicCode?: ((mail: MagicCodeMail) => unknown) | undefined;
  /** How sign-in providers are reached. */
  readonly outbound?: Outbound | undefined;
  /** Whether webhooks may be at private addresses. */
  readonly allowPrivateTargets?: boolean | undefined;
  /** Whether the status page shows apps and the last codes. */
  readonly showCodes?: boolean | undefined;
  /** Where a client is; the address of the connection, if not given. */
  readonly clientAddress?: ClientAddress | undefined;
  /** Which web pages may use the server; all, if not given. */
  readonly allowsOrigin?: AllowsOrigin | undefined;
  /** Refresh tokens of an old host. */
  readonly acceptedTokens?: AcceptedTokens | undefined;
  /** Missing = no backups of single apps. */
  readonly backups?: AppBackups | undefined;
}

/** How many of the last codes are shown. */
const maxRecentCodes = 10;

export class HttpContext {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly unread: UnreadOutput<object>;
  readonly incoming: IncomingBytes<object>;
  readonly providers: Providers;
  readonly clientAddress: ClientAddress;
  readonly allowsOrigin: AllowsOrigin;
  readonly acceptedTokens: AcceptedTokens | undefined;
  readonly #config: HttpConfig;
  readonly #accounts = new WeakMap<App, Accounts>();
  readonly #oauth = new WeakMap<App, OAuth>();
  readonly #recentCodes: MagicCodeMail[] = [];

  constructor(config: HttpConfig) {
    this.#config = config;
    this.hub = config.hub;
    this.acceptedTokens = config.acceptedTokens;
    this.clock = config.clock;
    this.log = config.log;
    this.limits = config.limits;
    this.clientAddress = config.clientAddress ?? clientAddress(undefined);
    this.allowsOrigin = config.allowsOrigin ?? (() => true);
    this.unread = config.unread ?? new UnreadOutput<object>(config.limits, config.clock);
    this.incoming = config.incoming ?? new IncomingBytes<object>(config.limits.totalIncomingBytes);
    this.providers = new Providers(config.outbound ?? outbound({ allowPrivate: false, timeoutMs: 10_000, maxBytes: 1024 * 1024 }));
  }

  accounts(app: App): Accounts {
    let accounts = this.#accounts.get(app);
    if (!accounts) this.#accounts.set(app, (accounts = new Accounts(app, this.clock)));
    return accounts;
  }

  oauth(app: App): OAuth {
    let oauth = this.#oauth.get(app);
    if (!oauth) this.#oauth.set(app, (oauth = new OAuth(app, this.accounts(app), this.providers, () => this.clock.now())));
    return oauth;
  }

  readonly uuid = (): string => (this.#config.random ?? systemRandom).uuid();

  get allowsPrivateTargets(): boolean {
    return this.#config.allowPrivateTargets ?? false;
  }

  /** Whether the server is for developing: its page shows what is in it. */
  get isShown(): boolean {
    return this.#config.showCodes ?? false;
  }

  /** The last codes, the newest first; none unless they are to be shown. */
  get codes(): readonly MagicCodeMail[] {
    return this.#recentCodes;
  }

  async send(app: App, email: string, code: string): Promise<void> {
    const mail: MagicCodeMail = { appId: app.id, email, code, ...this.#textOf(app, email, code) };
    if (this.#config.showCodes) {
      this.#recentCodes.unshift(mail);
      this.#recentCodes.length = Math.min(this.#recentCodes.length, maxRecentCodes);
    }
    if (!this.#config.sendMagicCode) return this.log.info(`magic code for ${mail.email}: ${mail.code}`);
    try {
      await this.#config.sendMagicCode(mail);
    } catch (cause) {
      const error = new InstantAPIError({
        status: 500,
        body: { type: 'email-send-failed', message: 'The code could not be sent', hint: null },
      });
      error.cause = cause;
      throw error;
    }
  }

  #textOf(app: App, email: string, code: string): Partial<MagicCodeMail> {
    const template = templateOf(app.ledger.records);
    if (!template) return {};
    const { title: app_title, minutes } = this.accounts(app).codeText();
    const filled = filledTemplate(template, { code, app_title, user_email: email, expiration: `${minutes} minutes` });
    const { name, email: senderEmail } = template;
    return { ...filled, ...(name !== null && { senderName: name }), ...(senderEmail !== null && { senderEmail }) };
  }
}
