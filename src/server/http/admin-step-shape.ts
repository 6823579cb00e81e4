// Validates the form of admin steps: the parts of each action and their types. Reports the first fault with its path.

import { textOf } from '../repeatable.ts';
import { isObject } from '../../lib/json.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isLookup } from '../../schema/read.ts';
import { type Fault, invalid } from '../errors.ts';
import { eachInSlices } from '../slices.ts';
import { isShortId } from './stand-ins.ts';

type Path = readonly (string | number)[];
type List = readonly unknown[];

/** Minimum and maximum number of parts per step. */
const operations: Readonly<Record<string, readonly [least: number, most: number]>> = {
  create: [4, 4],
  update: [4, 5],
  merge: [4, 5],
  link: [4, 4],
  unlink: [4, 4],
  delete: [3, Infinity],
  ruleParams: [4, 4],
};
const attrSteps: ReadonlySet<unknown> = new Set(['add-attr', 'update-attr', 'delete-attr']);

export interface AdminSteps {
  readonly attrSteps: List[];
  readonly operations: readonly List[];
}

/** A generator: yields where others can be served. @throws InstantAPIError for the first malformed step */
export function* readAdminSteps(given: unknown): Generator<void, AdminSteps> {
  const read: { readonly attrSteps: List[]; readonly operations: List[] } = { attrSteps: [], operations: [] };
  yield* eachInSlices(listOf(given).entries(), ([at, step]) => {
    const fault = faultOf(step);
    if (fault) throw invalid('steps', given, [{ ...fault, in: [at, ...fault.in] }]);
    const list = step as List;
    (attrSteps.has(list[0]) ? read.attrSteps : read.operations).push(list);
  });
  if (read.attrSteps.some(([action]) => action === 'update-attr')) throw unsupported('update-attr');
  return read;
}

/** Attributes are changed by pushing a schema. */
function unsupported(action: string): Error {
  return invalid('action', action, [{ message: `Unsupported action ${action}`, hint: { value: action } }]);
}

/** Some encoders serialise an empty list as an object without keys. */
function listOf(given: unknown): List {
  if (Array.isArray(given)) return given as List;
  if (isObject(given) && Object.keys(given).length === 0) return [];
  throw invalid('steps', given, [{ in: [], message: 'steps are a list' }]);
}

type StepFault = Fault & { readonly in: Path };

const faultAt = (path: Path, expected: Fault['expected'], message: string): StepFault => ({
  in: path,
  ...(expected && { expected }),
  message,
});

/** What stands where no action has the form of the step: the last action there is. */
const lastAction = ['delete-attr'];
const isList = ['fn', ['%'], ['or', ['nil?', '%'], ['sequential?', '%']]];
const isLookupOrId = 'instant.admin.model/lookup?';

/** The part after the namespace, the id, and so on, as it is called. */
function partOf(action: string, index: number): string {
  const arguments_ = action === 'link' || action === 'unlink' ? 'instant.admin.model/link-map' : 'map?';
  return ['', 'string?', 'instant.admin.model/lookup', arguments_][index] ?? arguments_;
}

function faultOf(step: unknown): StepFault | undefined {
  const begins = 'a step is a list that begins with an action';
  if (!Array.isArray(step) && step !== null) return faultAt([], isList, begins);
  if (!Array.isArray(step) || step.length === 0) return faultAt([], lastAction, begins);
  const action: unknown = step[0];
  if (attrSteps.has(action)) return attrFault(step);
  const lengths = typeof action === 'string' && Object.hasOwn(operations, action) ? operations[action] : undefined;
  if (!lengths) return faultAt([0], lastAction, `there is no action '${textOf(action)}'`);
  if (step.length < lengths[0])
    return faultAt([], partOf(textOf(action), step.length), `'${textOf(action)}' needs a namespace, an id and arguments`);
  if (step.length > lengths[1]) return faultAt([0], lastAction, `'${textOf(action)}' takes at most ${lengths[1] - 1} arguments`);
  return operationFault(step);
}

function operationFault([action, etype, id, args, options]: List): StepFault | undefined {
  const about = `'${textOf(action)}' of '${textOf(etype)}'`;
  if (typeof etype !== 'string')
    return faultAt([1], 'string?', `The namespace of '${textOf(action)}' must be a name, but received: ${textOf(etype)}`);
  if (Array.isArray(id) && id.length === 0) return faultAt([2], isLookupOrId, `${about} needs a UUID or a lookup, but received a list`);
  if (Array.isArray(id) && typeof id[0] !== 'string')
    return faultAt([2, 0], 'string?', `${about} needs a lookup of one unique attribute and its value`);
  if (Array.isArray(id) && id.length !== 2)
    return faultAt([2], isLookupOrId, `${about} needs a lookup of one unique attribute and its value`);
  if (!isEntity(id) && !(typeof id === 'string' && isShortId(id)))
    return faultAt([2], undefined, `${about} needs a UUID or a lookup, but received: ${textOf(id)}`);
  if (action === 'delete') return undefined;
  if (!isObject(args)) return faultAt([3], 'map?', `Arguments of ${about} must be an object, but received: ${textOf(args)}`);
  if ((options ?? undefined) !== undefined && !isObject(options)) return faultAt([4], 'nil?', `options of ${about} must be an object`);
  return action === 'link' || action === 'unlink' ? linkFault(`${etype}`, args) : undefined;
}

function linkFault(etype: string, links: Readonly<Record<string, unknown>>): StepFault | undefined {
  for (const [label, target] of Object.entries(links)) {
    const link = `Link '${etype}.${label}'`;
    if (!Array.isArray(target) && !isEntity(target))
      return faultAt([3, label, 1], isLookupOrId, `${link} needs a UUID or a lookup, but received: ${textOf(target)}`);
    if (Array.isArray(target) && target.some(Array.isArray))
      return faultAt([3, label, 1, 0], isLookupOrId, `${link} needs a list of ids and lookups`);
  }
  return undefined;
}

const isEntity = (part: unknown): boolean =>
  typeof part === 'string' ? isUuid(part) || isLookup(part) : Array.isArray(part) || isObject(part);

function attrFault([action, ...parts]: List): StepFault | undefined {
  if (parts.length === 0) return faultAt([0], action === 'delete-attr' ? ['update-attr'] : lastAction, `'${textOf(action)}' needs an attr`);
  if (action !== 'delete-attr') return isObject(parts[0]) ? undefined : faultAt([1], 'map?', `'${textOf(action)}' needs an attr`);
  return isUuid(parts[0]) ? undefined : faultAt([1], 'instant.admin.model/coercible-uuid?', "'delete-attr' needs the id of an attr");
}
