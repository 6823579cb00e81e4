// Validates the form of a transaction's steps: known actions, well-formed ids, complete attrs. Ids are lowercased. Whether the steps fit
// the app's data is not checked here. PROTOCOL.md#transact

import { isUuid } from '../../lib/uuid.ts';
import { survey } from '../../protocol/frame-limits.ts';
import type { CheckedType, Identity, WireAttr } from '../../protocol/attr.ts';
import { isObject } from '../../lib/json.ts';
import type { EntityRef, Mode, Step, StepOptions } from '../../protocol/transact-messages.ts';
import { type Fault, hasNullByte, invalid, nullByte } from '../errors.ts';
import { eachInSlices } from '../slices.ts';

/** Steps nested deeper than a frame are rejected elsewhere. */
const maxValueDepth = 1000;

type StepPath = readonly (string | number)[];

/** A generator: yields where others can be served. @throws InstantAPIError for the first malformed step */
export function* readSteps(steps: readonly (readonly unknown[])[]): Generator<void, Step[]> {
  const read: Step[] = [];
  yield* eachInSlices(steps, (step) => {
    try {
      read.push(readStep(step));
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw invalid('tx-steps', steps, [{ ...error.fault, in: [read.length, ...error.path] }]);
    }
  });
  return read;
}

class StepError extends Error {
  readonly path: StepPath;
  readonly fault: Fault;
  /** @param check the name under which programs know it, if it has one */
  constructor(path: StepPath, expected: string, check?: Fault['expected']) {
    super(expected);
    this.path = path;
    this.fault = { ...(check && { expected: check }), message: `expected ${expected}` };
  }
}

/** What stands where no action has the form of the step: the last action there is. */
const lastAction = ['restore-attr'];
/** The parts of a triple step, by their place. */
const tripleParts = [undefined, 'instant.db.model.triple/lookup', 'instant.db.model.triple/attr-id', 'instant.db.model.triple/value'];
const isPair = ['=', ['count', '%'], 2];
const isIdentity = ['fn', ['%'], ['or', ['nil?', '%'], ['sequential?', '%']]];
const isWholeIdentity = [
  ...['clojure.spec.alpha/cat', 'id', 'uuid?', 'etype', 'instant.db.model.attr/etype'],
  ...['label', 'instant.db.model.attr/label'],
];
const isNotBlank = ['complement', 'clojure.string/blank?'];
const has = (field: string): Fault['expected'] => ['fn', ['%'], ['contains?', '%', field]];

/** How many parts a step has, at least and at most. */
const lengths: ReadonlyMap<unknown, readonly [least: number, most: number]> = new Map([
  ['add-triple', [4, 5]],
  ['deep-merge-triple', [4, 5]],
  ['retract-triple', [4, 4]],
  ['delete-entity', [2, 3]],
  ['rule-params', [3, 4]],
  ['add-attr', [2, 2]],
  ['update-attr', [2, 2]],
  ['delete-attr', [2, 2]],
  ['restore-attr', [2, 2]],
]);

function checkLength(step: readonly unknown[]): void {
  const [least, most] = lengths.get(step[0]) ?? [0, Infinity];
  if (step.length > most) throw new StepError([0], `a step of at most ${most} parts`, lastAction);
  if (step.length >= least) return;
  const isTriple = least === 4 && step[0] !== 'rule-params';
  throw new StepError(isTriple ? [] : [0], `a step of ${least} parts`, isTriple ? tripleParts[step.length] : lastAction);
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
      return step.length === 2 ? [op, entity(first)] : [op, entity(first), etypeOfDeletion(second)];
    case 'rule-params':
      // Of no namespace, and so of no entity.
      if (step.length === 3 && isObject(second)) return [op, entity(first), '', second];
      checkRuleParams(first, second);
      if (step.length === 3) throw new StepError([0], 'a step of 4 parts', lastAction);
      if (!isObject(third)) throw new StepError([3], 'an object', 'map?');
      return [op, entity(first), text(second, [2]), third];
    case 'add-attr':
      return [op, wholeAttr(first)];
    case 'update-attr':
      return [op, attrChanges(first)];
    case 'delete-attr':
    case 'restore-attr':
      return [op, attrId(first, 1)];
    default:
      throw new StepError([0], 'an action of a transaction', lastAction);
  }
}

/** No entity is in a namespace without a name, and so nothing is deleted there. */
const etypeOfDeletion = (given: unknown): string => (given === '' ? '' : text(given, [2]));

/** Its parts are told by other names. */
function checkRuleParams(ref: unknown, etype: unknown): void {
  if (!isUuid(ref) && !Array.isArray(ref)) throw new StepError([1], 'the id of an entity, or a lookup', 'vector?');
  if (etype === null) throw new StepError([2], 'a text', 'map?');
}

function entity(ref: unknown): EntityRef {
  if (isUuid(ref)) return ref.toLowerCase();
  if (Array.isArray(ref) && ref.length === 2 && isUuid(ref[0])) return [ref[0].toLowerCase(), ref[1]];
  const isLookup = Array.isArray(ref);
  if (isLookup && ref.length === 2 && !isUuid(ref[0])) throw new StepError([1, 0], 'the id of an attr', 'uuid?');
  throw new StepError([1], 'the id of an entity, or a lookup', isLookup && ref.length !== 2 ? isPair : undefined);
}

function attrId(id: unknown, index: number): string {
  if (!isUuid(id)) throw new StepError([index], 'the id of an attr', 'uuid?');
  return id.toLowerCase();
}

function value(step: readonly unknown[]): unknown {
  checkText(step[3]);
  if (survey(step[3], maxValueDepth).hasInfinity) throw new StepError([3], 'numbers within the range of a double');
  return step[3];
}

/** U+0000 cannot be stored by every storage. @throws InstantAPIError */
function checkText(part: unknown): void {
  if (hasNullByte(part)) throw nullByte('in the transaction contains null bytes, which cannot be stored');
}

function text(part: unknown, path: StepPath): string {
  if (typeof part !== 'string') throw new StepError(path, 'a text', 'string?');
  if (part.trim() === '') throw new StepError(path, 'a text that is not blank', isNotBlank);
  checkText(part);
  return part;
}

const modes: ReadonlySet<unknown> = new Set<Mode>(['create', 'update', 'upsert']);

function options(given: unknown): StepOptions {
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw new StepError([4], 'an object', 'nil?');
  const { mode } = given;
  if (mode === undefined) return {};
  if (!modes.has(mode)) throw new StepError([4, 'mode'], 'create, update or upsert', [...modes]);
  return { mode: mode as Mode };
}

type Draft = { -readonly [Field in keyof WireAttr]?: WireAttr[Field] };
type Reader<Field extends keyof WireAttr> = (given: unknown, path: StepPath) => WireAttr[Field];

const flag = (given: unknown, path: StepPath): boolean => {
  if (typeof given !== 'boolean') throw new StepError(path, 'true or false', 'boolean?');
  return given;
};

function choice<T extends string>(choices: readonly T[], check: Fault['expected'] = choices): (given: unknown, path: StepPath) => T {
  return (given, path) => {
    const found = choices.find((each) => each === given);
    if (found === undefined) throw new StepError(path, choices.join(' or '), check);
    return found;
  };
}

function identity(given: unknown, path: StepPath): Identity {
  if (!Array.isArray(given) || given.length < 3) {
    const isShort = Array.isArray(given) && given.length === 2;
    throw new StepError(path, 'an id, a namespace and a label', isShort ? 'instant.db.model.attr/label' : isIdentity);
  }
  if (given.length > 3) throw new StepError([...path, 3], 'no more than an id, a namespace and a label', isWholeIdentity);
  if (!isUuid(given[0])) throw new StepError([...path, 0], 'an id', 'uuid?');
  return [given[0].toLowerCase(), text(given[1], [...path, 1]), text(given[2], [...path, 2])];
}

const checkedType = choice<CheckedType>(['string', 'number', 'boolean', 'date'], 'instant.db.model.attr/checked-data-types');
const cascade = choice(['cascade']);
const valueType = choice(['blob', 'ref'], 'instant.db.model.attr/value-type');

/** Attr fields that a client may set, in the order they are returned. Null = not set. */
const readers: { readonly [Field in keyof WireAttr]?: Reader<Field> } = {
  // Which of two kinds of attr it is, is told of the attr as a whole.
  'value-type': (given) => valueType(given, [1]),
  cardinality: choice(['one', 'many']),
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

const mandatory: readonly (keyof WireAttr)[] = ['cardinality', 'forward-identity', 'unique?', 'index?'];

/** What none of them may be null, by the name of its check. */
const neverNull: Readonly<Record<string, Fault['expected']>> = {
  'forward-identity': 'uuid?',
  cardinality: ['one', 'many'],
  'unique?': 'boolean?',
  'index?': 'boolean?',
  'required?': 'boolean?',
  'checked-data-type': 'instant.db.model.attr/checked-data-types',
};

function readAttrFields(given: unknown): Draft & Pick<WireAttr, 'id'> {
  if (!isObject(given)) throw new StepError([1], 'an attr', 'map?');
  if (given.id === undefined) throw new StepError([1], 'an attr with an id', has('id'));
  if (!isUuid(given.id)) throw new StepError([1, 'id'], 'the id of an attr', 'uuid?');
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
  if (attr['value-type'] === undefined) throw new StepError([1], 'a value-type', 'instant.db.model.attr/value-type');
  for (const [name, check] of Object.entries(neverNull)) {
    if ((given as Readonly<Record<string, unknown>>)[name] === null) throw new StepError([1, name], 'a value', check);
  }
  for (const name of mandatory) if (attr[name] === undefined) throw new StepError([1], `an attr with ${name}`, has(name));
  if (attr['value-type'] === 'ref' && !attr['reverse-identity'])
    throw new StepError([1], 'a link with reverse-identity', has('reverse-identity'));
  if (attr['value-type'] === 'blob' && attr.cardinality === 'many') throw new StepError([1, 'cardinality'], 'one, as it is no link');
  return { 'required?': false, 'inferred-types': null, ...attr, catalog: 'user' } as WireAttr;
}

/** Null removes a trait. What an attr must have is never null, and a value-type that is none changes nothing. */
function attrChanges(given: unknown): Partial<WireAttr> & Pick<WireAttr, 'id'> {
  const isValueType = !isObject(given) || given['value-type'] === 'blob' || given['value-type'] === 'ref';
  const changes = readAttrFields(isValueType ? given : { ...given, 'value-type': undefined });
  const gone = Object.entries(given as object).filter(([name, part]) => part === null && Object.hasOwn(readers, name));
  const held = gone.find(([name]) => name !== 'forward-identity' && (mandatory as readonly string[]).includes(name));
  if (held) throw new StepError([1, held[0]], 'a value', neverNull[held[0]]);
  return { ...changes, ...Object.fromEntries(gone.map(([name]) => [name, undefined])) };
}
