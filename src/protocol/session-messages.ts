// Opening a session and the life of it: who connects to which app, what the server knows, whether the app is open.
// PROTOCOL.md#init, #init-ok, #sse-init, #app-status-changed

import type { WireAttr } from './attr.ts';
import type { ReplyEnvelope, Maybe, ClientEnvelope, ServerEnvelope } from './envelope.ts';

export interface Init extends ClientEnvelope {
  readonly op: 'init';
  readonly 'app-id': string;
  /** Missing = anonymous. */
  readonly 'refresh-token'?: Maybe<string>;
  /** Package → version; switches features on. PROTOCOL.md#versions */
  readonly versions?: Maybe<Readonly<Record<string, unknown>>>;
  /** A wrong one is no error: the session just has no admin rights. */
  readonly '__admin-token'?: Maybe<string>;
  /** What of a Triplane server's extensions the client can take. PROTOCOL.md#extensions */
  readonly triplane?: Maybe<ClientCapabilities>;
}

export interface ClientCapabilities {
  /** `deltas` in a `refresh-ok`. */
  readonly deltas?: Maybe<boolean>;
}

export interface InitOk extends ReplyEnvelope {
  readonly op: 'init-ok';
  readonly 'session-id': string;
  readonly auth?: Maybe<WireAuth>;
  /** All attrs of the app, the system's among them. */
  readonly attrs?: Maybe<readonly WireAttr[]>;
  /** Missing = active. */
  readonly 'app-status'?: Maybe<WireAppStatus>;
  /** What a Triplane server promises beyond the protocol. PROTOCOL.md#extensions */
  readonly triplane?: Maybe<ServerCapabilities>;
}

export interface WireAuth {
  readonly app?: Maybe<{ readonly id: string }>;
  readonly user?: Maybe<WireUser>;
  readonly 'admin?'?: Maybe<boolean>;
}

/** `id` is always there; `email`, `type`, `isGuest` and more may be. */
export interface WireUser {
  readonly id: string;
  readonly [field: string]: unknown;
}

export type AppStatus = 'active' | 'read-only' | 'disabled';

export interface WireAppStatus {
  readonly status?: Maybe<AppStatus>;
}

/** A client relies on these only if the server announces them. */
export interface ServerCapabilities {
  /** The `processed-tx-id` of a `refresh-ok` holds for every query of the session, also those it does not list. */
  readonly 'refresh-covers-all'?: Maybe<boolean>;
  /** A `transact` repeated under its event id is not executed again: it gets the result of the first time, success or error. */
  readonly 'deduplicates-transactions'?: Maybe<boolean>;
  /** Clients that ask for them in `init` receive changes of results as deltas. */
  readonly deltas?: Maybe<boolean>;
  readonly limits?: Maybe<ServerLimits>;
}

/** What a client can keep to by itself. A missing limit is unknown. PROTOCOL.md#limits */
export interface ServerLimits {
  /** Of the text in UTF-8. */
  readonly 'max-frame-bytes'?: Maybe<number>;
  readonly 'max-frame-depth'?: Maybe<number>;
  readonly 'max-messages-per-second'?: Maybe<number>;
  /** Characters of a room id, a topic, a client id of a stream, a client event id. */
  readonly 'max-name-length'?: Maybe<number>;
  readonly 'max-transaction-steps'?: Maybe<number>;
  readonly 'max-pending-transactions'?: Maybe<number>;
  readonly 'max-queries'?: Maybe<number>;
  readonly 'max-query-depth'?: Maybe<number>;
  readonly 'max-query-path-length'?: Maybe<number>;
  readonly 'max-query-conditions'?: Maybe<number>;
  readonly 'max-query-choices'?: Maybe<number>;
  readonly 'max-query-ms'?: Maybe<number>;
  readonly 'max-rooms'?: Maybe<number>;
  /** Of the presence in one room, as JSON. */
  readonly 'max-presence-bytes'?: Maybe<number>;
  readonly 'max-streams'?: Maybe<number>;
}

/** The first message over an event stream: what the client needs to speak up. PROTOCOL.md#sse-init */
export interface SseInit extends ServerEnvelope {
  readonly op: 'sse-init';
  readonly 'machine-id': string;
  readonly 'session-id': string;
  readonly 'sse-token': string;
}

export interface AppStatusChanged extends ServerEnvelope {
  readonly op: 'app-status-changed';
  readonly status: AppStatus;
}
