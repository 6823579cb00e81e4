// Checks a query against a schema: every name exists, and values in `where` have the right type. query/validate.ts checks the structure of
// the query first.

import { QueryValidationError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import { type Entities, isOfType, kindOf, named, own, preview, type SchemaShape } from './read.ts';

/** The nested nodes of a query, and options that are objects. */
export interface QueryNodes {
  readonly [key: string]: QueryNodes | undefined;
}

/** The left-hand side of a condition: an attribute, or an id at the end of a link. */
interface Subject {
  readonly name: string;
  readonly etype: string;
  readonly valueType: string;
  readonly isIndexed?: boolean;
}

/** Operators whose operand has a fixed type; all others take the attribute's type. */
const operandTypes: Readonly<Record<string, string>> = { $like: 'string', $ilike: 'string', $isNull: 'boolean' };
const operators = ['$in', 'in', '$not', '$ne', '$gt', '$gte', '$lt', '$lte', ...Object.keys(operandTypes)];

/** @throws QueryValidationError */
export function checkQuery(query: QueryNodes, { entities }: SchemaShape): void {
  for (const [etype, node] of Object.entries(query)) {
    if (etype === '$$ruleParams') continue;
    named(entities, etype, 'The schema has no entity', rejectAt(etype));
    if (node) checkNode(node, etype, etype, entities);
  }
}

function checkNode(node: QueryNodes, etype: string, path: string, entities: Entities): void {
  for (const [key, value] of Object.entries(node)) {
    const at = `${path}.${key}`;
    if (key === '$') {
      // A falsy `where` is ignored: `where: userId && { owner: userId }`.
      if (value?.['where']) checkWhere(value['where'], etype, `${at}.where`, entities);
      continue;
    }
    const links = own(entities, etype)?.links;
    const far = links ? named(links, key, `'${etype}' has no link`, rejectAt(at)).entityName : key;
    // An undefined node is skipped, as in `{ todos: isOpen ? {} : undefined }`.
    if (value) checkNode(value, far, at, entities);
  }
}

function checkWhere(where: unknown, etype: string, path: string, entities: Entities): void {
  if (typeof where !== 'object' || where === null) return reject(`'where' must be an object, but received: ${kindOf(where)}`, path);
  for (const [key, value] of Object.entries(where) as [string, unknown][]) {
    const at = `${path}.${key}`;
    if (Array.isArray(value) && isGroup(key)) {
      for (const [index, member] of value.entries()) checkWhere(member, etype, `${at}[${index}]`, entities);
    } else if (isGroup(key) && !own(own(entities, etype)?.attrs, key)) {
      // An attribute may be called `or` or `and`; it is meant if the value is not a list.
      reject(`'${key}' must be an array, but received: ${kindOf(value)}`, at);
    } else checkCondition(value, subjectOf(key.split('.'), value, etype, at, entities), at);
  }
}

function isGroup(key: string): boolean {
  return key === 'or' || key === 'and';
}

function subjectOf(labels: readonly string[], value: unknown, etype: string, path: string, entities: Entities): Subject {
  const [name = '', ...rest] = labels;
  const { attrs, links } = named(entities, etype, 'The schema has no entity', rejectAt(path));
  if (rest.length > 0) {
    const far = named(links, name, `'${etype}' has no link`, rejectAt(path)).entityName;
    if (rest.length === 1 && rest[0] === 'id') expectUuid(value, `The id of '${name}'`, path);
    return subjectOf(rest, value, far, path, entities);
  }
  const attr = name === 'id' ? undefined : own(attrs, name);
  if (attr) return { ...attr, name, etype };
  named<unknown>({ id: name, ...attrs, ...links }, name, `'${etype}' has no attribute or link`, rejectAt(path));
  if (name !== 'id') expectUuid(value, `Link '${name}' of '${etype}'`, path);
  return { name, etype, valueType: 'string', isIndexed: true };
}

function expectUuid(value: unknown, what: string, path: string): void {
  if (typeof value === 'string' && !isUuid(value)) reject(`${what} must be a UUID, but received: ${preview(value)}`, path);
}

function checkCondition(value: unknown, subject: Subject, path: string): void {
  if (value === null) reject(`${nameOf(subject)}: null is not a condition, use { $isNull: true }`, path);
  if (subject.valueType === 'json') return;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) {
    expectType(value, subject.valueType, `${nameOf(subject)} must be compared with`, path);
    return;
  }
  for (const [operator, operand] of Object.entries(value)) checkOperator(operator, operand, subject, `${path}.${operator}`);
}

function checkOperator(operator: string, operand: unknown, subject: Subject, path: string): void {
  const what = `'${operator}' on ${nameOf(subject)}`;
  if (!operators.includes(operator)) reject(`Unknown operator ${what}`, path);
  if (operator === '$ilike' && !subject.isIndexed) reject(`${what} needs an indexed attribute`, path);
  const isList = operator.endsWith('in');
  if (isList && !Array.isArray(operand)) reject(`${what} needs an array, but received: ${kindOf(operand)}`, path);
  const valueType = operandTypes[operator] ?? subject.valueType;
  for (const item of isList ? (operand as readonly unknown[]) : [operand]) expectType(item, valueType, `${what} needs`, path);
}

function expectType(value: unknown, valueType: string, what: string, path: string): void {
  if (!isOfType(value, valueType)) reject(`${what} a ${valueType}, but received: ${kindOf(value)}`, path);
}

function nameOf({ name, etype }: Subject): string {
  return `'${name}' of '${etype}'`;
}

function rejectAt(path: string): (message: string) => never {
  return (message) => reject(message, path);
}

function reject(message: string, path: string): never {
  throw new QueryValidationError(message, path);
}
