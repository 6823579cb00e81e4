// The organs of a Reactor, as those who read a message are handed them.

import type { Random } from '../lib/random.ts';
import type { Catalogue } from './catalogue.ts';
import type { Extras } from './extras.ts';
import type { LiveQueries } from './live-queries.ts';
import type { Outbox } from './outbox.ts';
import type { Refusals } from './refusals.ts';
import type { Session } from './session.ts';

export interface Organs {
  readonly session: Session;
  readonly catalogue: Catalogue;
  readonly outbox: Outbox;
  readonly refusals: Refusals;
  /** Before the way out is there, nothing is answered, and there is nothing to show. */
  queries: LiveQueries | undefined;
  readonly extras: Extras;
}

/** Once the way out is there. */
export interface OpenOrgans extends Organs {
  readonly queries: LiveQueries;
}

export interface Moment {
  readonly nowMs: number;
  readonly random: Random;
}
