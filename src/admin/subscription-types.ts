// What a live query delivers, typed by the query and the schema.

import type { InstantAPIError } from '../errors.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import type { InstaQLResponse, PageInfoResponse } from '../types/result.ts';
import type { ValidQuery } from '../types/valid-query.ts';

export type SubscriptionReadyState = 'closed' | 'connecting' | 'open';

/** Names the connection in the logs of the server. */
export type SubscribeQuerySessionInfo = { machineId: string; sessionId: string };

/** A complete result, or an error. After an error with `isClosed` nothing follows. */
export type SubscribeQueryPayload<Schema extends AnySchemaDef, Q extends ValidQuery<Q, Schema>, UseDates extends boolean = false> =
  | {
      type: 'ok';
      data: InstaQLResponse<Schema, Q, UseDates>;
      pageInfo: PageInfoResponse<Q> | undefined;
      sessionInfo: SubscribeQuerySessionInfo | null;
    }
  | {
      type: 'error';
      error: InstantAPIError;
      readyState: SubscriptionReadyState;
      isClosed: boolean;
      sessionInfo: SubscribeQuerySessionInfo | null;
    };

export type SubscribeQueryCallback<Schema extends AnySchemaDef, Q extends ValidQuery<Q, Schema>, UseDates extends boolean = false> = (
  payload: SubscribeQueryPayload<Schema, Q, UseDates>,
) => void;

export interface SubscribeQueryResponse<
  Schema extends AnySchemaDef,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean = false,
> extends AsyncDisposable {
  /** Ends the subscription; nothing more is delivered. */
  close(): void;
  /** Throws: payloads arrive over time. */
  [Symbol.iterator](): never;
  /** Leaving the loop closes the subscription, unless it has a callback or another loop. */
  [Symbol.asyncIterator](): AsyncIterableIterator<SubscribeQueryPayload<Schema, Q, UseDates>>;
  readonly readyState: SubscriptionReadyState;
  readonly isClosed: boolean;
  /** Null until the server has opened the session. */
  readonly sessionInfo: SubscribeQuerySessionInfo | null;
}
