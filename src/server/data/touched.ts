// What a transaction touched, as those judge it who say whether it may: every step with its entities found, and the data
// before and after. No judging is done here.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { Actor } from './system-rules.ts';

export type Access =
  /** `isLookup`: written because an entity was made for a lookup, not by a step. */
  | { readonly is: 'value'; readonly etype: string; readonly id: string; readonly label: string; readonly isLookup?: true }
  | { readonly is: 'link' | 'unlink'; readonly attr: KnownAttr; readonly source: string; readonly target: string }
  /** `root`: the entity that was asked to be deleted; this one went with it. */
  | { readonly is: 'delete'; readonly etype: string; readonly id: string; readonly root: string }
  | { readonly is: 'params'; readonly etype: string; readonly id: string; readonly params: Readonly<Record<string, unknown>> };

export interface AccessRecord {
  readonly actor: Actor;
  readonly before: Db;
  readonly after: Db;
  readonly accesses: readonly Access[];
  readonly newAttrs: readonly WireAttr[];
  /** Steps were to make what exists, or to change what does not. It is told once the rules of what existed have passed. */
  readonly conflict?: Error | undefined;
}

/** @throws InstantAPIError if it may not be */
export type AuthorizeWrite = (access: AccessRecord) => void;
