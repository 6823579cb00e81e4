// Opening a session and its lifecycle: app and user, the attr catalog, the status of the app. PROTOCOL.md#init, #init-ok, #sse-init,
// #app-status-changed

import type { WireAttr } from './attr.ts';
import type { ClientEnvelope, Maybe, ReplyEnvelope, ServerEnvelope } from './envelope.ts';

export interface Init extends ClientEnvelope {
  readonly op: 'init';
  readonly 'app-id': string;
  /** Missing = anonymous. */
  readonly 'refresh-token'?: Maybe<string>;
  /** Package → version; enables features. PROTOCOL.md#versions */
  readonly versions?: Maybe<Readonly<Record<string, unknown>>>;
  /** A wrong token is not an error: the session gets no admin rights. */
  readonly '__admin-token'?: Maybe<string>;
  /** The extensions of a Triplane server that this client supports. PROTOCOL.md#extensions */
  readonly triplane?: Maybe<ClientCapabilities>;
}

export interface ClientCapabilities {
  /** Accepts `deltas` in a `refresh-ok`. */
  readonly deltas?: Maybe<boolean>;
}

export interface InitOk extends ReplyEnvelope {
  readonly op: 'init-ok';
  readonly 'session-id': string;
  readonly auth?: Maybe<WireAuth>;
  /** All attrs of the app, including system attrs. */
  readonly attrs?: Maybe<readonly WireAttr[]>;
  /** Missing = active. */
  readonly 'app-status'?: Maybe<WireAppStatus>;
  /** The extensions this Triplane server supports. PROTOCOL.md#extensions */
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

/** Clients rely on an extension only if the server announced it. */
export interface ServerCapabilities {
  /** The `processed-tx-id` of a `refresh-ok` applies to every query of the session, including queries it does not list. */
  readonly 'refresh-covers-all'?: Maybe<boolean>;
  /** A `transact` repeated under its event id is not executed again: it gets the result of the first time, success or error. */
  readonly 'deduplicates-transactions'?: Maybe<boolean>;
  /** Clients that requested it in `init` receive deltas instead of full results. */
  readonly deltas?: Maybe<boolean>;
  readonly limits?: Maybe<ServerLimits>;
}

/** Limits a client can observe by itself. A missing limit is unknown. PROTOCOL.md#limits */
export interface ServerLimits {
  /** Of the text in UTF-8. */
  readonly 'max-frame-bytes'?: Maybe<number>;
  readonly 'max-frame-depth'?: Maybe<number>;
  /** 10 for a key, 5 for an array or object, 1 for any other item. */
  readonly 'max-frame-work'?: Maybe<number>;
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
  /** Entities, links and conditions that one evaluation looks at. */
  readonly 'max-query-work'?: Maybe<number>;
  /** Characters of JSON. */
  readonly 'max-result-length'?: Maybe<number>;
  readonly 'max-rooms'?: Maybe<number>;
  /** Of the presence in one room, as JSON. */
  readonly 'max-presence-bytes'?: Maybe<number>;
  readonly 'max-streams'?: Maybe<number>;
}

/** The first message on an event stream: the credentials for posting messages. PROTOCOL.md#sse-init */
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
