// What a transaction touched, in the form rules are evaluated on: every step with its entities resolved, and the data before and after.
// Nothing is judged here.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Db } from '../../db/db.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { Actor } from './system-rules.ts';

export type Access =
  /** `isLookup`: created because a lookup found nothing, not by a step. */
  | { readonly is: 'value'; readonly etype: string; readonly id: string; readonly label: string; readonly isLookup?: true }
  | { readonly is: 'link' | 'unlink'; readonly attr: KnownAttr; readonly source: string; readonly target: string }
  /** `root`: the entity whose deletion was requested; this one was deleted by a cascade. */
  | { readonly is: 'delete'; readonly etype: string; readonly id: string; readonly root: string }
  | { readonly is: 'params'; readonly etype: string; readonly id: string; readonly params: Readonly<Record<string, unknown>> };

export interface AccessRecord {
  readonly actor: Actor;
  readonly before: Db;
  readonly after: Db;
  readonly accesses: readonly Access[];
  readonly newAttrs: readonly WireAttr[];
  /** As the writer sent them: a rejection names only the entities that these name. The writer may not know what a lookup found. */
  readonly steps?: readonly Step[];
  /**
   * A step's mode does not hold (create of an existing entity or update of a missing one). Reported once the rules for existing entities
   * have passed.
   */
  readonly conflict?: Error | undefined;
}

/**
 * A generator: yields where others can be served. `write`: the same object if the same write is checked again.
 *
 * @throws InstantAPIError if it is not permitted
 */
export type AuthorizeWrite = (access: AccessRecord, write?: object) => Generator<void, void>;
