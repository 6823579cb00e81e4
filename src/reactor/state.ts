// The organs of a Reactor, as those who read a message are handed them.

// The writes that the server refused, by their event ids, until the app has read them and retried or discarded them. They outlive the page.

import type { AttrCatalog } from './attr-catalog.ts';
import type { Features } from './features.ts';
import type { LiveQueries } from './queries/live-queries.ts';
import type { Mutation } from './mutations/mutation.ts';
import type { Outbox } from './mutations/outbox.ts';
import type { Random } from '../lib/random.ts';
import type { Session } from './session.ts';

export interface SyncState {
  readonly session: Session;
  readonly catalog: AttrCatalog;
  readonly outbox: Outbox;
  readonly rejections: Rejections;
  /** Before the way out is there, nothing is answered, and there is nothing to show. */
  queries: LiveQueries | undefined;
  readonly features: Features;
}

/** Once the way out is there. */
export interface OpenSyncState extends SyncState {
  readonly queries: LiveQueries;
}

export interface Env {
  readonly nowMs: number;
  readonly random: Random;
}

export type Rejections = Map<string, Mutation>;
