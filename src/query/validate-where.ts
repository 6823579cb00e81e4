// A `where` against the schema: every name on its paths is there, every value is of the type of what it is compared with.

import { QueryValidationError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import type { AnySchema } from '../schema.ts';
import { type AttrShape, entitiesOf, type EntityShape, isOfType, kindOf, listed, own, shown } from '../schema/read.ts';

/** What a condition is about: an attribute, or an id at the end of a link. */
interface Subject {
  readonly name: string;
  readonly etype: string;
  readonly valueType: string;
  readonly isIndexed: boolean;
}

export function validateWhere(where: unknown, etype: string, schema: AnySchema, path: string): void {
  if (typeof where !== 'object' || where === null) {
    throw new QueryValidationError(`'where' of '${etype}' must be an object, but received: ${kindOf(where)}`, path);
  }
  for (const [key, value] of Object.entries(where)) {
    const at = `${path}.${key}`;
    if (isGroup(key, value, etype, schema)) validateGroup(key, value, etype, schema, at);
    else validateCondition(value, subjectOf(key.split('.'), value, etype, schema, at), at);
  }
}

/** An attribute may be called `or` too: it is meant where no list follows. */
function isGroup(key: string, value: unknown, etype: string, schema: AnySchema): boolean {
  return (key === 'or' || key === 'and') && (Array.isArray(value) || !own(own(entitiesOf(schema), etype)?.attrs, key));
}

function validateGroup(key: string, members: unknown, etype: string, schema: AnySchema, path: string): void {
  if (!Array.isArray(members)) throw new QueryValidationError(`'${key}' must be an array, but received: ${kindOf(members)}`, path);
  for (const [at, member] of members.entries()) validateWhere(member, etype, schema, `${path}[${at}]`);
}

function subjectOf(labels: readonly string[], value: unknown, etype: string, schema: AnySchema, path: string): Subject {
  const [label = '', ...rest] = labels;
  const entity = own(entitiesOf(schema), etype) ?? noName(`The schema has no entity '${etype}'`, path);
  if (rest.length > 0) {
    const link = own(entity.links, label) ?? noName(`'${etype}' has no link '${label}'. Its links: ${listed(entity.links)}`, path);
    const subject = subjectOf(rest, value, link.entityName, schema, path);
    if (rest.length === 1 && rest[0] === 'id') expectUuid(value, `The id of '${label}'`, path);
    return subject;
  }
  if (label === 'id') return idSubject(label, etype);
  const attr = own(entity.attrs, label);
  if (attr) return attrSubject(label, etype, attr);
  if (!own(entity.links, label)) noName(unknownLabel(label, etype, entity), path);
  expectUuid(value, `Link '${label}' of '${etype}'`, path);
  return idSubject(label, etype);
}

function unknownLabel(label: string, etype: string, { attrs, links }: EntityShape): string {
  return `'${etype}' has no attribute or link '${label}'. Its attributes: ${listed({ ...attrs, id: true })}. Its links: ${listed(links)}`;
}

function attrSubject(name: string, etype: string, { valueType, isIndexed }: AttrShape): Subject {
  return { name, etype, valueType, isIndexed: isIndexed ?? false };
}

function idSubject(name: string, etype: string): Subject {
  return { name, etype, valueType: 'string', isIndexed: true };
}

function expectUuid(value: unknown, what: string, path: string): void {
  if (typeof value === 'string' && !isUuid(value))
    throw new QueryValidationError(`${what} must be a UUID, but received: ${shown(value)}`, path);
}

function validateCondition(value: unknown, subject: Subject, path: string): void {
  const { name, etype, valueType } = subject;
  if (value === null) throw new QueryValidationError(`'${name}' of '${etype}': null is no condition, use { $isNull: true }`, path);
  if (valueType === 'json') return;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) {
    if (isOfType(value, valueType)) return;
    throw new QueryValidationError(`'${name}' of '${etype}' must be compared with a ${valueType}, but received: ${kindOf(value)}`, path);
  }
  for (const [operator, operand] of Object.entries(value)) validateOperator(operator, operand, subject, `${path}.${operator}`);
}

function validateOperator(operator: string, operand: unknown, subject: Subject, path: string): void {
  switch (operator) {
    case 'in':
    case '$in':
      if (!Array.isArray(operand)) {
        throw new QueryValidationError(
          `'${operator}' on '${subject.name}' of '${subject.etype}' needs an array, but received: ${kindOf(operand)}`,
          path,
        );
      }
      for (const item of operand) expectOperand(operator, item, subject.valueType, subject, path);
      return;
    case '$not':
    case '$ne':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return expectOperand(operator, operand, subject.valueType, subject, path);
    case '$ilike':
      if (!subject.isIndexed) {
        throw new QueryValidationError(
          `'$ilike' needs an indexed attribute, and '${subject.name}' of '${subject.etype}' is not indexed`,
          path,
        );
      }
      return expectOperand(operator, operand, 'string', subject, path);
    case '$like':
      return expectOperand(operator, operand, 'string', subject, path);
    case '$isNull':
      return expectOperand(operator, operand, 'boolean', subject, path);
    default:
      throw new QueryValidationError(`There is no operator '${operator}' (on '${subject.name}' of '${subject.etype}')`, path);
  }
}

function expectOperand(operator: string, operand: unknown, valueType: string, { name, etype }: Subject, path: string): void {
  if (isOfType(operand, valueType)) return;
  throw new QueryValidationError(`'${operator}' on '${name}' of '${etype}' needs a ${valueType}, but received: ${kindOf(operand)}`, path);
}

function noName(message: string, path: string): never {
  throw new QueryValidationError(message, path);
}
