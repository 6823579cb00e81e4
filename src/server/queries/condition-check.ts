// Validates conditions, fields and cursors. The original reports faults as paths into its normalised query, in which a `where` is a list of
// conditions, so errors use the same paths.

import type { Attrs } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isGiven } from '../../query/compile.ts';
import { linkOf } from '../../query/where.ts';
import { type Fault, invalid, type Path } from '../errors.ts';

type Shape = Readonly<Record<string, unknown>>;

interface Form {
  readonly k: string;
  readonly etype: string | null;
  readonly 'option-map'?: Shape | null;
  readonly 'child-forms': readonly Form[];
}

/** @throws InstantAPIError with every fault of the query */
export function checkConditionForms(q: Shape, attrs: Attrs): void {
  const nodes = Object.entries(q).filter(([etype]) => etype !== '$$ruleParams');
  const faults = nodes.flatMap(([etype, node], index) => formFaults(node as Shape, [index], etype, attrs));
  if (faults.length === 0) return;
  const forms = nodes.map(([etype, node]) => formOf(etype, etype, node as Shape, attrs));
  throw invalid('coerced-query', forms, faults);
}

function formOf(k: string, etype: string | null, { $: options, ...children }: Shape, attrs: Attrs): Form {
  const childForms = Object.entries(children).map(([label, child]) => {
    const link = etype === null ? undefined : linkOf(attrs.namespace(etype), label);
    return formOf(label, link?.etype ?? null, child as Shape, attrs);
  });
  const optionMap = isObject(options) ? optionMapOf(options, isIndexedIn(etype, attrs)) : options;
  return { k, etype, ...(optionMap !== undefined && { 'option-map': optionMap as Shape | null }), 'child-forms': childForms };
}

/** Whether a path is an indexed value of the namespace itself; for these, the original does not normalise `$not` to an alternative. */
type IsIndexed = (path: readonly string[]) => boolean;

function isIndexedIn(etype: string | null, attrs: Attrs): IsIndexed {
  return ([label = '', ...rest]) => {
    const attr = etype === null ? undefined : attrs.forward(etype, label);
    return rest.length === 0 && attr !== undefined && !attr.isRef && attr.isIndexed;
  };
}

function optionMapOf({ where, order, ...others }: Shape, isIndexed: IsIndexed): Shape {
  const [orderBy] = isObject(order) ? Object.entries(order) : [];
  return {
    ...Object.fromEntries(Object.entries(others).filter(([, option]) => isGiven(option))),
    ...(orderBy && { order: { k: orderBy[0], direction: orderBy[1] } }),
    ...(isObject(where) && { 'where-conds': conditionsOf(where, isIndexed) }),
  };
}

function conditionsOf(where: Shape, isIndexed: IsIndexed): unknown[] {
  return Object.entries(where).map(([key, given]) => {
    if (isGroup(key, given)) return { [key]: given.flatMap((member) => groupMember(member as Shape, isIndexed)) };
    const path = key.split('.');
    const negated = negatedIn(given);
    if (!negated) return [path, given];
    const negation = [path, { $not: negated.operand }];
    // An entity without a value differs from any value; the steps of a path without a match are reported individually.
    const missing = path.map((_, index) => [path.slice(0, path.length - index), { $isNull: true }]);
    return isIndexed(path) ? negation : { or: [negation, ...missing] };
  });
}

function groupMember(member: Shape, isIndexed: IsIndexed): unknown[] {
  const conditions = conditionsOf(member, isIndexed);
  return conditions.length > 1 ? [{ and: conditions }] : conditions;
}

export function isGroup(key: string, given: unknown): given is unknown[] {
  return (key === 'or' || key === 'and') && Array.isArray(given);
}

function negatedIn(given: unknown): { readonly operand: unknown } | undefined {
  if (!isObject(given)) return undefined;
  const name = ['$ne', '$not'].find((operator) => operator in given);
  return name === undefined ? undefined : { operand: given[name] };
}

const cursorCheck = ['clojure.spec.alpha/conformer', 'instant.db.instaql/cursor-conformer'];

function formFaults(node: Shape, path: Path, etype: string | null, attrs: Attrs): Fault[] {
  const { $: options, ...children } = node;
  const at = [...path, 'option-map'];
  const own =
    options === null
      ? [fault(at, 'map?', 'options must be an object')]
      : isObject(options)
        ? optionFaults(options, at, isIndexedIn(etype, attrs))
        : [];
  const below = Object.entries(children).flatMap(([label, child], index) => {
    const link = etype === null ? undefined : linkOf(attrs.namespace(etype), label);
    return formFaults(child as Shape, [...path, 'child-forms', index], link?.etype ?? null, attrs);
  });
  return [...own, ...below];
}

const fault = (path: Path, expected: Fault['expected'], message: string): Fault => ({ in: path, ...(expected && { expected }), message });

function optionFaults({ where, fields, after, before }: Shape, path: Path, isIndexed: IsIndexed): Fault[] {
  const labels: unknown[] = Array.isArray(fields) ? fields : [];
  const faults = isObject(where) ? whereFaults(where, [...path, 'where-conds'], isIndexed) : [];
  labels.forEach((label, index) => {
    if (typeof label !== 'string') faults.push(fault([...path, 'fields', index], 'string?', 'a field is named by its label'));
  });
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (isGiven(cursor) && !isCursor(cursor))
      faults.push(fault([...path, name], cursorCheck, 'a cursor has an entity, an attribute, a value and a time'));
  }
  return faults;
}

function isCursor(cursor: unknown): boolean {
  if (!Array.isArray(cursor) || cursor.length !== 4) return false;
  const [entity, attr, , time] = cursor as unknown[];
  return isUuid(entity) && isUuid(attr) && Number.isSafeInteger(time);
}

function whereFaults(where: Shape, path: Path, isIndexed: IsIndexed): Fault[] {
  return Object.entries(where).flatMap(([key, given], index) => {
    const at = [...path, index];
    if (!isGroup(key, given)) return conditionFaults(key, given, at, isIndexed);
    return given.flatMap((member, place) => memberFaults(member as Shape, [...at, key, place], isIndexed));
  });
}

/** A member with several entries is an `and` of them. */
function memberFaults(member: Shape, path: Path, isIndexed: IsIndexed): Fault[] {
  const entries = Object.entries(member);
  if (entries.length !== 1) return whereFaults(member, [...path, 'and'], isIndexed);
  const [key = '', given] = entries[0] ?? [];
  if (!isGroup(key, given)) return conditionFaults(key, given, path, isIndexed);
  return given.flatMap((one, place) => memberFaults(one as Shape, [...path, key, place], isIndexed));
}

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function conditionFaults(key: string, given: unknown, path: Path, isIndexed: IsIndexed): Fault[] {
  const at = [...path, 1];
  if (key === '$entityIdStartsWith') return typeof given === 'string' ? [] : [fault(at, 'map?', 'the beginning of an id must be a text')];
  if (isPlain(given)) return [];
  if (!isObject(given))
    return [fault(at, 'map?', 'a condition is a text, a number, true, false, or an object of operators; { $isNull: true } asks for null')];
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(operandFaults, name));
  if (unknown.length > 0)
    return [fault(at, 'instant.db.instaql/where-value-valid-keys?', `there is no operator '${unknown.join("', '")}'`)];
  return Object.entries(given).flatMap(([name, operand]) => {
    const isNegation = name === '$not' || name === '$ne';
    const negatedAt = isIndexed(key.split('.')) ? [...at, '$not'] : [...path, 'or', 0, 1, '$not'];
    const place = isNegation ? negatedAt : [...at, name === 'in' ? '$in' : name];
    return operandFaults[name]?.(operand, place) ?? [];
  });
}

type OperandCheck = (operand: unknown, path: Path) => Fault[];

const isNegation = (path: Path): boolean => path.at(-1) === '$not';

const plain: OperandCheck = (operand, path) => {
  return isPlain(operand)
    ? []
    : [
        fault(
          path,
          isNegation(path) ? 'instant.db.instaql/where-value-valid?' : 'boolean?',
          `${String(path.at(-1))} takes a text, a number, true or false`,
        ),
      ];
};

const choices: OperandCheck = (operand, path) => {
  if (!Array.isArray(operand)) return [fault(path, 'vector?', '$in takes a list')];
  return operand.flatMap((choice: unknown, index) => {
    return choice === null || isPlain(choice)
      ? []
      : [fault([...path, index], 'in-value-valid?', '$in chooses from texts, numbers, true, false and null')];
  });
};

const operandFaults: Readonly<Record<string, OperandCheck>> = {
  ...{ $in: choices, in: choices, $not: plain, $ne: plain, $gt: plain, $gte: plain, $lt: plain, $lte: plain, $like: plain, $ilike: plain },
  $isNull: (operand, path) => (typeof operand === 'boolean' ? [] : [fault(path, 'boolean?', '$isNull takes true or false')]),
};
