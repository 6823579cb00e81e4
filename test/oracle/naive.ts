// The data model said a second time, as plainly as it goes: a list of triples, read from end to end for every
// question. Slow, short, and independent of the engine: what the engine shows must be what this shows.

import { coerceToDate } from '../../src/lib/dates.ts';
import { likeMatcher } from '../../src/lib/like.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Cursor, PageInfo } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';

export interface Triples {
  readonly attrs: readonly WireAttr[];
  readonly triples: readonly Triple[];
}

/** etype → labels of the links shown as one object. */
export type Singular = Readonly<Record<string, readonly string[]>>;
type Where = Readonly<Record<string, unknown>>;
type Shape = Readonly<Record<string, unknown>>;
interface Options {
  readonly where?: Where;
  readonly order?: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly first?: number;
  readonly last?: number;
  readonly offset?: number;
  readonly after?: Cursor;
  readonly before?: Cursor;
  readonly afterInclusive?: boolean;
  readonly beforeInclusive?: boolean;
  readonly fields?: readonly string[];
  readonly aggregate?: string;
}
interface Link {
  readonly attr: WireAttr;
  readonly isForward: boolean;
  readonly etype: string;
}

const etypeOf = (attr: WireAttr): string => attr['forward-identity'][1];
const labelOf = (attr: WireAttr): string => attr['forward-identity'][2];
const isNone = (value: unknown): boolean => value === null || value === undefined;

export const attrOf = ({ attrs }: Triples, etype: string, label: string): WireAttr | undefined =>
  attrs.findLast((attr) => etypeOf(attr) === etype && labelOf(attr) === label);

export function linkOf(triples: Triples, etype: string, label: string): Link | undefined {
  const attr = attrOf(triples, etype, label);
  if (attr) return attr['reverse-identity'] && { attr, isForward: true, etype: attr['reverse-identity'][1] };
  const reverse = triples.attrs.findLast((other) => other['reverse-identity']?.[1] === etype && other['reverse-identity'][2] === label);
  return reverse && { attr: reverse, isForward: false, etype: etypeOf(reverse) };
}

export const valuesOf = (triples: Triples, id: string, attr: WireAttr): unknown[] =>
  triples.triples.filter(([e, a]) => e === id && a === attr.id).map(([, , v]) => v);

const linkedIds = (triples: Triples, id: string, { attr, isForward }: Link): string[] =>
  triples.triples.filter(([e, a, v]) => a === attr.id && (isForward ? e : v) === id).map(([e, , v]) => (isForward ? (v as string) : e));

const creationOf = (triples: Triples, etype: string, id: string): Triple | undefined => {
  const idAttr = attrOf(triples, etype, 'id');
  return triples.triples.find(([e, a]) => e === id && a === idAttr?.id);
};

export const exists = (triples: Triples, etype: string, id: string): boolean => creationOf(triples, etype, id) !== undefined;

/** Date attrs are compared as instants. */
function comparable(attr: WireAttr | undefined, value: unknown): unknown {
  if (attr?.['checked-data-type'] !== 'date' || isNone(value)) return value;
  try {
    return coerceToDate(value)?.getTime();
  } catch {
    return Number.NaN;
  }
}

// --- where ---------------------------------------------------------------------------------------------------------

/** An object or a list, as JavaScript compares it; the rest as it is. */
const asText = <T>(value: T): T | string =>
  Array.isArray(value) ? value.map(asText).join(',') : typeof value === 'object' && value !== null ? '[object Object]' : value;

type Test = (value: never, operand: never) => boolean;
const tests: Readonly<Record<string, Test>> = {
  $gt: (value, operand) => asText(value) > asText(operand),
  $gte: (value, operand) => asText(value) >= asText(operand),
  $lt: (value, operand) => asText(value) < asText(operand),
  $lte: (value, operand) => asText(value) <= asText(operand),
};

const isLike = (value: unknown, pattern: unknown, isCaseless: boolean): boolean =>
  typeof value === 'string' && typeof pattern === 'string' && likeMatcher(pattern, isCaseless)(value);

/** Whether one value meets a condition. */
function holds(condition: unknown, value: unknown, attr?: WireAttr): boolean {
  const same = (other: unknown): boolean => comparable(attr, value) === comparable(attr, other);
  if (typeof condition !== 'object' || condition === null) return same(condition);
  return Object.entries(condition).every(([operator, operand]: [string, unknown]) => {
    if (operator === '$in' || operator === 'in') return (operand as unknown[]).some(same);
    if (operator === '$isNull') return isNone(value) === operand;
    if (isNone(value)) return false;
    if (operator === '$ne' || operator === '$not') return !same(operand);
    if (operator === '$like' || operator === '$ilike') return isLike(value, operand, operator === '$ilike');
    return tests[operator]?.(comparable(attr, value) as never, comparable(attr, operand) as never) ?? false;
  });
}

const asksNull = (condition: unknown): boolean => typeof condition === 'object' && condition !== null && '$isNull' in condition;
const acceptsNone = (condition: unknown): boolean =>
  typeof condition === 'object' &&
  condition !== null &&
  Object.entries(condition).every(
    ([operator, operand]) => operator === '$ne' || operator === '$not' || (operator === '$isNull' && operand === true),
  );

/** Whether a `where` names nothing unknown. */
function isKnown(triples: Triples, etype: string, where: Where): boolean {
  if (!attrOf(triples, etype, 'id')) return false;
  return Object.entries(where).every(([key, condition]) => {
    if (key === '$entityIdStartsWith') return true;
    if (key === 'or' || key === 'and') return (condition as Where[]).every((member) => isKnown(triples, etype, member));
    const [label = '', ...rest] = key.split('.');
    const link = linkOf(triples, etype, label);
    if (!link) return rest.length === 0 && attrOf(triples, etype, label) !== undefined;
    return isKnown(triples, link.etype, rest.length > 0 ? { [rest.join('.')]: condition } : {});
  });
}

/** Entries that go over the same link speak of the same linked entity; each entry of a member of `or` and `and` of its own. */
export function matches(triples: Triples, etype: string, id: string, where: Where): boolean {
  const overLinks = new Map<string, Record<string, unknown>>();
  for (const [key, condition] of Object.entries(where)) {
    if (key === 'or') {
      if (!(condition as Where[]).some((member) => matchesMember(triples, etype, id, member))) return false;
    } else if (key === 'and') {
      if (!(condition as Where[]).every((member) => matchesMember(triples, etype, id, member))) return false;
    } else if (key !== '$entityIdStartsWith') {
      const [label = '', ...rest] = key.split('.');
      const link = linkOf(triples, etype, label);
      if (link) overLinks.set(label, { ...overLinks.get(label), [rest.join('.')]: condition });
      else if (!meets(triples, etype, id, attrOf(triples, etype, label) as WireAttr, condition)) return false;
    }
  }
  return [...overLinks].every(([label, far]) => reaches(triples, etype, id, linkOf(triples, etype, label) as Link, far));
}

function matchesMember(triples: Triples, etype: string, id: string, member: Where): boolean {
  return Object.entries(member).every(([key, condition]) => matches(triples, etype, id, { [key]: condition }));
}

function meets(triples: Triples, etype: string, id: string, attr: WireAttr, condition: unknown): boolean {
  const [value] = valuesOf(triples, id, attr);
  if (asksNull(condition) && !exists(triples, etype, id)) return false;
  if (isNone(value) && acceptsNone(condition)) return exists(triples, etype, id);
  return value !== undefined && holds(condition, value, attr);
}

/** `far`: what is asked of the linked entity; under the empty key, of its id. */
function reaches(triples: Triples, etype: string, id: string, link: Link, { '': requested, ...far }: Record<string, unknown>): boolean {
  const isEntity = exists(triples, etype, id);
  if (asksNull(requested) && !isEntity) return false;
  const ids = linkedIds(triples, id, link);
  const all = requested === undefined ? Object.values(far) : [requested, ...Object.values(far)];
  if (ids.length === 0) return isEntity && all.every(acceptsNone);
  return ids.some((target) => (requested === undefined || holds(requested, target)) && matches(triples, link.etype, target, far));
}

// --- forms ---------------------------------------------------------------------------------------------------------

export interface Shown {
  readonly pageInfo?: Readonly<Record<string, PageInfo>> | undefined;
  readonly singular?: Singular | undefined;
}

export function evaluate(triples: Triples, query: Shape, { pageInfo = {}, singular = {} }: Shown = {}): Record<string, unknown[]> {
  const nodes = Object.entries(query).filter(
    ([etype, shape]) => etype !== '$$ruleParams' && optionsOf(shape as Shape).aggregate === undefined,
  );
  return Object.fromEntries(
    nodes.map(([etype, shape]) => [
      etype,
      showNode(triples, etype, shape as Shape, singular, undefined, Object.hasOwn(pageInfo, etype) ? pageInfo[etype] : undefined),
    ]),
  );
}

const optionsOf = (shape: Shape): Options => shape['$'] ?? {};

function showNode(
  triples: Triples,
  etype: string,
  shape: Shape,
  singular: Singular,
  among?: readonly string[],
  page?: PageInfo,
): unknown[] {
  const options = optionsOf(shape);
  if (!isKnown(triples, etype, options.where ?? {})) return [];
  const isLeading = !options.offset && !options.after && !options.before;
  const { limit, first, last, offset, after, before } = options;
  const isFromEnd = !limit && !first && last;
  if (!isLeading && (!page || (offset && !page.startCursor))) return [];
  const sort = sortOf(triples, etype, options, page?.startCursor);
  let ids = matching(triples, etype, options, among).sort((a, b) => sort.compare(sort.key(a), a, sort.key(b), b));
  const keep = (cursor: Cursor | null | undefined, isHere: (side: number) => boolean): void => {
    if (cursor) ids = ids.filter((id) => isHere(sort.compare(sort.key(id), id, sort.cursorKey(cursor), cursor[0])));
  };
  if (!isLeading && page && (!page.startCursor || triples.attrs.some(({ id }) => id === page.startCursor?.[1]))) {
    keep(after, (side) => side > 0 || (options.afterInclusive === true && side === 0));
    keep(before, (side) => side < 0 || (options.beforeInclusive === true && side === 0));
    // Only the server's first and last row tell where an offset or the limit cuts it.
    if (isFromEnd ? page.hasPreviousPage : offset) keep(page.startCursor, (side) => side >= 0);
    if (isFromEnd ? offset : (limit ?? first) && page.hasNextPage) keep(page.endCursor, (side) => side <= 0);
  }
  const count = [limit, first, last].find(Boolean) ?? ids.length;
  const shown = isFromEnd ? ids.slice(-count) : ids.slice(0, count);
  return shown.map((id) => showRow(triples, etype, id, shape, singular));
}

/** All that match, each once. */
export function matching(triples: Triples, etype: string, { where = {} }: Options, among?: readonly string[]): string[] {
  const idAttr = attrOf(triples, etype, 'id');
  const all = new Set(among ?? triples.triples.filter(([, a]) => a === idAttr?.id).map(([e]) => e));
  return [...all].filter((id) => exists(triples, etype, id) && matches(triples, etype, id, where));
}

function showRow(triples: Triples, etype: string, id: string, shape: Shape, singular: Singular): object {
  const { fields } = optionsOf(shape);
  const shown = triples.attrs
    .filter(
      (attr) =>
        etypeOf(attr) === etype && attr['value-type'] === 'blob' && (!fields || labelOf(attr) === 'id' || fields.includes(labelOf(attr))),
    )
    .flatMap((attr) => valuesOf(triples, id, attr).map((value) => [labelOf(attr), value] as const));
  const children = Object.entries(shape)
    .filter(([label]) => label !== '$')
    .map(([label, child]) => {
      const link = linkOf(triples, etype, label);
      const list = link ? showNode(triples, link.etype, child as Shape, singular, linkedIds(triples, id, link)) : [];
      return [label, singular[etype]?.includes(label) ? list[0] : list] as const;
    });
  return Object.fromEntries([...shown, ...children]);
}

// --- order ---------------------------------------------------------------------------------------------------------

export interface Sort {
  readonly key: (id: string) => unknown;
  readonly cursorKey: (cursor: Cursor) => unknown;
  readonly compare: (keyA: unknown, a: string, keyB: unknown, b: string) => number;
}

/** By the attr of the page's cursor if there is a page, else by the attr asked for, else by creation. */
export function sortOf(triples: Triples, etype: string, { order = {} }: Options, cursor?: Cursor | null): Sort {
  const [label, direction] = Object.entries(order)[0] ?? [];
  const idAttr = attrOf(triples, etype, 'id');
  const requested = label === undefined ? undefined : attrOf(triples, etype, label);
  const known = triples.attrs.find(({ id }) => id === cursor?.[1]) ?? requested;
  const attr = known === idAttr || known?.['value-type'] === 'ref' ? undefined : known;
  const sign = label === undefined || direction === 'asc' ? 1 : -1;
  return {
    key: (id) => (attr ? comparable(attr, valuesOf(triples, id, attr)[0]) : creationOf(triples, etype, id)?.[3]),
    cursorKey: ([, , v, t]) => (attr ? comparable(attr, v) : t),
    compare: (keyA, a, keyB, b) =>
      sign * (compareKeys(keyA, keyB, attr?.['checked-data-type'] === 'string') || (a < b ? -1 : a > b ? 1 : 0)),
  };
}

const collator = new Intl.Collator('en-US');

function compareKeys(a: unknown, b: unknown, isText: boolean): number {
  if (isNone(a) || isNone(b)) return Number(isNone(b)) - Number(isNone(a));
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  if (isText && typeof a === 'string') return collator.compare(a, b as string);
  return asText(a as never) > asText(b as never) ? 1 : asText(a as never) < asText(b as never) ? -1 : 0;
}
