// What can be told of a transaction before it is worked on: that its chunks are chunks, and with a schema that ids, names and values
// fit it. Attributes the schema lacks are refused later, when steps are made: the server may know them.

import { TransactionValidationError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import type { AnySchema } from '../schema.ts';
import { entitiesOf, type EntityShape, isOfType, kindOf, listed, own, shown } from '../schema/read.ts';
import { isLookup } from './lookup.ts';
import { opsOf } from './operation.ts';

/**
 * Refuses a transaction that cannot be right.
 *
 * @throws TransactionValidationError
 * @example
 * validateTransaction(tx.goals['first'].update({}), schema) // throws: 'first' is no UUID
 */
export function validateTransaction(chunks: unknown, schema?: AnySchema): void {
  const ops = opsOf(chunks);
  if (schema) for (const op of ops) validateOp(op, schema);
}

function validateOp([action, etype, entity, args]: readonly unknown[], schema: AnySchema): void {
  if (typeof etype !== 'string') refuse(`A namespace must be a string, but received: ${kindOf(etype)}`);
  if (!Array.isArray(entity) && !isUuid(entity)) {
    refuse(`The id of an entity of '${etype}' must be a UUID, but received: ${shown(entity)}`);
  }
  if (args === undefined) return;
  switch (action) {
    case 'create':
    case 'update':
    case 'merge':
      return validateFields(etype, entityOf(schema, etype), argsOf(etype, action, args));
    case 'link':
    case 'unlink':
      return validateLinks(etype, entityOf(schema, etype), argsOf(etype, action, args));
  }
}

function entityOf(schema: AnySchema, etype: string): EntityShape {
  const entities = entitiesOf(schema);
  return own(entities, etype) ?? refuse(`The schema has no entity '${etype}'. Its entities: ${listed(entities)}`);
}

function argsOf(etype: string, action: string, args: unknown): object {
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return args;
  return refuse(`Arguments of '${action}' of '${etype}' must be an object, but received: ${kindOf(args)}`);
}

function validateFields(etype: string, entity: EntityShape, args: object): void {
  for (const [label, value] of Object.entries(args)) {
    const valueType = label === 'id' ? undefined : own(entity.attrs, label)?.valueType;
    if (valueType !== undefined && !isOfType(value, valueType)) {
      refuse(`The value of '${label}' of '${etype}' must be a ${valueType}, but received: ${kindOf(value)}`);
    }
  }
}

function validateLinks(etype: string, entity: EntityShape, args: object): void {
  for (const [label, value] of Object.entries(args)) {
    if (!own(entity.links, label)) refuse(`'${etype}' has no link '${label}'. Its links: ${listed(entity.links)}`);
    if (value === null || value === undefined) continue;
    const targets: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const target of targets) {
      if (isUuid(target) || (typeof target === 'string' && isLookup(target))) continue;
      refuse(`Link '${label}' of '${etype}' must be given a UUID or a lookup, but received: ${shown(target)}`);
    }
  }
}

function refuse(message: string): never {
  throw new TransactionValidationError(message);
}
