// Who we are to the server: the app, the user, and the session the server opened for us. Makes `init`. It holds no
// socket and does not know whether one is open. PROTOCOL.md#init

import type { InstantAPIError } from '../errors.ts';
import type { AppStatus, Init, InitOk, ServerCapabilities } from '../protocol/session-messages.ts';
import { declaredVersions } from '../protocol/version.ts';
import type { User } from '../types/auth.ts';
import { defaultLimits, type Limits, readLimits } from './limits.ts';

export interface SessionConfig {
  readonly appId: string;
  /** Packages above this one that wish to be named to the server. */
  readonly versions?: Readonly<Record<string, string>> | undefined;
  readonly adminToken?: string | undefined;
}

export class Session {
  readonly #config: SessionConfig;
  #initId: string | undefined;
  user: User | undefined;
  /** The id the server knows this session by; that of the last one while there is no line. */
  id: string | undefined;
  /** Undefined before the server has told. */
  appStatus: AppStatus | undefined;
  capabilities: ServerCapabilities = {};
  /** Of the server, as far as it announced them; before the first session, and of a server that announces none, the defaults. */
  limits: Limits = defaultLimits;
  /** Why the server would not have us, the last time it was asked. */
  #rejection: InstantAPIError | undefined;

  constructor(config: SessionConfig) {
    this.#config = config;
  }

  /** Whose writes these are. */
  get owner(): string {
    return this.user?.id ?? '';
  }

  get isWritable(): boolean {
    return (this.appStatus ?? 'active') === 'active';
  }

  init(eventId: string): Init {
    this.#initId = eventId;
    return {
      op: 'init',
      'client-event-id': eventId,
      'app-id': this.#config.appId,
      ...(this.user && { 'refresh-token': this.user.refresh_token }),
      ...(this.#config.adminToken && { '__admin-token': this.#config.adminToken }),
      triplane: { deltas: true },
      versions: { ...this.#config.versions, ...declaredVersions },
    };
  }

  isInit(eventId: string | null | undefined): boolean {
    return eventId !== undefined && eventId !== null && eventId === this.#initId;
  }

  onOpened(message: InitOk): void {
    this.#rejection = undefined;
    this.id = message['session-id'];
    this.capabilities = message.triplane ?? {};
    this.limits = readLimits(this.capabilities.limits, this.limits);
    this.appStatus = message['app-status']?.status ?? 'active';
  }

  setAppStatus(status: AppStatus): void {
    this.appStatus = status;
  }

  /** Gives the error to tell: for the same refusal again the same one, so that nobody is told twice. */
  onRejected(error: InstantAPIError): { readonly error: InstantAPIError; readonly isNew: boolean } {
    const before = this.#rejection;
    if (before?.type === error.type && before?.message === error.message) return { error: before, isNew: false };
    this.#rejection = error;
    return { error, isNew: true };
  }
}
