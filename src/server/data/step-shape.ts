// Validates the form of a transaction's steps: known actions, well-formed ids, complete attrs. Ids are lowercased. Whether the steps fit
// the app's data is not checked here. PROTOCOL.md#transact

import { isUuid } from '../../lib/uuid.ts';
import { survey } from '../../protocol/frame-limits.ts';
import type { CheckedType, Identity, WireAttr } from '../../protocol/attr.ts';
import { isObject } from '../../lib/json.ts';
import type { EntityRef, Mode, Step, StepOptions } from '../../protocol/transact-messages.ts';
import { type Fault, invalid, rejection } from '../errors.ts';

/** Steps nested deeper than a frame are rejected elsewhere. */
const maxValueDepth = 1000;

type StepPath = readonly (string | number)[];

/** @throws InstantAPIError for the first malformed step */
export function readSteps(steps: readonly (readonly unknown[])[]): Step[] {
  return steps.map((step, at) => {
    try {
      return readStep(step);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw invalid('tx-steps', steps, [{ ...error.fault, in: [at, ...error.path] }]);
    }
  });
}

class StepError extends Error {
  readonly path: StepPath;
  readonly fault: Fault;
  constructor(path: StepPath, expected: string) {
    super(expected);
    this.path = path;
    this.fault = { expected, message: `expected ${expected}` };
  }
}

/** Minimum and maximum number of parts per step. */
const lengths: ReadonlyMap<unknown, readonly [least: number, most: number]> = new Map([
  ['add-triple', [4, 5]],
  ['deep-merge-triple', [4, 5]],
  ['retract-triple', [4, 4]],
  ['delete-entity', [2, 3]],
  ['rule-params', [4, 4]],
  ['add-attr', [2, 2]],
  ['update-attr', [2, 2]],
  ['delete-attr', [2, 2]],
  ['restore-attr', [2, 2]],
]);

function checkLength(step: readonly unknown[]): void {
  const [least, most] = lengths.get(step[0]) ?? [0, Infinity];
  if (step.length < least) throw new StepError(least === 4 && step[0] !== 'rule-params' ? [] : [0], `a step of ${least} parts`);
  if (step.length > most) throw new StepError([0], `a step of at most ${most} parts`);
}

function readStep(step: readonly unknown[]): Step {
  const [op, first, second, third, fourth] = step;
  checkLength(step);
  switch (op) {
    case 'add-triple':
      return [op, entity(first), attrId(second, 2), value(step), options(fourth)];
    case 'deep-merge-triple':
      return [op, entity(first), attrId(second, 2), value(step), options(fourth)];
    case 'retract-triple':
      return [op, entity(first), attrId(second, 2), value(step)];
    case 'delete-entity':
      return step.length === 2 ? [op, entity(first)] : [op, entity(first), text(second, [2])];
    case 'rule-params':
      if (!isObject(third)) throw new StepError([3], 'an object');
      return [op, entity(first), text(second, [2]), third];
    case 'add-attr':
      return [op, wholeAttr(first)];
    case 'update-attr':
      return [op, attrChanges(first)];
    case 'delete-attr':
    case 'restore-attr':
      return [op, attrId(first, 1)];
    default:
      throw new StepError([0], 'an action of a transaction');
  }
}

function entity(ref: unknown): EntityRef {
  if (isUuid(ref)) return ref.toLowerCase();
  if (Array.isArray(ref) && ref.length === 2 && isUuid(ref[0]) && ref[1] !== null) return [ref[0].toLowerCase(), ref[1]];
  throw new StepError([1], 'the id of an entity, or a lookup');
}

function attrId(id: unknown, index: number): string {
  if (!isUuid(id)) throw new StepError([index], 'the id of an attr');
  return id.toLowerCase();
}

function value(step: readonly unknown[]): unknown {
  checkText(step[3]);
  if (survey(step[3], maxValueDepth).hasInfinity) throw new StepError([3], 'numbers within the range of a double');
  return step[3];
}

/** U+0000 cannot be stored by every storage. @throws InstantAPIError */
function checkText(part: unknown): void {
  if (typeof part === 'string') {
    if (part.includes('\0')) throw nullByte();
  } else if (typeof part === 'object' && part !== null) {
    for (const [key, item] of Object.entries(part)) {
      if (!Array.isArray(part)) checkText(key);
      checkText(item);
    }
  }
}

function nullByte(): Error {
  const hint = { condition: 'untranslatable-character', table: null, constraint: null };
  return rejection('validation-failed', 'A value in the transaction contains null bytes, which cannot be stored.', hint);
}

function text(part: unknown, path: StepPath): string {
  if (typeof part !== 'string' || part.trim() === '') throw new StepError(path, 'a text');
  checkText(part);
  return part;
}

const modes: ReadonlySet<unknown> = new Set<Mode>(['create', 'update', 'upsert']);

function options(given: unknown): StepOptions {
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw new StepError([4], 'an object');
  const { mode } = given;
  if (mode === undefined) return {};
  if (!modes.has(mode)) throw new StepError([4, 'mode'], 'create, update or upsert');
  return { mode: mode as Mode };
}

type Draft = { -readonly [Field in keyof WireAttr]?: WireAttr[Field] };
type Reader<Field extends keyof WireAttr> = (given: unknown, path: StepPath) => WireAttr[Field];

const flag = (given: unknown, path: StepPath): boolean => {
  if (typeof given !== 'boolean') throw new StepError(path, 'true or false');
  return given;
};

function choice<T extends string>(...choices: readonly T[]): (given: unknown, path: StepPath) => T {
  return (given, path) => {
    const found = choices.find((each) => each === given);
    if (found === undefined) throw new StepError(path, choices.join(' or '));
    return found;
  };
}

function identity(given: unknown, path: StepPath): Identity {
  if (!Array.isArray(given) || given.length < 3) throw new StepError(path, 'an id, a namespace and a label');
  if (given.length > 3) throw new StepError([...path, 3], 'no more than an id, a namespace and a label');
  if (!isUuid(given[0])) throw new StepError([...path, 0], 'an id');
  return [given[0].toLowerCase(), text(given[1], [...path, 1]), text(given[2], [...path, 2])];
}

const checkedType = choice<CheckedType>('string', 'number', 'boolean', 'date');
const cascade = choice('cascade');

/** Attr fields that a client may set, in the order they are returned. Null = not set. */
const readers: { readonly [Field in keyof WireAttr]?: Reader<Field> } = {
  'value-type': choice('blob', 'ref'),
  cardinality: choice('one', 'many'),
  'forward-identity': identity,
  'reverse-identity': identity,
  'unique?': flag,
  'index?': flag,
  'required?': flag,
  'checked-data-type': checkedType,
  'on-delete': cascade,
  'on-delete-reverse': cascade,
  metadata: (given) => given,
};

const mandatory: readonly (keyof WireAttr)[] = ['value-type', 'cardinality', 'forward-identity', 'unique?', 'index?'];

const neverNull: readonly (keyof WireAttr)[] = ['required?', 'checked-data-type'];

function readAttrFields(given: unknown): Draft & Pick<WireAttr, 'id'> {
  if (!isObject(given)) throw new StepError([1], 'an attr');
  if (!isUuid(given.id)) throw new StepError([1, 'id'], 'the id of an attr');
  if (given['indexing?'] !== undefined) flag(given['indexing?'], [1, 'indexing?']);
  const fields: [string, unknown][] = [];
  for (const [name, read] of Object.entries(readers)) {
    const part = Object.hasOwn(given, name) ? given[name] : undefined;
    if (part !== undefined && part !== null) fields.push([name, read(part, [1, name])]);
  }
  return { id: given.id.toLowerCase(), ...Object.fromEntries(fields) };
}

function wholeAttr(given: unknown): WireAttr {
  const attr = readAttrFields(given);
  for (const name of neverNull)
    if ((given as Readonly<Record<string, unknown>>)[name] === null) throw new StepError([1, name], 'a value, or none');
  for (const name of mandatory) if (attr[name] === undefined) throw new StepError([1, name], 'a value');
  if (attr['value-type'] === 'ref' && !attr['reverse-identity']) throw new StepError([1, 'reverse-identity'], 'an identity');
  if (attr['value-type'] === 'blob' && attr.cardinality === 'many') throw new StepError([1, 'cardinality'], 'one, as it is no link');
  return { 'required?': false, 'inferred-types': null, ...attr, catalog: 'user' } as WireAttr;
}

/** Null removes a trait. */
function attrChanges(given: unknown): Partial<WireAttr> & Pick<WireAttr, 'id'> {
  const changes = readAttrFields(given);
  const gone = Object.entries(given as object).filter(([name, part]) => part === null && Object.hasOwn(readers, name));
  return { ...changes, ...Object.fromEntries(gone.map(([name]) => [name, undefined])) };
}
