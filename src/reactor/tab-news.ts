// What tabs tell each other: each news is what one of them did, so that all show the same before the server has answered.

import { isObject } from '../protocol/check.ts';

export type TabNews =
  /** A write is on disk: the record it is kept as. */
  | { readonly type: 'write'; readonly record: unknown }
  | { readonly type: 'applied'; readonly eventId: string; readonly txId: number; readonly isn: string | undefined }
  /** The record the refusal is kept as. */
  | { readonly type: 'refused'; readonly record: unknown }
  /** Refused writes were retried or given up: these are gone. What was retried comes as news of its own. */
  | { readonly type: 'gone'; readonly eventIds: readonly string[] }
  /** Null: nobody. */
  | { readonly type: 'user'; readonly user: unknown };

/** Another tab may run an older or a newer release: a type that is not known here is for nobody. */
export function isTabNews(value: unknown): value is TabNews {
  return isObject(value);
}
