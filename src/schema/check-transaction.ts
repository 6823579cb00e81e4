// A transaction against a schema: its entities and links are there, ids are ids and values of their type. Attributes the schema lacks
// are refused later, when steps are made: the server may know them.

import { TransactionValidationError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import { isLookup } from './read.ts';
import { type Entities, type EntityShape, isOfType, kindOf, named, own, type SchemaShape, preview } from './read.ts';

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
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return reject(`Arguments of '${String(action)}' of '${etype}' must be an object, but received: ${kindOf(args)}`);
  }
  for (const [label, value] of Object.entries(args)) check(label, value, etype, shape);
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
    reject(`Link '${label}' of '${etype}' must be given a UUID or a lookup, but received: ${preview(target)}`);
  }
}

/** By action, for the operations of which it says something. */
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
