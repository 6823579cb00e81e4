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
  DeleteEntity,
  LookupRef,
  RetractTriple,
  RuleParamsStep,
  Step,
} from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import { raised } from '../errors.ts';
import { sliceSteps } from '../slices.ts';
import {
  invalidLookup,
  invalidStep,
  lookupMakes,
  lookupParts,
  type ModeConflict,
  modeMismatch,
  notAnId,
  noTarget,
  type TripleStep,
  unknownLookup,
} from './step-errors.ts';
import { type Actor, asStored, checkSystemDelete, checkSystemWrite, madeUser } from './system-rules.ts';
import { deleteSteps } from './delete-steps.ts';
import { type Lookup, Lookups } from './lookups.ts';
import type { Access } from './touched.ts';
import { timesAfter } from '../../db/times.ts';

export interface StepContext {
  readonly actor: Actor;
  readonly now: () => number;
  readonly uuid: () => string;
  /** Collects what the steps touched. */
  readonly accesses: Access[];
}

export interface DataStepsResult {
  /** The steps whose mode does not hold: a create of an existing entity, or an update of a missing one. */
  readonly conflict: Error | undefined;
  /** The first lookup that would have to find something, and finds nothing: of a link, or of a write of its own attribute. */
  readonly absent: Error | undefined;
}

/** Links of a row that cost as much as a step when one of them changes. */
const linksPerWork = 500;

/** A generator: yields where others can be served. @throws InstantAPIError */
export function* applyDataSteps(
  layer: Layer,
  steps: readonly (readonly [at: number, step: DataStep])[],
  context: StepContext,
): Generator<void, DataStepsResult> {
  const writer = new Writer(layer, context);
  const conflicts = steps.flatMap(([at, step]) => writer.conflict(at, step) ?? []);
  for (const [at, step] of steps) if (step[0] === 'rule-params') writer.findParams(at, step);
  for (const [at, step] of steps) {
    if (step[0] === 'delete-entity') yield* writer.delete(at, step);
    else writer.apply(at, step);
    if (++writer.work < sliceSteps) continue;
    writer.work = 0;
    yield;
  }
  writer.checkUsers();
  // Rule params may precede the creation of their entity.
  for (const [at, step] of steps) if (step[0] === 'rule-params') writer.params(at, step);
  return { conflict: modeMismatch(conflicts), absent: writer.absent };
}

class Writer {
  readonly #layer: Layer;
  readonly #context: StepContext;
  readonly #options: ApplyOptions;
  readonly #lookups: Lookups;
  /** The entities that rule params with a lookup are for. */
  readonly #params = new Map<RuleParamsStep, string>();
  #madeUser: Error | undefined;
  #absent: Error | undefined;
  /** What steps cost beside what each costs: rows with many links are copied. */
  work = 0;

  constructor(layer: Layer, context: StepContext) {
    this.#layer = layer;
    this.#lookups = new Lookups(layer);
    this.#context = context;
    this.#options = { now: context.now, times: timesAfter };
  }

  /** Checked against the data before the transaction. An entity that has only links exists too. */
  conflict(at: number, step: DataStep): ModeConflict | undefined {
    if (step[0] !== 'add-triple' && step[0] !== 'deep-merge-triple') return undefined;
    const mode = step[4]?.mode;
    if (mode !== 'create' && mode !== 'update') return undefined;
    const attr = this.#attr(at, step);
    const id = typeof step[1] === 'string' ? step[1] : this.#lookups.findNow(this.#lookup(at, step[1], attr.etype, 1));
    const exists = id !== undefined && this.#layer.base.row(attr.etype, id)?.isEmpty() === false;
    return exists === (mode === 'create') ? { step, mode, attr } : undefined;
  }

  apply(at: number, step: Exclude<DataStep, DeleteEntity>): void {
    if (step[0] === 'retract-triple') this.#retract(at, step);
    else if (step[0] === 'rule-params') this.findParams(at, step);
    else this.#write(at, step);
  }

  /** What a lookup finds before and at its step: later steps may change what is looked up by, or delete the entity. */
  findParams(at: number, step: RuleParamsStep): void {
    if (typeof step[1] === 'string') return;
    try {
      const id = this.#lookups.find(this.#lookup(at, step[1], step[2], 1));
      if (id !== undefined) this.#params.set(step, id);
    } catch {
      // Reported by `params`, after the faults of other steps.
    }
  }

  params(at: number, step: RuleParamsStep): void {
    const id =
      typeof step[1] === 'string' ? step[1] : (this.#params.get(step) ?? this.#lookups.find(this.#lookup(at, step[1], step[2], 1)));
    if (id !== undefined) this.#context.accesses.push({ is: 'params', etype: step[2], id, params: step[3] });
  }

  #write(at: number, step: AddTriple | DeepMergeTriple): void {
    const attr = this.#attr(at, step);
    const id = this.#entity(at, step, attr);
    const isId = attr === this.#layer.attrs.idAttr(attr.etype);
    const isMerge = step[0] === 'deep-merge-triple' && !isId;
    if (isMerge && attr.isRef) throw raised(`'${nameOf(attr)}' is a link, and cannot be merged`);
    // An entity has one id, its own, whatever the step says.
    const value = isId ? id : attr.isRef ? this.#target(at, id, attr, step) : asStored(attr, step[3]);
    if (value === undefined) return this.#recordAccess(attr, id, this.#context.uuid(), 'link');
    this.#checkSystem(step, attr, id, value);
    this.#recordAccess(attr, id, value, 'link');
    this.#countLinks(attr, id);
    this.#run(isMerge ? ['deep-merge-triple', id, attr.id, value] : ['add-triple', id, attr.id, value]);
  }

  #checkSystem(step: TripleStep, attr: KnownAttr, id: string, value: Value): void {
    const write = { step, attr, value, isNew: !this.#existed(attr.etype, id) };
    checkSystemWrite(write, this.#context.actor);
    this.#madeUser ??= madeUser(write, this.#context.actor);
  }

  get absent(): Error | undefined {
    return this.#absent;
  }

  /** @throws InstantAPIError if a step makes a user; other faults of system attributes come first */
  checkUsers(): void {
    if (this.#madeUser) throw this.#madeUser;
  }

  #retract(at: number, step: RetractTriple): void {
    const attr = this.#byId(step[2]);
    if (!attr) return;
    const id = typeof step[1] === 'string' ? step[1] : this.#lookups.find(this.#lookup(at, step[1], attr.etype, 1));
    if (id === undefined) return;
    const value = attr.isRef ? this.#unlinked(at, id, attr, step) : step[3];
    if (value === undefined) return this.#recordAccess(attr, id, this.#context.uuid(), 'unlink');
    this.#checkSystem(step, attr, id, value);
    this.#recordAccess(attr, id, value, 'unlink');
    this.#countLinks(attr, id);
    this.#run(['retract-triple', id, attr.id, value]);
  }

  *delete(at: number, [, ref, etype]: DeleteEntity): Generator<void, void> {
    if (etype !== undefined) checkSystemDelete(etype, ref, this.#context.actor);
    const id = typeof ref === 'string' ? ref : this.#lookups.find(this.#anyLookup(at, ref));
    if (id !== undefined) yield* deleteSteps(this.#layer, { etype, id }, this.#context);
  }

  #recordAccess(attr: KnownAttr, id: string, value: Value, is: 'link' | 'unlink'): void {
    const { etype, label } = attr;
    this.#context.accesses.push(attr.isRef ? { is, attr, source: id, target: String(value) } : { is: 'value', etype, id, label });
  }

  #countLinks(attr: KnownAttr, id: string): void {
    if (attr.isRef && attr.isMany) this.work += (this.#layer.row(attr.etype, id)?.targets(attr).length ?? 0) / linksPerWork;
  }

  #run(step: Step): void {
    applySteps(this.#layer, [step], this.#options);
  }

  #attr(at: number, step: AddTriple | DeepMergeTriple): KnownAttr {
    const attr = this.#byId(step[2]);
    if (!attr) throw raised(`There is no attribute with the id ${step[2]}`);
    return attr;
  }

  #byId(id: string): KnownAttr | undefined {
    return this.#layer.attrs.byId(id);
  }

  #exists(etype: string, id: string): boolean {
    return this.#layer.row(etype, id)?.exists(this.#layer.attrs.idAttr(etype)) ?? false;
  }

  #existed(etype: string, id: string): boolean {
    return this.#layer.base.row(etype, id)?.exists(this.#layer.attrs.idAttr(etype)) ?? false;
  }

  /** Resolves an id or a lookup; a lookup that finds nothing creates an entity. */
  #entity(at: number, step: AddTriple | DeepMergeTriple, attr: KnownAttr): string {
    const ref = step[1];
    if (typeof ref === 'string') return ref;
    const { etype } = attr;
    const lookup = this.#lookup(at, ref, etype, 1, step);
    const known = this.#lookups.find(lookup);
    const makes = known === undefined || this.#lookups.isMade(lookup, known) || (lookup.isId && !this.#exists(etype, known));
    // What a lookup does not find is made with the attribute of the lookup, which the same lookup then cannot write.
    if (makes && attr === lookup.attr) this.#absent ??= lookupMakes(ref);
    if (known !== undefined) return known;
    const id = this.#context.uuid();
    this.#lookups.make(lookup, id);
    this.#make(id, lookup, attr, step);
    return id;
  }

  #make(id: string, { attr, value }: Lookup, written: KnownAttr, step: TripleStep): void {
    const idAttr = this.#layer.attrs.idAttr(attr.etype);
    this.#checkSystem(step, attr.etype === '$users' ? written : attr, id, value);
    if (attr.isRef) this.#recordAccess(attr, id, value, 'link');
    else this.#context.accesses.push({ is: 'value', etype: attr.etype, id, label: attr.label, isLookup: true });
    if (idAttr) this.#run(['add-triple', id, idAttr.id, id]);
    this.#run(['add-triple', id, attr.id, value]);
  }

  #lookup(at: number, [attrId, value]: LookupRef, etype: string | undefined, position: number, step?: TripleStep): Lookup {
    const attr = this.#byId(attrId);
    // What a link leads to is looked up for everybody alike; what is written, for others than admins, by their rules first.
    const isWritten = position === 1;
    if (!attr) {
      const message = `There is no attribute with the id ${attrId}`;
      throw isWritten && this.#context.actor.isAdmin ? raised(message) : invalidLookup([attrId, value], message, step);
    }
    if (!attr.isUnique) {
      const message = `'${nameOf(attr)}' is not unique: it cannot be looked up by`;
      throw isWritten ? raised(message) : invalidLookup(lookupParts(attr, value), message);
    }
    if (value === null) throw invalidLookup([attrId, value], 'a lookup needs a value');
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

  #target(at: number, id: string, attr: KnownAttr, step: AddTriple | DeepMergeTriple): string | undefined {
    const target = this.#findTarget(at, id, attr, step);
    if (target === undefined) this.#absent ??= noTarget(this.#targetLookup(at, id, attr, step));
    return target;
  }

  /** Undefined if there is no such link. An admin's tools may ask for one that no link can be. */
  #unlinked(at: number, id: string, attr: KnownAttr, step: RetractTriple): string | undefined {
    const isNone = !isUuid(step[3]) && !Array.isArray(step[3]);
    return isNone && this.#context.actor.isAdmin ? undefined : this.#findTarget(at, id, attr, step);
  }

  /** Undefined if the lookup finds nothing. */
  #findTarget(at: number, id: string, attr: KnownAttr, step: AddTriple | DeepMergeTriple | RetractTriple): string | undefined {
    const given = step[3];
    if (isUuid(given)) return given.toLowerCase();
    if (Array.isArray(given) && given.length === 2 && typeof given[0] === 'string') {
      return this.#lookups.find(this.#targetLookup(at, id, attr, step));
    }
    throw notAnId(attr, id, step, this.#context.actor.isAdmin);
  }

  #targetLookup(at: number, id: string, attr: KnownAttr, step: TripleStep): Lookup {
    const [attrId, value] = step[3] as LookupRef;
    if (!this.#byId(attrId.toLowerCase())) throw unknownLookup(attr, id, step, this.#context.actor.isAdmin);
    return this.#lookup(at, [attrId.toLowerCase(), value], attr.reverseEtype, 3);
  }
}

const nameOf = ({ etype, label }: KnownAttr): string => `${etype}.${label}`;
