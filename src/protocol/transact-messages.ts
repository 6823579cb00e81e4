// Transactions and their steps: labelled tuples, discriminated by their first element. A transaction is applied as a whole or not at all.
// PROTOCOL.md#transact, #transact-ok

import type { WireAttr } from './attr.ts';
import type { ClientEnvelope, Maybe, ReplyEnvelope } from './envelope.ts';
import type { Value } from './triple.ts';

export interface Transact extends ClientEnvelope {
  readonly op: 'transact';
  readonly 'tx-steps': readonly Step[];
  /** Time and position of the write on the client, for people who read logs. Servers ignore both. */
  readonly created?: unknown;
  readonly order?: unknown;
}

export interface TransactOk extends ReplyEnvelope {
  readonly op: 'transact-ok';
  readonly 'tx-id': number;
  readonly isn?: Maybe<string>;
}

/** Refers to the entity whose unique attr has this value. */
export type LookupRef = readonly [attrId: string, value: Value];
export type EntityRef = string | LookupRef;

export type Mode = 'create' | 'update' | 'upsert';
export interface StepOptions {
  readonly mode?: Mode | null;
}

export type AddTriple = readonly [op: 'add-triple', e: EntityRef, a: string, v: Value, options?: StepOptions];
export type DeepMergeTriple = readonly [op: 'deep-merge-triple', e: EntityRef, a: string, patch: Value, options?: StepOptions];
export type RetractTriple = readonly [op: 'retract-triple', e: EntityRef, a: string, v: Value];
/** `etype` may be missing in outboxes persisted by old clients. */
export type DeleteEntity = readonly [op: 'delete-entity', e: EntityRef, etype?: string];
export type RuleParamsStep = readonly [op: 'rule-params', e: EntityRef, etype: string, params: Readonly<Record<string, unknown>>];
export type AddAttr = readonly [op: 'add-attr', attr: WireAttr];
export type UpdateAttr = readonly [op: 'update-attr', changes: Partial<WireAttr> & Pick<WireAttr, 'id'>];
export type DeleteAttr = readonly [op: 'delete-attr', attrId: string];
export type RestoreAttr = readonly [op: 'restore-attr', attrId: string];

export type DataStep = AddTriple | DeepMergeTriple | RetractTriple | DeleteEntity | RuleParamsStep;
export type AttrStep = AddAttr | UpdateAttr | DeleteAttr | RestoreAttr;
export type Step = DataStep | AttrStep;
