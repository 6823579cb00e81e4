// What a transaction is built from: `tx.<etype>[<id>]` gives a chunk, and each call on it a chunk with one operation more. The building
// itself is in transact/.

/* eslint-disable @typescript-eslint/no-explicit-any -- what is merged, and what an operation carries, is of any shape */

import type { AnySchema, DataAttrDef, LinkAttrDef, OptionalKeys, RequiredKeys, ResolveEntityAttrs, UniqueKeys } from '../schema/schema.ts';
import type { RuleParams } from './query.ts';

type AttrsOf<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Schema['entities'][EntityName]['attrs'];
type LinksOf<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Schema['entities'][EntityName]['links'];

/** A value as it may be written: a date in any of its forms. */
type Written<Value> = Value extends Date ? string | number | Date : Value;

/** What a new entity is made of: required attributes, and any of the optional ones. */
export type CreateParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [K in RequiredKeys<AttrsOf<Schema, EntityName>>]: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, any, any, any>
    ? Written<Value>
    : never;
} & {
  [K in OptionalKeys<AttrsOf<Schema, EntityName>>]?: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, any, any, any>
    ? Written<Value> | null
    : never;
};

/** What an entity is changed to: any attributes; null clears an optional one. */
export type UpdateParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [K in keyof AttrsOf<Schema, EntityName>]?: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, infer IsRequired, any, any>
    ? Written<Value> | (IsRequired extends true ? never : null)
    : never;
};

export type UpdateOpts = { upsert?: boolean | undefined };

/** What an entity is linked to, by label: an id, or where there may be many, ids. */
export type LinkParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, EntityName>]?: LinksOf<Schema, EntityName>[L] extends LinkAttrDef<infer Cardinality, any>
    ? Cardinality extends 'one'
      ? string
      : string | string[]
    : never;
};

type Action = 'create' | 'update' | 'link' | 'unlink' | 'delete' | 'merge' | 'ruleParams';

export type Op = [action: Action, etype: string, id: string | [label: string, value: any], args: any, opts?: UpdateOpts];

/** Operations on one entity. Each call gives a new chunk with one operation more; nothing is sent until it is given to `transact`. */
export interface TransactionChunk<Schema extends AnySchema, EntityName extends keyof Schema['entities']> {
  __ops: Op[];
  __etype: EntityName;
  /**
   * Makes the entity; refused if it exists.
   *
   * @example
   * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
   */
  create: (args: CreateParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Sets attributes; makes the entity if it does not exist, unless `upsert` is false.
   *
   * @example
   * db.transact(db.tx.goals[goalId].update({ title: 'Learn to dive' }, { upsert: false }));
   */
  update: (args: UpdateParams<Schema, EntityName>, opts?: UpdateOpts) => TransactionChunk<Schema, EntityName>;
  /**
   * Links it to others. On a has-one link the new one takes the place of the old.
   *
   * @example
   * db.transact(db.tx.goals[goalId].link({ todos: [firstId, secondId] }));
   */
  link: (args: LinkParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Takes links away.
   *
   * @example
   * db.transact(db.tx.goals[goalId].unlink({ todos: todoId }));
   */
  unlink: (args: LinkParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Deletes it and all its links.
   *
   * @example
   * db.transact(db.tx.goals[goalId].delete());
   */
  delete: () => TransactionChunk<Schema, EntityName>;
  /**
   * Merges objects into those that are there, key by key and at any depth; null takes a key away. Other values are set.
   *
   * @example
   * db.transact(db.tx.goals[goalId].merge({ progress: { week: 3 } })); // other keys of `progress` stay
   */
  merge: (args: { [attribute: string]: any }, opts?: UpdateOpts) => TransactionChunk<Schema, EntityName>;
  /**
   * Gives the permission rules something to read as `ruleParams`.
   *
   * @example
   * db.transact(db.tx.goals[goalId].ruleParams({ secret }).update({ title: 'Learn to float' }));
   */
  ruleParams: (args: RuleParams) => TransactionChunk<Schema, EntityName>;
}

/** The entities of a namespace: by id, or by a unique attribute. */
export type ETypeChunk<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [id: string]: TransactionChunk<Schema, EntityName>;
} & {
  /**
   * The entity whose unique attribute has this value.
   *
   * @example
   * db.transact(db.tx.people.lookup('email', 'ana@example.com').update({ name: 'Ana' }));
   */
  lookup: <Name extends UniqueKeys<AttrsOf<Schema, EntityName>>>(
    attrName: Name,
    value: ResolveEntityAttrs<Schema['entities'][EntityName]>[Name],
  ) => TransactionChunk<Schema, EntityName>;
};

/** The namespaces of a schema, to start a chunk from. */
export type TxChunk<Schema extends AnySchema> = { [EntityName in keyof Schema['entities']]: ETypeChunk<Schema, EntityName> };
