// Checks a transaction against a schema: entities and links exist, ids are UUIDs, values have the right type. Attributes that the schema
// lacks are rejected later, during expansion: the server may know them.

import { TransactionValidationError } from '../errors.ts';
import { isObject, tagOf } from '../lib/json.ts';
import { isUuid } from '../lib/uuid.ts';
import { type Entities, type EntityShape, isLookup, isOfType, kindOf, named, own, preview, type SchemaShape } from './read.ts';

/** @throws TransactionValidationError */
export function checkTransaction(ops: readonly (readonly unknown[])[], { entities }: SchemaShape): void {
  for (const op of ops) checkOp(op, entities);
}

function checkOp([action, etype, entity, args]: readonly unknown[], entities: Entities): void {
  if (typeof etype !== 'string') return reject(`A namespace must be a string, but received: ${kindOf(etype)}`);
  if (!Array.isArray(entity) && !isUuid(entity))
    reject(`The id of an entity of '${etype}' must be a UUID, but received: ${preview(entity)}`);
  const check = typeof action === 'string' ? own(checks, action) : undefined;
  if (!check || args === undefined) return;
  const shape = named(entities, etype, 'The schema has no entity', reject);
  expectFields(action, etype, args);
  for (const [label, value] of Object.entries(args)) check(label, value, etype, shape);
}

/**
 * A Map, a Date or a File has no fields of its own: an empty entity would be stored.
 *
 * @throws TransactionValidationError
 */
export function expectFields(action: unknown, etype: string, args: unknown): asserts args is object {
  const kind = isObject(args) ? tagOf(args) : kindOf(args);
  if (kind !== 'Object') reject(`Arguments of '${String(action)}' of '${etype}' must be an object, but received: ${kind}`);
}

function checkField(label: string, value: unknown, etype: string, { attrs }: EntityShape): void {
  const valueType = label === 'id' ? undefined : own(attrs, label)?.valueType;
  if (valueType === undefined || isOfType(value, valueType)) return;
  reject(`The value of '${label}' of '${etype}' must be a ${valueType}, but received: ${kindOf(value)}`);
}

function checkLink(label: string, value: unknown, etype: string, { links }: EntityShape): void {
  named(links, label, `'${etype}' has no link`, reject);
  const targets: readonly unknown[] = [value ?? []].flat();
  for (const target of targets) {
    if (isUuid(target) || (typeof target === 'string' && isLookup(target))) continue;
    reject(`Link '${label}' of '${etype}' requires a UUID or a lookup, but received: ${preview(target)}`);
  }
}

/** The check of each action; other actions have nothing to check. */
const checks: Readonly<Record<string, typeof checkField>> = {
  create: checkField,
  update: checkField,
  merge: checkField,
  link: checkLink,
  unlink: checkLink,
};

function reject(message: string): never {
  throw new TransactionValidationError(message);
}
