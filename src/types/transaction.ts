// The types of the transaction builder: `tx.<etype>[<id>]` creates a chunk, and each call on it returns a chunk with one more operation.
// The implementation is in transact/chunk.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- what is merged, and what an operation carries, is of any shape */

import type { AnySchema, DataAttrDef, LinkAttrDef, OptionalKeys, RequiredKeys, ResolveEntityAttrs, UniqueKeys } from '../schema/schema.ts';
import type { RuleParams } from './query.ts';

type AttrsOf<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Schema['entities'][EntityName]['attrs'];
type LinksOf<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = Schema['entities'][EntityName]['links'];

/** The accepted types of a value in a write; a date in any of its forms. */
type Written<Value> = Value extends Date ? string | number | Date : Value;

/** The attributes of a new entity: all required ones, and any optional ones. */
export type CreateParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [K in RequiredKeys<AttrsOf<Schema, EntityName>>]: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, any, any, any>
    ? Written<Value>
    : never;
} & {
  [K in OptionalKeys<AttrsOf<Schema, EntityName>>]?: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, any, any, any>
    ? Written<Value> | null
    : never;
};

/** The attributes to change; null clears an optional one. */
export type UpdateParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [K in keyof AttrsOf<Schema, EntityName>]?: AttrsOf<Schema, EntityName>[K] extends DataAttrDef<infer Value, infer IsRequired, any, any>
    ? Written<Value> | (IsRequired extends true ? never : null)
    : never;
};

export type UpdateOpts = { upsert?: boolean | undefined };

/** Link targets by label: an id, or several ids for a has-many link. */
export type LinkParams<Schema extends AnySchema, EntityName extends keyof Schema['entities']> = {
  [L in keyof LinksOf<Schema, EntityName>]?: LinksOf<Schema, EntityName>[L] extends LinkAttrDef<infer Cardinality, any>
    ? Cardinality extends 'one'
      ? string
      : string | string[]
    : never;
};

type Action = 'create' | 'update' | 'link' | 'unlink' | 'delete' | 'merge' | 'ruleParams';

export type Op = [action: Action, etype: string, id: string | [label: string, value: any], args: any, opts?: UpdateOpts];

/** Operations on one entity. Each call returns a new chunk with one more operation; nothing is sent until it is passed to `transact`. */
export interface TransactionChunk<Schema extends AnySchema, EntityName extends keyof Schema['entities']> {
  __ops: Op[];
  __etype: EntityName;
  /**
   * Creates the entity; rejected if it exists.
   *
   * @example
   * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
   */
  create: (args: CreateParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Sets attributes. Creates the entity if it does not exist, unless `upsert` is false.
   *
   * @example
   * db.transact(db.tx.goals[goalId].update({ title: 'Learn to dive' }, { upsert: false }));
   */
  update: (args: UpdateParams<Schema, EntityName>, opts?: UpdateOpts) => TransactionChunk<Schema, EntityName>;
  /**
   * Links the entity to others. On a has-one link, the new target replaces the old one.
   *
   * @example
   * db.transact(db.tx.goals[goalId].link({ todos: [firstId, secondId] }));
   */
  link: (args: LinkParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Removes links.
   *
   * @example
   * db.transact(db.tx.goals[goalId].unlink({ todos: todoId }));
   */
  unlink: (args: LinkParams<Schema, EntityName>) => TransactionChunk<Schema, EntityName>;
  /**
   * Deletes the entity and all its links.
   *
   * @example
   * db.transact(db.tx.goals[goalId].delete());
   */
  delete: () => TransactionChunk<Schema, EntityName>;
  /**
   * Merges objects into the stored values, key by key at any depth; null removes a key. Other values are replaced.
   *
   * @example
   * db.transact(db.tx.goals[goalId].merge({ progress: { week: 3 } })); // other keys of `progress` stay
   */
  merge: (args: { [attribute: string]: any }, opts?: UpdateOpts) => TransactionChunk<Schema, EntityName>;
  /**
   * Passes values to the permission rules, which read them as `ruleParams`.
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

/** The namespaces of a schema, from which chunks are created. */
export type TxChunk<Schema extends AnySchema> = { [EntityName in keyof Schema['entities']]: ETypeChunk<Schema, EntityName> };
