// Synchronizes one whole namespace: loaded once, then only the added and removed triples. PROTOCOL.md#start-sync and the headings after it

import type { ClientEnvelope, Maybe, ReplyEnvelope, ServerEnvelope } from './envelope.ts';
import type { WireQuery } from './query-messages.ts';
import type { Triple } from './triple.ts';

export interface StartSync extends ClientEnvelope {
  readonly op: 'start-sync';
  /** One namespace, no links, no option except `order`. */
  readonly q: WireQuery;
}

/** Resumes after `tx-id`. No response on success. */
export interface ResyncTable extends ClientEnvelope {
  readonly op: 'resync-table';
  readonly 'subscription-id': string;
  readonly 'tx-id': number;
  readonly token: string;
}

export interface RemoveSync extends ClientEnvelope {
  readonly op: 'remove-sync';
  readonly 'subscription-id': string;
  /** True: stop sending, but keep the subscription for a later `resync-table`. */
  readonly 'keep-subscription'?: Maybe<boolean>;
}

export interface StartSyncOk extends ReplyEnvelope {
  readonly op: 'start-sync-ok';
  readonly q: WireQuery;
  readonly 'subscription-id': string;
  /** A secret: a client that presents it may resume. */
  readonly token: string;
}

export interface SyncLoadBatch extends ServerEnvelope {
  readonly op: 'sync-load-batch';
  readonly 'subscription-id': string;
  /** One entity per row. */
  readonly 'join-rows': readonly (readonly Triple[])[];
}

export interface SyncInitFinish extends ServerEnvelope {
  readonly op: 'sync-init-finish';
  readonly 'subscription-id': string;
  /** The loaded rows are the state after this transaction. */
  readonly 'tx-id': number;
}

export interface SyncUpdateTriples extends ServerEnvelope {
  readonly op: 'sync-update-triples';
  readonly 'subscription-id': string;
  /** In ascending order. */
  readonly txes: readonly SyncTx[];
}

export interface SyncTx {
  readonly 'tx-id': number;
  readonly changes: readonly SyncChange[];
}

export interface SyncChange {
  readonly action: 'added' | 'removed';
  readonly triple: Triple;
}
