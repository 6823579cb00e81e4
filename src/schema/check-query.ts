// A query against a schema: every name is there, and what `where` compares with fits. That it has the form of a query at all is made
// sure of before, in query/check-form.ts.

import { QueryValidationError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import { type Entities, isOfType, kindOf, named, own, type SchemaShape, preview } from './read.ts';

/** Forms in forms, and options as far as they are objects. */
export interface QueryNodes {
  readonly [key: string]: QueryNodes | undefined;
}

/** What a condition is about: an attribute, or an id at the end of a link. */
interface Subject {
  readonly name: string;
  readonly etype: string;
  readonly valueType: string;
  readonly isIndexed?: boolean;
}

/** The others compare with the attribute's own type. */
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
      // A falsy `where` is none: `where: userId && { owner: userId }`.
      if (value?.['where']) checkWhere(value['where'], etype, `${at}.where`, entities);
      continue;
    }
    const links = own(entities, etype)?.links;
    const far = links ? named(links, key, `'${etype}' has no link`, rejectAt(at)).entityName : key;
    // Left out on purpose, as in `{ todos: isOpen ? {} : undefined }`.
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
      // An attribute may be called `or` too: it is meant where no list follows.
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
  if (value === null) reject(`${nameOf(subject)}: null is no condition, use { $isNull: true }`, path);
  if (subject.valueType === 'json') return;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) {
    expectType(value, subject.valueType, `${nameOf(subject)} must be compared with`, path);
    return;
  }
  for (const [operator, operand] of Object.entries(value)) checkOperator(operator, operand, subject, `${path}.${operator}`);
}

function checkOperator(operator: string, operand: unknown, subject: Subject, path: string): void {
  const what = `'${operator}' on ${nameOf(subject)}`;
  if (!operators.includes(operator)) reject(`There is no operator ${what}`, path);
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
