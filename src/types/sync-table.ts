// The events passed to a sync table listener: the current data, and the change that led to it.

/* eslint-disable @typescript-eslint/no-explicit-any -- a hint is of any shape, and as a constraint `any` is what every schema fits */

import type { EntitiesDef, IContainEntitiesAndLinks } from '../schema/schema.ts';
import type { InstaQLResponse } from './result.ts';
import type { ValidQuery } from './valid-query.ts';

export type SyncTableCallbackEventType = 'InitialSyncBatch' | 'InitialSyncComplete' | 'LoadFromStorage' | 'SyncTransaction' | 'Error';

type Tables = IContainEntitiesAndLinks<EntitiesDef, any>;

type Rows<Schema extends Tables, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> = InstaQLResponse<
  Schema,
  Q,
  UseDates
>[keyof InstaQLResponse<Schema, Q, UseDates>];

type RowOf<List> = List extends (infer Row)[] ? Row : never;

type Changes<Row> = { [K in keyof Row]?: { oldValue: Row[K]; newValue: Row[K] } };

interface TableEvent<Schema extends Tables, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> {
  type: SyncTableCallbackEventType;
  /** The current data. */
  data: InstaQLResponse<Schema, Q, UseDates>;
}

/** A batch of the initial data. */
export interface SyncTableInitialSyncBatch<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'InitialSyncBatch';
  batch: Rows<Schema, Q, UseDates>;
}

/** The initial data is complete. */
export interface SyncTableInitialSyncComplete<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'InitialSyncComplete';
}

/** The changes of one transaction. */
export interface SyncTableSyncTransaction<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'SyncTransaction';
  added: Rows<Schema, Q, UseDates>;
  removed: Rows<Schema, Q, UseDates>;
  updated: {
    oldEntity: RowOf<Rows<Schema, Q, UseDates>>;
    newEntity: RowOf<Rows<Schema, Q, UseDates>>;
    changedFields: Changes<RowOf<Rows<Schema, Q, UseDates>>>;
  }[];
}

/** The data persisted on this device. */
export interface SyncTableLoadFromStorage<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'LoadFromStorage';
}

/** The server rejected the subscription. */
export interface SyncTableSetupError<Schema extends Tables, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> extends TableEvent<
  Schema,
  Q,
  UseDates
> {
  type: 'Error';
  error: { message: string; hint?: any; type: string; status: number };
}

export type SyncTableCallbackEvent<Schema extends Tables, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> =
  | SyncTableInitialSyncBatch<Schema, Q, UseDates>
  | SyncTableInitialSyncComplete<Schema, Q, UseDates>
  | SyncTableSyncTransaction<Schema, Q, UseDates>
  | SyncTableLoadFromStorage<Schema, Q, UseDates>
  | SyncTableSetupError<Schema, Q, UseDates>;

export type SyncTableCallback<Schema extends Tables, Q extends ValidQuery<Q, Schema>, UseDates extends boolean> = (
  event: SyncTableCallbackEvent<Schema, Q, UseDates>,
) => void;
