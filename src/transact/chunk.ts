// The transaction builder: `tx.<etype>[<id>]` creates a chunk, and each call on a chunk returns a new chunk with one more operation. The
// builder only records operations; operation.ts and the schema check validate them, expand.ts turns them into steps.

import type { AnySchema } from '../schema/schema.ts';
import type { Op, TransactionChunk, TxChunk } from '../types/transaction.ts';
import { isLookup, lookupPair, parseLookup } from './lookup.ts';

export { isLookup, lookup, parseLookup } from './lookup.ts';

type Id = Op[2];
type Chunk = TransactionChunk<AnySchema, string>;

const actions: ReadonlySet<string> = new Set<Op[0]>(['create', 'update', 'link', 'unlink', 'delete', 'merge', 'ruleParams']);

function isAction(key: string | symbol): key is Op[0] {
  return typeof key === 'string' && actions.has(key);
}

/** A chunk of operations on one entity. All other properties are undefined, so `await` does not mistake it for a promise. */
export function transactionChunk(etype: string, id: Id, ops: Op[]): Chunk {
  const state = { __etype: etype, __ops: ops };
  const read = (_: object, key: string | symbol): unknown => {
    if (key === '__ops' || key === '__etype') return state[key];
    if (!isAction(key)) return undefined;
    return (args?: Op[3], opts?: Op[4]) =>
      transactionChunk(etype, id, [...ops, opts ? [key, etype, id, args, opts] : [key, etype, id, args]]);
  };
  return new Proxy(state, { get: read }) as unknown as Chunk;
}

function namespaceChunk(etype: string): object {
  const read = (_: object, key: string | symbol): unknown => {
    if (key === '__etype') return etype;
    if (typeof key === 'symbol') return undefined;
    if (key === 'lookup') return (label: string, value: unknown) => transactionChunk(etype, lookupPair(label, value), []);
    return transactionChunk(etype, isLookup(key) ? parseLookup(key) : key, []);
  };
  return new Proxy({ __etype: etype }, { get: read });
}

/**
 * Creates a transaction builder typed by a schema.
 *
 * @example
 * const tx = txInit<typeof schema>();
 * db.transact(tx.goals[goalId].update({ title: 'Learn to swim' }));
 */
export function txInit<Schema extends AnySchema>(): TxChunk<Schema> {
  const read = (_: object, etype: string | symbol): unknown => (typeof etype === 'symbol' ? undefined : namespaceChunk(etype));
  return new Proxy({}, { get: read }) as TxChunk<Schema>;
}

/**
 * The transaction builder for programs without a schema.
 *
 * @example
 * db.transact(tx.goals[id()].create({ title: 'Learn to swim' })); // `goals` need not be declared anywhere
 */
export const tx: TxChunk<AnySchema> = txInit<AnySchema>();

/** Returns the operations recorded in a chunk. */
export function getOps(chunk: Pick<Chunk, '__ops'>): Op[] {
  return chunk.__ops;
}
