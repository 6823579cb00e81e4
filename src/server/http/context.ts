// Dependencies of the routes: the apps, their accounts, and delivery of codes.

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
  /** Set if the app has its own template (`instant-cli auth email push`): content and sender of the mail. */
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
  /** Default: the system's random source. */
  readonly random?: Random | undefined;
  /** Unread output of all connections of the server. Default: of event streams only. */
  readonly unread?: UnreadOutput<object> | undefined;
  /** Frames and bodies that are not complete yet, on all connections of the server. Default: bodies only. */
  readonly incoming?: IncomingBytes<object> | undefined;
  /** Default: codes are written to the log. */
  readonly sendMagicCode?: ((mail: MagicCodeMail) => unknown) | undefined;
  /** HTTP client for sign-in providers. */
  readonly outbound?: Outbound | undefined;
  /** Whether webhooks may have private addresses. */
  readonly allowPrivateTargets?: boolean | undefined;
  /** Whether the status page lists apps and recent codes. */
  readonly showCodes?: boolean | undefined;
  /** The client's address. Default: the address of the connection. */
  readonly clientAddress?: ClientAddress | undefined;
  /** Origins of web pages that may use the server. Default: all. */
  readonly allowsOrigin?: AllowsOrigin | undefined;
  /** Refresh tokens of a previous host. */
  readonly acceptedTokens?: AcceptedTokens | undefined;
  /** Missing = backups of single apps are not offered. */
  readonly backups?: AppBackups | undefined;
}

/** Number of recent codes shown. */
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
    if (!oauth) this.#oauth.set(app, (oauth = new OAuth(app, this.accounts(app), this.providers, this.clock)));
    return oauth;
  }

  readonly uuid = (): string => (this.#config.random ?? systemRandom).uuid();

  get allowsPrivateTargets(): boolean {
    return this.#config.allowPrivateTargets ?? false;
  }

  /** Whether the server is in development mode: its page shows its content. */
  get isShown(): boolean {
    return this.#config.showCodes ?? false;
  }

  /** Recent codes, newest first; empty unless they may be shown. */
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
