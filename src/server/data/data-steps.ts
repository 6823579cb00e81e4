// Executes the data steps of a transaction in order, on a layer. Modes (create, update) are checked against the data before the
// transaction; lookups are resolved against the current state. The result is checked afterwards. Many steps are executed in slices.

import { applySteps, type ApplyOptions } from '../../db/apply.ts';
import type { KnownAttr } from '../../db/attrs.ts';
import type { Layer } from '../../db/layer.ts';
import { isUuid } from '../../lib/uuid.ts';
import type {
  AddTriple,
  DataStep,
  DeepMergeTriple,
  EntityRef,
  LookupRef,
  RetractTriple,
  RuleParamsStep,
  Step,
} from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import { invalid, raised } from '../errors.ts';
import { type Actor, checkSystemDelete, checkSystemWrite } from './system-rules.ts';
import type { Access } from './touched.ts';
import { planDeletion } from '../../db/delete.ts';
import { valueKey } from '../../db/value-index.ts';
import { timesAfter } from '../../db/times.ts';

export interface StepContext {
  readonly actor: Actor;
  readonly now: () => number;
  readonly uuid: () => string;
  /** Collects what the steps touched. */
  readonly accesses: Access[];
}

export interface DataStepsResult {
  /** The first step whose mode does not hold: a create of an existing entity, or an update of a missing one. */
  readonly conflict: Error | undefined;
}

/** Steps between two breaks; takes a few milliseconds. */
export const sliceSteps = 500;

/** A generator: yields where others can be served. @throws InstantAPIError */
export function* applyDataSteps(
  layer: Layer,
  steps: readonly (readonly [at: number, step: DataStep])[],
  context: StepContext,
): Generator<void, DataStepsResult> {
  const writer = new Writer(layer, context);
  const conflicts = steps.map(([at, step]) => writer.conflict(at, step));
  for (const [index, [at, step]] of steps.entries()) {
    if (index % sliceSteps === sliceSteps - 1) yield;
    writer.apply(at, step);
  }
  // Rule params may precede the creation of their entity.
  for (const [at, step] of steps) if (step[0] === 'rule-params') writer.params(at, step);
  return { conflict: conflicts.find((conflict) => conflict !== undefined) };
}

class Writer {
  readonly #layer: Layer;
  readonly #context: StepContext;
  readonly #options: ApplyOptions;
  /** Entities created because a lookup found nothing. */
  readonly #made = new Map<string, string>();

  constructor(layer: Layer, context: StepContext) {
    this.#layer = layer;
    this.#context = context;
    this.#options = { now: context.now, times: timesAfter };
  }

  /** Checked against the data before the transaction. An entity that has only links exists too. */
  conflict(at: number, step: DataStep): Error | undefined {
    if (step[0] !== 'add-triple' && step[0] !== 'deep-merge-triple') return undefined;
    const mode = step[4]?.mode;
    if (mode !== 'create' && mode !== 'update') return undefined;
    const attr = this.#attr(at, step);
    const id = typeof step[1] === 'string' ? step[1] : this.#find(this.#lookup(at, step[1], attr.etype, 1));
    const exists = id !== undefined && this.#layer.base.row(attr.etype, id)?.isEmpty() === false;
    if (mode === 'create' && exists) return modeMismatch('entity already exists', step);
    return mode === 'update' && !exists ? modeMismatch('entity does not exist', step) : undefined;
  }

  apply(at: number, step: DataStep): void {
    switch (step[0]) {
      case 'add-triple':
      case 'deep-merge-triple':
        return this.#write(at, step);
      case 'retract-triple':
        return this.#retract(at, step);
      case 'delete-entity': {
        const id = typeof step[1] === 'string' ? step[1] : this.#find(this.#anyLookup(at, step[1]));
        return id === undefined ? undefined : this.#delete(id, step[2]);
      }
      case 'rule-params':
        return undefined;
    }
  }

  params(at: number, step: RuleParamsStep): void {
    const id = typeof step[1] === 'string' ? step[1] : this.#known(this.#lookup(at, step[1], step[2], 1));
    if (id !== undefined) this.#context.accesses.push({ is: 'params', etype: step[2], id, params: step[3] });
  }

  #write(at: number, step: AddTriple | DeepMergeTriple): void {
    const attr = this.#attr(at, step);
    const id = this.#entity(at, step[1], attr);
    const isId = attr === this.#layer.attrs.idAttr(attr.etype);
    if (step[0] === 'deep-merge-triple' && (attr.isRef || isId)) {
      throw attr.isRef
        ? raised(`'${nameOf(attr)}' is a link, and cannot be merged`)
        : invalidStep(at, 2, step, `'${nameOf(attr)}' cannot be merged`);
    }
    const value = isId ? this.#ownId(at, id, step) : attr.isRef ? this.#target(at, step[3], attr, step) : asStored(attr, step[3]);
    checkSystemWrite({ attr, value, isNew: !this.#existed(attr.etype, id) }, this.#context.actor);
    this.#recordAccess(attr, id, value, 'link');
    this.#run(step[0] === 'add-triple' ? ['add-triple', id, attr.id, value] : ['deep-merge-triple', id, attr.id, value]);
  }

  #retract(at: number, step: RetractTriple): void {
    const attr = this.#attr(at, step);
    const id = typeof step[1] === 'string' ? step[1] : this.#find(this.#lookup(at, step[1], attr.etype, 1));
    if (id === undefined) return;
    const value = attr.isRef ? this.#findTarget(at, step[3], attr, step) : step[3];
    if (value === undefined) return;
    checkSystemWrite({ attr, value, isNew: !this.#existed(attr.etype, id) }, this.#context.actor);
    this.#recordAccess(attr, id, value, 'unlink');
    this.#run(['retract-triple', id, attr.id, value]);
  }

  #delete(id: string, etype: string | undefined): void {
    const { entities } = planDeletion(this.#layer, id, etype);
    if (etype !== undefined && !entities.some((doomed) => doomed.etype === etype && doomed.id === id)) {
      checkSystemDelete(etype, id, this.#context.actor);
      this.#context.accesses.push({ is: 'delete', etype, id, root: id });
    }
    for (const doomed of entities) {
      checkSystemDelete(doomed.etype, doomed.id, this.#context.actor);
      this.#context.accesses.push({ is: 'delete', etype: doomed.etype, id: doomed.id, root: id });
    }
    this.#run(etype === undefined ? ['delete-entity', id] : ['delete-entity', id, etype]);
  }

  #recordAccess(attr: KnownAttr, id: string, value: Value, is: 'link' | 'unlink'): void {
    const { etype, label } = attr;
    this.#context.accesses.push(attr.isRef ? { is, attr, source: id, target: String(value) } : { is: 'value', etype, id, label });
  }

  #run(step: Step): void {
    applySteps(this.#layer, [step], this.#options);
  }

  #attr(at: number, step: AddTriple | DeepMergeTriple | RetractTriple): KnownAttr {
    const attr = this.#byId(step[2]);
    if (!attr) throw raised(`There is no attribute with the id ${step[2]}`);
    return attr;
  }

  #byId(id: string): KnownAttr | undefined {
    return this.#layer.attrs.byId(id);
  }

  #existed(etype: string, id: string): boolean {
    return this.#layer.base.row(etype, id)?.exists(this.#layer.attrs.idAttr(etype)) ?? false;
  }

  /** Resolves an id or a lookup; a lookup that finds nothing creates an entity. */
  #entity(at: number, ref: EntityRef, { etype }: KnownAttr): string {
    if (typeof ref === 'string') return ref;
    const lookup = this.#lookup(at, ref, etype, 1);
    const known = this.#known(lookup);
    if (known !== undefined) return known;
    const id = this.#context.uuid();
    this.#made.set(keyOf(lookup), id);
    this.#make(id, lookup);
    return id;
  }

  #known(lookup: Lookup): string | undefined {
    return this.#find(lookup) ?? this.#made.get(keyOf(lookup));
  }

  #make(id: string, { attr, value }: Lookup): void {
    const idAttr = this.#layer.attrs.idAttr(attr.etype);
    checkSystemWrite({ attr, value, isNew: true }, this.#context.actor);
    if (attr.isRef) this.#recordAccess(attr, id, value, 'link');
    else this.#context.accesses.push({ is: 'value', etype: attr.etype, id, label: attr.label, isLookup: true });
    if (idAttr) this.#run(['add-triple', id, idAttr.id, id]);
    this.#run(['add-triple', id, attr.id, value]);
  }

  #lookup(at: number, [attrId, value]: LookupRef, etype: string | undefined, position: number): Lookup {
    const attr = this.#byId(attrId);
    // What a link leads to is looked up for everybody alike; what is written, for others than admins, by their rules first.
    const isWritten = position === 1;
    if (!attr) {
      const message = `There is no attribute with the id ${attrId}`;
      throw isWritten && this.#context.actor.isAdmin ? raised(message) : invalidStep(at, position, [attrId, value], message);
    }
    if (!attr.isUnique) {
      const message = `'${nameOf(attr)}' is not unique: it cannot be looked up by`;
      throw isWritten ? raised(message) : invalidStep(at, position, [attrId, value], message);
    }
    if (etype !== undefined && attr.etype !== etype)
      throw invalidStep(at, position, [attrId, value], `'${nameOf(attr)}' is no attr of '${etype}'`);
    const isId = attr === this.#layer.attrs.idAttr(attr.etype);
    if (!isId && !attr.isRef) return { attr, value: asStored(attr, value), isId };
    if (!isUuid(value)) throw invalidStep(at, position, [attrId, value], `'${nameOf(attr)}' is looked up by an id`);
    return { attr, value: value.toLowerCase(), isId };
  }

  #anyLookup(at: number, ref: LookupRef): Lookup {
    return this.#lookup(at, ref, undefined, 1);
  }

  #find({ attr, value, isId }: Lookup): string | undefined {
    return isId ? String(value) : this.#layer.find(attr, value);
  }

  /** The value of an id triple: the entity's own id, or a lookup that resolves to it. */
  #ownId(at: number, id: string, step: AddTriple | DeepMergeTriple): string {
    const given = step[3];
    const isOwn = typeof given === 'string' ? given.toLowerCase() === id : Array.isArray(given) && Array.isArray(step[1]);
    if (!isOwn) throw invalidStep(at, 3, step, 'the value of an id must be the id of the entity');
    return id;
  }

  #target(at: number, given: Value, attr: KnownAttr, step: DataStep): string {
    const id = this.#findTarget(at, given, attr, step);
    if (id === undefined) throw noTarget(this.#targetLookup(at, given as LookupRef, attr));
    return id;
  }

  /** Undefined if the lookup finds nothing. */
  #findTarget(at: number, given: Value, attr: KnownAttr, step: DataStep): string | undefined {
    if (isUuid(given)) return given.toLowerCase();
    if (Array.isArray(given) && given.length === 2 && typeof given[0] === 'string') {
      return this.#known(this.#targetLookup(at, given as unknown as LookupRef, attr));
    }
    const message = `'${nameOf(attr)}' is a link: its value is an id or a lookup`;
    throw invalid('eid', given, [{ message, hint: { 'tx-step': step } }]);
  }

  #targetLookup(at: number, [attrId, value]: LookupRef, attr: KnownAttr): Lookup {
    return this.#lookup(at, [attrId.toLowerCase(), value], attr.reverseEtype, 3);
  }
}

interface Lookup {
  readonly attr: KnownAttr;
  readonly value: Value;
  readonly isId: boolean;
}

/** Sign-in lowercases e-mail addresses; in any other case the address would create a second user. */
function asStored(attr: KnownAttr, value: Value): Value {
  return attr.etype === '$users' && attr.label === 'email' && typeof value === 'string' ? value.toLowerCase() : value;
}

const nameOf = ({ etype, label }: KnownAttr): string => `${etype}.${label}`;

function invalidStep(at: number, position: number, input: unknown, message: string): Error {
  return invalid('tx-steps', input, [{ message, in: [at, position] }]);
}

function noTarget({ attr, value }: Lookup): Error {
  const { id, etype: namespace, label } = attr;
  const message = `there is no '${namespace}' whose '${label}' has this value`;
  return invalid('lookup', { 'attribute-id': id, namespace, label, value }, [{ message }]);
}

/** The wire names of actions, which programs match on. */
function modeMismatch(message: string, step: DataStep): Error {
  return invalid('tx-step', step, [{ message }], message);
}

function keyOf({ attr, value }: Lookup): string {
  return JSON.stringify([attr.id, valueKey(value)]);
}
