// What an organ must offer that is installed only when it is first needed, because most programs never need it.

// The organs that were installed on demand, as one. None at first, and in most programs ever.

import type { Attrs } from '../db/attrs.ts';
import type { Effect } from './effect.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import { asError } from './client-errors.ts';
import type { ServerMessage } from '../protocol/server-message.ts';

/** When something was heard, and what is known by then. */
export interface FeatureEnv {
  readonly nowMs: number;
  readonly attrs: Attrs;
  /** Whose session it is. */
  readonly owner: string;
}

/** An answer that was no. */
export interface RejectedRequest {
  readonly message: ErrorMessage;
  readonly error: InstantAPIError;
  readonly nowMs: number;
  readonly owner: string;
  /** When to ask again after so many failures in a row; undefined if that is no use. */
  readonly retryAtMs: (failures: number) => number | undefined;
}

/** What it is told, as far as it cares; it gives back what it wants done. */
export interface Feature {
  /** Any message that may be for an extra organ; those of others are left alone. */
  onMessage(message: ServerMessage, env: FeatureEnv): readonly Effect[];
  /** Undefined if the failed request was somebody else's. */
  onError(failure: RejectedRequest): readonly Effect[] | undefined;
  onSessionOpen(env: FeatureEnv): readonly Effect[];
  onDisconnect(): readonly Effect[];
  /** Somebody else from here on. */
  onUserChange?(): readonly Effect[];
  /** Infinity: nothing is. */
  nextDeadline(): number;
  onDeadline(nowMs: number): readonly Effect[];
  /** For good. */
  shutDown?(error: TriplaneError): readonly Effect[];
}

export class Features {
  readonly #all: Feature[] = [];

  install<E extends Feature>(feature: E): E {
    this.#all.push(feature);
    return feature;
  }

  /** What each of them wants done about it. */
  collect(handle: (feature: Feature) => readonly Effect[] | undefined): Effect[] {
    return this.#all.flatMap((feature): readonly Effect[] => {
      try {
        return handle(feature) ?? [];
      } catch (cause) {
        return [{ do: 'report', error: asError(cause, 'frame-malformed') }];
      }
    });
  }

  /** Undefined if the failed request was none of theirs. */
  onError(failure: RejectedRequest): readonly Effect[] | undefined {
    return this.#all.map((feature) => feature.onError(failure)).find(Boolean);
  }

  nextDeadline(): number | undefined {
    const next = Math.min(...this.#all.map((feature) => feature.nextDeadline()));
    return next < Infinity ? next : undefined;
  }
}
