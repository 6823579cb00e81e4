// Effects: what a state module wants done, as data. State modules decide; only the Reactor sends, stores, notifies and settles. Also the messages
// between tabs: each describes what one tab did, so that all tabs show the same before the server responds.

import type { ChangeSet } from '../db/change-set.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import type { KeyValueOp } from '../storage/key-value.ts';
import type { Mutation } from './mutations/mutation.ts';
import { isObject } from '../lib/json.ts';

export type Effect =
  /** Send the message if the session is ready. A state module keeps what must not be lost. */
  | { readonly do: 'send'; readonly message: ClientMessage }
  /** Apply these operations to the store. */
  | { readonly do: 'store'; readonly edits: readonly KeyValueOp[] }
  /** The same for waiting writes in the terms of new attrs, by the tab that also removes them: another could bring back what is settled by then. */
  | { readonly do: 'rewrite'; readonly edits: readonly KeyValueOp[] }
  /** The server's result of this query changed: store it after a while. */
  | { readonly do: 'keep'; readonly key: string; readonly changeSet: ChangeSet }
  /** Another user signed in: drop results that are not stored yet. */
  | { readonly do: 'forget' }
  /** All open queries contain these confirmed writes: their records may go once all stored results do. */
  | { readonly do: 'release'; readonly writes: readonly Mutation[] }
  /** Send the message to other tabs. */
  | { readonly do: 'tell'; readonly message: TabMessage }
  /** The visible result of this query may have changed: notify its listeners. */
  | { readonly do: 'show'; readonly key: string }
  /** A write was acknowledged, or rejected with this error. */
  | { readonly do: 'settle'; readonly eventId: string; readonly error?: TriplaneError }
  /** Writes may be ready to be sent. */
  | { readonly do: 'flush' }
  /** Acknowledged writes that every result contains may be removed. */
  | { readonly do: 'prune' }
  /** The server rejected a write that an earlier attempt may have applied: check whether its entities exist. */
  | { readonly do: 'verify'; readonly write: Mutation; readonly error: InstantAPIError }
  | { readonly do: 'announce'; readonly what: 'appStatus' | 'outbox' }
  /** The session is open. */
  | { readonly do: 'ready' }
  /** The server rejected `init`. */
  | { readonly do: 'refuse'; readonly error: TriplaneError }
  /** Call a listener of a stream, a table or a room. */
  | { readonly do: 'call'; readonly listener: () => void; readonly room?: { readonly roomId: string; readonly topic?: string | undefined } }
  /** The app's rules forbid receipts, and the server does not deduplicate transactions: a write may be applied twice. */
  | { readonly do: 'unprotected' }
  /** Replace the session at once. */
  | { readonly do: 'restart' }
  /** The token is not valid any more: continue without a user. */
  | { readonly do: 'expire' }
  /** Report an error that belongs to no promise. */
  | { readonly do: 'report'; readonly error: TriplaneError };

/** Follows every change of the outbox. */
export const onward: readonly Effect[] = [{ do: 'prune' }, { do: 'announce', what: 'outbox' }, { do: 'flush' }];

export type TabMessage =
  /** A write is stored; with its record. */
  | { readonly type: 'write'; readonly record: unknown }
  | { readonly type: 'acknowledged'; readonly eventId: string; readonly txId: number; readonly isn: string | undefined }
  /** A write was rejected; with its record. */
  | { readonly type: 'rejected'; readonly record: unknown }
  /** Rejected writes were retried or discarded. Retried ones follow as messages of their own. */
  | { readonly type: 'gone'; readonly eventIds: readonly string[] }
  /** These wait, and perhaps in vain: the leader tells what became of them. */
  | { readonly type: 'waiting'; readonly records: readonly unknown[] }
  /** Who is signed in, as is stored now. Null for nobody. */
  | { readonly type: 'user'; readonly user: unknown };

/** Another tab may run another release: unknown types are ignored. */
export function isTabMessage(value: unknown): value is TabMessage {
  return isObject(value);
}
