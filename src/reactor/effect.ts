// What an organ wants done, as data. Organs decide; only the Reactor sends, stores, announces and settles.

// What tabs tell each other: each news is what one of them did, so that all show the same before the server has answered.

import type { ChangeSet } from '../db/change-set.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import type { KeyValueOp } from '../storage/key-value.ts';
import type { Mutation } from './mutations/mutation.ts';
import { isObject } from '../lib/json.ts';

export type Effect =
  /** Say it, if the session is ready; what must not be lost is kept by the organ that owns it. */
  | { readonly do: 'send'; readonly message: ClientMessage }
  /** Keep it for the next start. */
  | { readonly do: 'store'; readonly edits: readonly KeyValueOp[] }
  /** The server's answer to this query is another one now: it is to be kept for the next start, in a while. */
  | { readonly do: 'keep'; readonly key: string; readonly changeSet: ChangeSet }
  /** Somebody else is here: what of the answers was to be kept is not theirs. */
  | { readonly do: 'forget' }
  /** These records of mutations may go once the results that contain them are stored. */
  | { readonly do: 'release'; readonly edits: readonly KeyValueOp[] }
  /** Other tabs are to know. */
  | { readonly do: 'tell'; readonly message: TabMessage }
  /** The answer to this query, as seen, may have changed. */
  | { readonly do: 'show'; readonly key: string }
  /** A write was confirmed, or refused. */
  | { readonly do: 'settle'; readonly eventId: string; readonly error?: TriplaneError }
  /** Writes may be ready to go out. */
  | { readonly do: 'flush' }
  /** Confirmed writes that every answer contains may be forgotten. */
  | { readonly do: 'prune' }
  /** It was refused, but may be in place from an earlier sending: ask whether what it makes is there. */
  | { readonly do: 'verify'; readonly write: Mutation; readonly error: InstantAPIError }
  | { readonly do: 'announce'; readonly what: 'appStatus' | 'outbox' }
  /** The session is open. */
  | { readonly do: 'ready' }
  /** The server will not have us: not this app, not with this client. */
  | { readonly do: 'refuse'; readonly error: TriplaneError }
  /** Whoever reads a stream, listens to a table or is in a room has news. */
  | { readonly do: 'call'; readonly listener: () => void; readonly room?: { readonly roomId: string; readonly topic?: string | undefined } }
  /** The rules of the app forbid receipts, and the server does not remember event ids: a write may be applied twice. */
  | { readonly do: 'unprotected' }
  /** A session anew, at once. */
  | { readonly do: 'restart' }
  /** The token is no longer good: go on without a user. */
  | { readonly do: 'expire' }
  /** An error that belongs to nobody's promise. */
  | { readonly do: 'report'; readonly error: TriplaneError };

/** What may be due whenever writes have moved. */
export const onward: readonly Effect[] = [{ do: 'prune' }, { do: 'announce', what: 'outbox' }, { do: 'flush' }];

export type TabMessage =
  /** A write is on disk: the record it is kept as. */
  | { readonly type: 'write'; readonly record: unknown }
  | { readonly type: 'acknowledged'; readonly eventId: string; readonly txId: number; readonly isn: string | undefined }
  /** The record the refusal is kept as. */
  | { readonly type: 'rejected'; readonly record: unknown }
  /** Refused writes were retried or given up: these are gone. What was retried comes as news of its own. */
  | { readonly type: 'gone'; readonly eventIds: readonly string[] }
  /** Null: nobody. */
  | { readonly type: 'user'; readonly user: unknown };

/** Another tab may run an older or a newer release: a type that is not known here is for nobody. */
export function isTabMessage(value: unknown): value is TabMessage {
  return isObject(value);
}
