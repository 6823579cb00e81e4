// The session's identity: the app, the user, and the session id from the server. Creates the `init` message. Independent of any socket.
// PROTOCOL.md#init

import type { InstantAPIError } from '../errors.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { AppStatus, Init, InitOk, ServerCapabilities } from '../protocol/session-messages.ts';
import { deepFreeze } from '../lib/freeze.ts';
import { declaredVersions } from '../protocol/version.ts';
import type { User } from '../types/auth.ts';
import { defaultLimits, type Limits, readLimits } from './limits.ts';

export interface SessionConfig {
  readonly appId: string;
  /** Versions of packages that build on this one, reported to the server. */
  readonly versions?: Readonly<Record<string, string>> | undefined;
  readonly adminToken?: string | undefined;
}

export class Session {
  readonly #config: SessionConfig;
  #initId: string | undefined;
  /** `init` was accepted. */
  #isOpen = false;
  #user: User | undefined;
  /** The server's session id; that of the last session while disconnected. */
  id: string | undefined;
  /** Undefined until the server reports it. */
  appStatus: AppStatus | undefined;
  capabilities: ServerCapabilities = {};
  /** Those the server announced, over the defaults. */
  limits: Limits = defaultLimits;
  /** The error of the last rejected `init`. */
  #rejection: InstantAPIError | undefined;

  constructor(config: SessionConfig) {
    this.#config = config;
  }

  get user(): User | undefined {
    return this.#user;
  }

  /** Frozen: listeners and callers receive the same object. */
  set user(user: User | undefined) {
    this.#user = deepFreeze(user);
  }

  /** The owner of new writes. */
  get owner(): string {
    return this.user?.id ?? '';
  }

  get isWritable(): boolean {
    return (this.appStatus ?? 'active') === 'active';
  }

  init(eventId: string): Init {
    this.#initId = eventId;
    this.#isOpen = false;
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

  /**
   * Whether an error rejects `init` or, later, ends the session that it opened. An error about another `init` does neither, nor does one that
   * says that its own has already run.
   */
  isEndedBy({ 'client-event-id': eventId, 'original-event': original, type }: ErrorMessage): boolean {
    if (typeof eventId === 'string') return eventId === this.#initId && !(this.#isOpen && type === 'validation-failed');
    return !this.#isOpen && original?.['op'] === 'init';
  }

  onOpened(message: InitOk): void {
    this.#isOpen = true;
    this.#rejection = undefined;
    this.id = message['session-id'];
    this.capabilities = message.triplane ?? {};
    this.limits = readLimits(this.capabilities.limits, this.limits);
    this.appStatus = message['app-status']?.status ?? 'active';
  }

  /** Returns the error to report: the same object for a repeated rejection, so that it is reported once. */
  onRejected(error: InstantAPIError): { readonly error: InstantAPIError; readonly isNew: boolean } {
    const before = this.#rejection;
    if (before?.type === error.type && before?.message === error.message) return { error: before, isNew: false };
    this.#rejection = error;
    return { error, isNew: true };
  }
}
