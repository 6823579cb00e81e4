// What an organ must offer that is installed only when it is first needed, because most programs never need it.

import type { Attrs } from '../db/attrs.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Effect } from './effect.ts';

/** When something was heard, and what is known by then. */
export interface Hour {
  readonly nowMs: number;
  readonly attrs: Attrs;
  /** Whose session it is. */
  readonly owner: string;
}

/** An answer that was no. */
export interface Failure {
  readonly message: ErrorMessage;
  readonly error: InstantAPIError;
  readonly nowMs: number;
  readonly owner: string;
  /** When to ask again after so many failures in a row; undefined if that is no use. */
  readonly retryAtMs: (failures: number) => number | undefined;
}

/** What it is told, as far as it cares; it gives back what it wants done. */
export interface Extra {
  /** Any message that may be for an extra organ; those of others are left alone. */
  heard(message: ServerMessage, hour: Hour): readonly Effect[];
  /** Undefined if the failed request was somebody else's. */
  failed(failure: Failure): readonly Effect[] | undefined;
  sessionOpened(hour: Hour): readonly Effect[];
  lineLost(): readonly Effect[];
  /** Somebody else from here on. */
  userChanged?(): readonly Effect[];
  /** Infinity: nothing is. */
  nextDue(): number;
  due(nowMs: number): readonly Effect[];
  /** For good. */
  shutDown?(error: TriplaneError): readonly Effect[];
}
