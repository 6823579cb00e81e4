// Features: state modules that are installed on first use, because most programs do not need them. `Features` combines those that are
// installed.

import type { Attrs } from '../db/attrs.ts';
import type { Effect } from './effect.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import { asError } from './client-errors.ts';
import type { ServerMessage } from '../protocol/server-message.ts';

/** The environment of a call: time, attrs and user. */
export interface FeatureEnv {
  readonly nowMs: number;
  readonly attrs: Attrs;
  /** The user of the session. */
  readonly owner: string;
}

/** A rejected request. */
export interface RejectedRequest {
  readonly message: ErrorMessage;
  readonly error: InstantAPIError;
  readonly nowMs: number;
  readonly owner: string;
  /** When to retry after this many failures in a row; undefined if a retry is useless. */
  readonly retryAtMs: (failures: number) => number | undefined;
}

/** The events a feature receives; it returns effects. */
export interface Feature {
  /** A message that the core does not handle; a feature ignores those of others. */
  onMessage(message: ServerMessage, env: FeatureEnv): readonly Effect[];
  /** Undefined if the failed request is not of this feature. */
  onError(failure: RejectedRequest): readonly Effect[] | undefined;
  onSessionOpen(env: FeatureEnv): readonly Effect[];
  onDisconnect(): readonly Effect[];
  /** Another user signed in. */
  onUserChange?(): readonly Effect[];
  /** Infinity if there is none. */
  nextDeadline(): number;
  onDeadline(nowMs: number): readonly Effect[];
  /** The client is closed. */
  shutDown?(error: TriplaneError): readonly Effect[];
}

export class Features {
  readonly #all: Feature[] = [];

  install<E extends Feature>(feature: E): E {
    this.#all.push(feature);
    return feature;
  }

  /** The effects of all features. */
  collect(handle: (feature: Feature) => readonly Effect[] | undefined): Effect[] {
    return this.#all.flatMap((feature): readonly Effect[] => {
      try {
        return handle(feature) ?? [];
      } catch (cause) {
        return [{ do: 'report', error: asError(cause, 'frame-malformed') }];
      }
    });
  }

  /** Undefined if the failed request is of no feature. */
  onError(failure: RejectedRequest): readonly Effect[] | undefined {
    return this.#all.map((feature) => feature.onError(failure)).find(Boolean);
  }

  nextDeadline(): number | undefined {
    const next = Math.min(...this.#all.map((feature) => feature.nextDeadline()));
    return next < Infinity ? next : undefined;
  }
}
