// What a server refuses of a `where`: conditions that are none, values of another type than the attr's, comparisons that
// no index could answer.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import { coerceToDate } from '../../lib/dates.ts';
import { isUuid } from '../../lib/uuid.ts';
import type { CheckedType } from '../../protocol/attr.ts';
import { isObject } from '../../lib/json.ts';
import { linkOf } from '../../query/where.ts';
import { type Path, QueryFault } from '../errors.ts';

export function checkWhere(where: unknown, etype: string | undefined, path: Path, attrs: Attrs): void {
  if (!isObject(where)) throw new QueryFault(path, 'where must be an object');
  for (const [key, given] of Object.entries(where)) {
    const at = [...path, key];
    if (key === 'or' || key === 'and') checkGroup(given, etype, at, attrs);
    else if (key === '$entityIdStartsWith') checkPrefix(given, at);
    else checkCondition(given, targetOf(key.split('.'), etype, attrs), at);
  }
}

function checkGroup(members: unknown, etype: string | undefined, path: Path, attrs: Attrs): void {
  if (!Array.isArray(members) || members.length === 0) throw new QueryFault(path, 'or and and take a list that is not empty');
  members.forEach((member, at) => checkWhere(member, etype, [...path, at], attrs));
}

function checkPrefix(given: unknown, path: Path): void {
  if (given !== null && typeof given !== 'string') throw new QueryFault(path, 'the beginning of an id must be a text');
}

/** What a condition is asked of: an attr, a linked entity, or something nobody knows. */
type Target = { readonly attr: KnownAttr; readonly isLink: boolean } | undefined;

function targetOf(labels: readonly string[], etype: string | undefined, attrs: Attrs): Target {
  let at = etype;
  let target: Target;
  for (const label of labels) {
    if (at === undefined) return undefined;
    const namespace = attrs.namespace(at);
    const link = linkOf(namespace, label);
    const attr = link?.attr ?? namespace.forward.get(label);
    if (!attr) return undefined;
    target = { attr, isLink: link !== undefined };
    at = link?.etype;
  }
  return target;
}

const comparisons: ReadonlySet<string> = new Set(['$gt', '$gte', '$lt', '$lte']);
const likes: ReadonlySet<string> = new Set(['$like', '$ilike']);

function checkCondition(given: unknown, target: Target, path: Path): void {
  if (!isObject(given)) return checkValue(given, target, path);
  for (const [operator, operand] of Object.entries(given)) {
    const at = [...path, operator];
    if (operator === '$in' || operator === 'in') checkChoices(operand, target, at);
    else if (operator === '$not' || operator === '$ne') checkValue(operand, target, at, true);
    else if (operator === '$isNull') checkIsNull(operand, at);
    else if (comparisons.has(operator)) checkComparison(operand, target, at);
    else if (likes.has(operator)) checkLike(operand, target, at);
    else throw new QueryFault(at, `there is no operator '${operator}'`);
  }
}

function checkIsNull(operand: unknown, path: Path): void {
  if (typeof operand !== 'boolean') throw new QueryFault(path, '$isNull takes true or false');
}

function checkChoices(choices: unknown, target: Target, path: Path): void {
  if (!Array.isArray(choices)) throw new QueryFault(path, '$in takes a list');
  choices.forEach((choice: unknown, at) => {
    if (choice !== null) return checkValue(choice, target, [...path, at]);
    if (target && !target.attr.isIndexed) throw new QueryFault([...path, at], `null in $in needs an index: ${nameOf(target.attr)}`);
  });
}

function checkValue(value: unknown, target: Target, path: Path, mayBeNull = false): void {
  if (value === null && mayBeNull) return;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new QueryFault(path, 'a condition is a text, a number, true, false, or a map of operators');
  }
  if (target?.isLink && !isUuid(value)) throw new QueryFault(path, `${nameOf(target.attr)} is a link: it is compared with an id`);
  const type = target?.isLink ? undefined : target?.attr.checkedType;
  if (type && target) checkType(value, type, target.attr, path);
}

function checkType(value: unknown, type: CheckedType, attr: KnownAttr, path: Path): void {
  if (type === 'date' ? isDate(value) : typeof value === type) return;
  throw new QueryFault(path, `${nameOf(attr)} is a ${type}: it cannot be compared with ${JSON.stringify(value)}`);
}

function isDate(value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  try {
    return coerceToDate(value) instanceof Date;
  } catch {
    return false;
  }
}

/** What only servers understand; as bounds, not as values. */
const openDates: ReadonlySet<unknown> = new Set(['now', 'today', 'tomorrow', 'yesterday', 'infinity', '-infinity']);

function checkComparison(operand: unknown, target: Target, path: Path): void {
  if (!target) return;
  const type = comparable(target, path);
  if (type !== 'date' || !openDates.has(operand)) checkType(operand, type, target.attr, path);
}

function checkLike(operand: unknown, target: Target, path: Path): void {
  if (typeof operand !== 'string') throw new QueryFault(path, '$like takes a text');
  if (target && comparable(target, path) !== 'string') throw new QueryFault(path, `${nameOf(target.attr)} is no text`);
}

function comparable({ attr, isLink }: NonNullable<Target>, path: Path): CheckedType {
  if (isLink) throw new QueryFault(path, `${nameOf(attr)} is a link: it cannot be compared`);
  if (!attr.isIndexed) throw new QueryFault(path, `${nameOf(attr)} must be indexed to be compared`);
  if (!attr.checkedType) throw new QueryFault(path, `${nameOf(attr)} must have a type to be compared`);
  return attr.checkedType;
}

const nameOf = ({ etype, label }: KnownAttr): string => `'${etype}.${label}'`;
