// What a listener to a whole namespace is told: where it stands after each step, and what the step was.

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
  /** All there is by now. */
  data: InstaQLResponse<Schema, Q, UseDates>;
}

/** Some of what was there when one began to listen. */
export interface SyncTableInitialSyncBatch<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'InitialSyncBatch';
  batch: Rows<Schema, Q, UseDates>;
}

/** That was all of it. */
export interface SyncTableInitialSyncComplete<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'InitialSyncComplete';
}

/** What a transaction changed. */
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

/** What the device remembered from last time. */
export interface SyncTableLoadFromStorage<
  Schema extends Tables,
  Q extends ValidQuery<Q, Schema>,
  UseDates extends boolean,
> extends TableEvent<Schema, Q, UseDates> {
  type: 'LoadFromStorage';
}

/** The server will not have it. */
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
