// Parses the operations of chunks and rejects malformed ones with their position. Whether names and values fit a schema is checked in
// schema/check-transaction.ts.

import { TransactionValidationError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import { isUuid } from '../lib/uuid.ts';
import type { Value } from '../protocol/triple.ts';
import { checkTransaction, expectFields } from '../schema/check-transaction.ts';
import { kindOf, preview } from '../schema/read.ts';
import type { AnySchema } from '../schema/schema.ts';
import type { Op } from '../types/transaction.ts';
import { isLookup, type LookupPair, parseLookup } from './lookup.ts';
import { storable } from './value.ts';

/** An id, or a lookup. */
export type Entity = string | LookupPair;

export interface Operation {
  readonly action: Op[0];
  readonly etype: string;
  readonly entity: Entity;
  /** By label; without undefined values, and for the fields of an entity without `id`. */
  readonly args: readonly (readonly [label: string, value: Value])[];
  /** The targets to link or unlink; `args` is empty then. */
  readonly links: readonly (readonly [label: string, targets: readonly Entity[]])[];
  readonly upsert: boolean | undefined;
}

const actions: ReadonlySet<unknown> = new Set<Op[0]>(['create', 'update', 'merge', 'link', 'unlink', 'ruleParams', 'delete']);

/** The operations of one chunk or a list of chunks. Only guarantees that each operation is an array. */
export function opsOf(chunks: unknown): readonly (readonly unknown[])[] {
  if (!Array.isArray(chunks)) return opsOfChunk(chunks, () => 'The transaction chunk');
  return chunks.flatMap((chunk: unknown, at) => opsOfChunk(chunk, () => `Transaction chunk ${at}`));
}

function opsOfChunk(chunk: unknown, path: () => string): readonly (readonly unknown[])[] {
  if (typeof chunk !== 'object' || chunk === null) reject(`${path()} must be an object, but received: ${kindOf(chunk)}`);
  const ops: unknown = '__ops' in chunk ? chunk.__ops : undefined;
  if (!Array.isArray(ops)) reject(`${path()} must be made with tx: its __ops must be an array, but received: ${kindOf(ops)}`);
  const invalidAt = ops.findIndex((op) => !isList(op));
  if (invalidAt >= 0) reject(`${path()}, operation ${invalidAt}, must be an array, but received: ${kindOf(ops[invalidAt])}`);
  return ops as (readonly unknown[])[];
}

export function readOperation(op: readonly unknown[]): Operation {
  const [action, etype, entity, input, options] = op;
  if (!isAction(action)) reject(`Unknown operation '${preview(action)}'`);
  if (!isName(etype)) reject(`The namespace of '${action}' must be a name, but received: ${preview(etype)}`);
  const args = action === 'delete' ? [] : readArgs(action, etype, input);
  const isLinking = action === 'link' || action === 'unlink';
  return {
    action,
    etype,
    entity: readEntity(entity, `'${action}' of '${etype}'`),
    args: isLinking ? [] : action === 'ruleParams' ? args : args.filter(([label]) => label !== 'id'),
    links: isLinking ? args.map(([label, value]) => [label, readTargets(value, `Link '${etype}.${label}'`)]) : [],
    upsert: isObject(options) && typeof options['upsert'] === 'boolean' ? options['upsert'] : undefined,
  };
}

function readTargets(value: Value, path: string): Entity[] {
  return (Array.isArray(value) ? value : [value]).map((target: unknown) => readEntity(target, path));
}

/** Accepts an id, a lookup as text, as a pair, or as an object with one key. */
function readEntity(entity: unknown, path: string): Entity {
  if (typeof entity === 'string') {
    if (isLookup(entity)) return readPair(parseLookup(entity), path);
    return isUuid(entity) ? entity : reject(`${path} needs a UUID or a lookup, but received: ${preview(entity)}`);
  }
  if (Array.isArray(entity)) return readPair(entity, path);
  const [pair, ...more] = isObject(entity) ? Object.entries(entity) : [];
  return pair && more.length === 0 ? readPair(pair, path) : reject(`${path} needs a UUID or a lookup, but received: ${kindOf(entity)}`);
}

function readPair(pair: readonly unknown[], path: string): LookupPair {
  const [label, value] = pair;
  if (pair.length !== 2 || !isName(label) || value === undefined) reject(`${path} needs a lookup of one unique attribute and its value`);
  return [label, storable(value, label)];
}

function readArgs(action: Op[0], etype: string, args: unknown): Operation['args'] {
  expectFields(action, etype, args);
  return Object.entries(args).flatMap(([label, input]) => {
    if (!isName(label)) reject(`An attribute of '${etype}' cannot be called '${String(label)}'`);
    const value = storable(input, `${etype}.${label}`);
    return value === undefined ? [] : [[label, value] as const];
  });
}

function isAction(action: unknown): action is Op[0] {
  return actions.has(action);
}

/** `__proto__` cannot be the name of a field: assigning it to a result object would set its prototype. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== '__proto__';
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function reject(message: string): never {
  throw new TransactionValidationError(message);
}

/**
 * Rejects an invalid transaction.
 *
 * @param chunks a chunk or a list of chunks made with `tx`
 * @param schema if given, names and values are checked against it
 * @throws TransactionValidationError
 *
 * @example
 * validateTransaction(tx.goals['first'].update({}), schema) // throws: 'first' is not a UUID
 */
export function validateTransaction(chunks: unknown, schema?: AnySchema): void {
  const ops = opsOf(chunks);
  if (schema) checkTransaction(ops, schema);
}
