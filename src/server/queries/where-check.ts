// Validates values in well-formed conditions: values of another type than the attribute's, comparisons without an index, paths through
// attributes that are not links.

import type { Attrs, KnownAttr } from '../../db/attrs.ts';
import type { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import type { CheckedType } from '../../protocol/attr.ts';
import { linkOf } from '../../query/where.ts';
import { invalid, type Path, QueryFault } from '../errors.ts';
import { isGroup } from './condition-check.ts';
import { isQueryDate } from './query-date.ts';

type WhereShape = Readonly<Record<string, unknown>>;

/** Alternatives need at least one member, and each member at least one condition. `path`: of the options. */
export function checkGroups(where: WhereShape, path: Path): void {
  for (const [key, given] of Object.entries(where)) {
    if (!isGroup(key, given)) continue;
    for (const member of given)
      if (!isObject(member)) throw new QueryFault([...path, 'where', key], { expected: 'map?' }, `a member of '${key}' must be an object`);
    const isEmpty = given.length === 0 || given.every((member) => Object.keys(member as WhereShape).length === 0);
    if (isEmpty) throw new QueryFault([...path, key], { expected: 'non-empty-list?' }, `'${key}' takes a list that is not empty`);
    for (const member of given) checkGroups(member as WhereShape, path);
  }
}

/** `path`: of the `where`. Groups do not extend it; a condition over links is named by its last label. */
export function checkValues(where: WhereShape, etype: string | undefined, path: Path, attrs: Attrs): void {
  for (const [key, given] of Object.entries(where)) {
    if (isGroup(key, given)) for (const member of given) checkValues(member as WhereShape, etype, path, attrs);
    else checkCondition(given, targetOf(key.split('.'), etype, attrs), path);
  }
}

/** The subject of a condition: an attribute, or the linked entity. */
interface Target {
  readonly attr: KnownAttr;
  readonly label: string;
  readonly isLink: boolean;
}

/** Undefined for an unknown name. */
function targetOf(labels: readonly string[], etype: string | undefined, attrs: Attrs): Target | undefined {
  let at = etype;
  let target: Target | undefined;
  for (const label of labels) {
    if (target && !target.isLink) {
      throw noLink(target.attr);
    }
    if (at === undefined) return undefined;
    const namespace = attrs.namespace(at);
    const link = linkOf(namespace, label);
    const attr = link?.attr ?? namespace.forward.get(label);
    if (!attr) return undefined;
    target = { attr, label, isLink: link !== undefined };
    at = link?.etype;
  }
  return target;
}

/** A path continues below a value. */
export function noLink({ id, etype, label }: KnownAttr): InstantAPIError {
  const message = `'${etype}.${label}' is a value and no link: nothing can be asked below it`;
  return invalid('attr', { id, 'forward-identity': [id, etype, label] }, [{ message }]);
}

const comparisons: ReadonlySet<string> = new Set(['$gt', '$gte', '$lt', '$lte', '$like', '$ilike']);

const notUuid = { expected: 'uuid?' };
const notIndexed = { 'expected?': 'indexed?' };

const datesOf: Readonly<Record<string, string>> = { string: 'date-string?', number: 'timestamp?' };

/** A date is a text or a number, and a text is one of a date. */
function notOfType(type: CheckedType, value: unknown): { 'expected?': string } {
  return { 'expected?': (type === 'date' ? datesOf[typeof value] : undefined) ?? `${type}?` };
}

function wantedOf({ isLink, attr }: Target): typeof notUuid | ReturnType<typeof notOfType> {
  return isLink || !attr.checkedType ? notUuid : notOfType(attr.checkedType, {});
}

function checkCondition(given: unknown, target: Target | undefined, whereAt: Path): void {
  if (!target) return;
  const path = [...whereAt, target.label];
  if (!isObject(given)) return checkValue(given, target, path);
  const entries = Object.entries(given);
  if (entries.length === 0 && (target.isLink || target.attr.checkedType)) {
    throw new QueryFault(path, wantedOf(target), `the condition on ${nameOf(target)} has no operator`);
  }
  for (const [operator, operand] of entries) {
    if (operator === '$in' || operator === 'in') checkChoices(operand as unknown[], target, path, whereAt);
    else if (operator === '$not' || operator === '$ne') checkValue(operand, target, path);
    else if (comparisons.has(operator)) checkComparison(operator, operand, target, path);
  }
}

function checkChoices(choices: readonly unknown[], target: Target, path: Path, whereAt: Path): void {
  const values = choices.filter((choice) => choice !== null);
  for (const value of target.isLink ? choices : values) checkValue(value, target, path);
  if (values.length < choices.length && !target.attr.isIndexed) {
    const sorted = [null, ...values];
    throw new QueryFault([...whereAt, '$in', sorted] as Path, notIndexed, `null in $in needs an index on ${nameOf(target)}`);
  }
}

function checkValue(value: unknown, target: Target, path: Path): void {
  if (target.isLink) {
    if (!isUuid(value)) throw new QueryFault(path, notUuid, `${nameOf(target)} is a link: it is compared with an id`);
  } else if (target.attr.checkedType) checkType(value, target.attr.checkedType, target, path);
}

function checkType(value: unknown, type: CheckedType, target: Target, path: Path, isBound = false): void {
  if (type === 'date' ? isQueryDate(value, isBound) : typeof value === type) return;
  throw new QueryFault(path, notOfType(type, value), `${nameOf(target)} is a ${type}: it cannot be compared with ${JSON.stringify(value)}`);
}

function checkComparison(operator: string, operand: unknown, target: Target, path: Path): void {
  const name = nameOf(target);
  const { attr, isLink } = target;
  if (isLink) throw new QueryFault(path, notUuid, `${name} is a link: it cannot be compared`);
  if (!attr.isIndexed) throw new QueryFault(path, notIndexed, `${name} must be indexed to be compared`);
  if (!attr.checkedType) throw new QueryFault(path, { 'expected?': 'checked-data-type?' }, `${name} must have a type to be compared`);
  const at = [...path, operator];
  const isPattern = operator === '$like' || operator === '$ilike';
  if (isPattern && typeof operand !== 'string') {
    throw new QueryFault(at, { 'expected?': 'string?' }, `${operator} of ${name} takes a text`);
  }
  checkType(operand, attr.checkedType, target, at, true);
  if (isPattern && attr.checkedType !== 'string') {
    throw new QueryFault(at, { 'expected?': 'string?' }, `${operator} compares texts: ${name} is a ${attr.checkedType}`);
  }
}

const nameOf = ({ attr: { etype }, label }: Target): string => `'${etype}.${label}'`;
