// The state of a client: modules that each hold one kind of it, take messages and calls, and return effects. None of them imports another's
// values, opens a socket or sets a timer, so that the same inputs always give the same effects.

import { AttrCatalog } from './attr-catalog.ts';
import type { ReactorConfig } from './config.ts';
import { Features } from './features.ts';
import { LiveQueries } from './queries/live-queries.ts';
import type { Mutation } from './mutations/mutation.ts';
import { Receipts } from './mutations/receipts.ts';
import { Outbox } from './mutations/outbox.ts';
import type { Random } from '../lib/random.ts';
import { Session } from './session.ts';

export interface SyncState {
  readonly session: Session;
  readonly catalog: AttrCatalog;
  readonly outbox: Outbox;
  readonly rejections: Rejections;
  readonly receipts: Receipts;
  readonly queries: LiveQueries;
  readonly features: Features;
}

/** Rejected writes by event id, until the app retries or discards them. They outlive the page. */
export type Rejections = Map<string, Mutation>;

export interface Env {
  /** Of the monotonic clock: deadlines are set by it. */
  readonly nowMs: number;
  /** Of the wall clock, for what is dated. */
  readonly dateMs: number;
  readonly random: Random;
}

export function envOf({ clock, random }: ReactorConfig): Env {
  return { nowMs: clock.monotonicNow(), dateMs: clock.now(), random };
}

export function newSyncState(config: ReactorConfig): SyncState {
  const { links, useDates, clock, appId } = config;
  const catalog = new AttrCatalog();
  return {
    session: new Session(config),
    catalog,
    outbox: new Outbox(),
    rejections: new Map(),
    receipts: new Receipts(appId, config.receipts === false),
    queries: new LiveQueries(catalog.known, { links, useDates, now: () => clock.now(), monotonicNow: () => clock.monotonicNow() }),
    features: new Features(),
  };
}
