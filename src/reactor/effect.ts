// What an organ wants done, as data. Organs decide; only the Reactor sends, stores, announces and settles.

import type { Report } from '../db/report.ts';
import type { InstantAPIError, TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { Edit } from '../storage/key-value.ts';
import type { TabNews } from './tab-news.ts';
import type { Write } from './write.ts';

export type Effect =
  /** Say it, if the session is ready; what must not be lost is kept by the organ that owns it. */
  | { readonly do: 'send'; readonly message: ClientMessage }
  /** Keep it for the next start. */
  | { readonly do: 'store'; readonly edits: readonly Edit[] }
  /** The server's answer to this query is another one now: it is to be kept for the next start, in a while. */
  | { readonly do: 'keep'; readonly key: string; readonly report: Report }
  /** Somebody else is here: what of the answers was to be kept is not theirs. */
  | { readonly do: 'forget' }
  /** Other tabs are to know. */
  | { readonly do: 'tell'; readonly news: TabNews }
  /** The answer to this query, as seen, may have changed. */
  | { readonly do: 'show'; readonly key: string }
  /** A write was confirmed, or refused. */
  | { readonly do: 'settle'; readonly eventId: string; readonly error?: TriplaneError }
  /** Writes may be ready to go out. */
  | { readonly do: 'flush' }
  /** Confirmed writes that every answer contains may be forgotten. */
  | { readonly do: 'prune' }
  /** It was refused, but may be in place from an earlier sending: ask whether what it makes is there. */
  | { readonly do: 'verify'; readonly write: Write; readonly error: InstantAPIError }
  | { readonly do: 'announce'; readonly what: 'appStatus' | 'outbox' }
  /** The session is open. */
  | { readonly do: 'ready' }
  /** The server will not have us: not this app, not with this client. */
  | { readonly do: 'refuse'; readonly error: TriplaneError }
  /** Whoever reads a stream, listens to a table or is in a room has news. */
  | { readonly do: 'call'; readonly listener: () => void; readonly room?: { readonly roomId: string; readonly topic?: string | undefined } }
  /** A session anew, at once. */
  | { readonly do: 'restart' }
  /** The token is no longer good: go on without a user. */
  | { readonly do: 'expire' }
  /** An error that belongs to nobody's promise. */
  | { readonly do: 'report'; readonly error: TriplaneError };

/** What may be due whenever writes have moved. */
export const onward: readonly Effect[] = [{ do: 'prune' }, { do: 'announce', what: 'outbox' }, { do: 'flush' }];
