// Operations to steps: first the attrs they need and nobody knows yet, then their effect, triple by triple. All or nothing: what
// cannot be said in steps throws before any step is given out. PROTOCOL.md#transact

import type { Attrs } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import { asDate as dateOf } from '../db/ingest.ts';
import { TransactionValidationError } from '../errors.ts';
import { coerceToDate } from '../lib/dates.ts';
import type { Attr } from '../protocol/attr.ts';
import type { EntityRef, Step, StepOptions } from '../protocol/step.ts';
import type { Value } from '../protocol/triple.ts';
import type { AnySchema } from '../schema.ts';
import { bearLookup, entityRef } from './entity.ts';
import { NewAttrs } from './new-attrs.ts';
import { type Entity, type Operation, opsOf, readEntity, readOperation } from './operation.ts';

export interface ExpandOptions {
  /** Those of writes that are still pending among them. */
  readonly attrs: Attrs;
  readonly schema?: AnySchema | undefined;
  /** Makes the ids of attrs born here. */
  readonly id: () => string;
  /** What the client sees now, or a part that the entity is in. An update of one found there will not make it anew if it is gone meanwhile. */
  readonly known?: (e: EntityRef) => Iterable<Db>;
  /** Whether a write that is still pending makes an entity. */
  readonly isMade?: (id: string) => boolean;
  /** Dates are kept as `Date`. */
  readonly useDates?: boolean;
}

interface Context {
  readonly names: NewAttrs;
  readonly known: (e: EntityRef) => Iterable<Db>;
  readonly isMade: (id: string) => boolean;
  readonly useDates: boolean;
}

/**
 * The steps of a transaction.
 *
 * @throws TransactionValidationError for what cannot be written
 * @example
 * expandChunks(tx.goals[goalId].update({ title: 'Learn to swim' }), { attrs, id }) // [['add-triple', goalId, idAttr, goalId], …]
 */
export function expandChunks(chunks: unknown, options: ExpandOptions): Step[] {
  const operations = opsOf(chunks).map(readOperation);
  const names = new NewAttrs(options.attrs, options.schema, options.id);
  // Lookups first: an attr born for one is born unique, whatever else names it.
  for (const operation of operations) bearLookups(operation, names);
  for (const operation of operations) bearFields(operation, names);
  const context: Context = {
    names,
    known: options.known ?? (() => []),
    isMade: options.isMade ?? (() => false),
    useDates: options.useDates ?? false,
  };
  const steps: Step[] = names.steps.slice();
  for (const operation of operations) for (const step of stepsOf(operation, context)) steps.push(step);
  return steps;
}

function bearLookups({ action, etype, entity, args }: Operation, names: NewAttrs): void {
  bearLookup(etype, entity, names);
  if (action !== 'link' && action !== 'unlink') return;
  for (const [label, value] of args) {
    for (const target of targetsOf(etype, label, value)) {
      if (typeof target !== 'string') bearLookup(names.link(etype, label).etype, target, names);
    }
  }
}

function bearFields({ action, etype, args }: Operation, names: NewAttrs): void {
  if (action === 'delete' || action === 'ruleParams') return;
  names.field(etype, 'id');
  for (const [label] of args) {
    if (action === 'link' || action === 'unlink') names.link(etype, label);
    else names.field(etype, label);
  }
}

function stepsOf(operation: Operation, context: Context): Step[] {
  const { action, etype, entity, args } = operation;
  const e = entityRef(etype, entity, context.names);
  switch (action) {
    case 'create':
      return fieldSteps(operation, e, { mode: 'create' }, context);
    case 'update':
    case 'merge':
      return fieldSteps(operation, e, updateOptions(operation, e, context), context);
    case 'link':
    case 'unlink':
      return linkSteps(operation, e, context);
    case 'delete':
      return [['delete-entity', e, etype]];
    case 'ruleParams':
      return [['rule-params', e, etype, Object.fromEntries(args)]];
    default:
      return action satisfies never;
  }
}

/** The id first: it makes the entity that the fields are then set on. */
function fieldSteps({ action, etype, args }: Operation, e: EntityRef, options: StepOptions | undefined, context: Context): Step[] {
  const { names, useDates } = context;
  const op = action === 'merge' ? 'deep-merge-triple' : 'add-triple';
  const steps: Step[] = [fieldStep('add-triple', e, names.field(etype, 'id').id, e, options)];
  for (const [label, value] of args) {
    const attr = names.field(etype, label);
    if (attr.isRef && action === 'merge') throw new TransactionValidationError(`'${etype}.${label}' is a link: merge() works on values`);
    steps.push(fieldStep(op, e, attr.id, useDates ? asDate(attr, value) : value, options));
  }
  return steps;
}

function fieldStep(op: 'add-triple' | 'deep-merge-triple', e: EntityRef, a: string, v: Value, options: StepOptions | undefined): Step {
  return options ? [op, e, a, v, options] : [op, e, a, v];
}

function updateOptions({ etype, upsert }: Operation, e: EntityRef, { known, isMade, useDates }: Context): StepOptions | undefined {
  const isUpdate = upsert === undefined ? (typeof e === 'string' && isMade(e)) || holdsAny(known(e), etype, e, useDates) : !upsert;
  return isUpdate ? { mode: 'update' } : undefined;
}

function holdsAny(dbs: Iterable<Db>, etype: string, e: EntityRef, useDates: boolean): boolean {
  for (const db of dbs) if (holds(db, etype, e, useDates)) return true;
  return false;
}

function holds(db: Db, etype: string, e: EntityRef, useDates: boolean): boolean {
  if (typeof e === 'string') return db.row(etype, e) !== undefined;
  const attr = db.attrs.byId(e[0]);
  return attr !== undefined && db.find(attr, useDates && attr.checkedType === 'date' ? dateOf(e[1]) : e[1]) !== undefined;
}

function linkSteps({ action, etype, entity, args }: Operation, e: EntityRef, { names }: Context): Step[] {
  const op = action === 'link' ? 'add-triple' : 'retract-triple';
  const links = args.flatMap(([label, value]) => {
    const { attr, isForward, etype: far } = names.link(etype, label);
    return targetsOf(etype, label, value).map((target): Step => {
      const other = entityRef(far, target, names);
      return isForward ? [op, e, attr.id, other] : [op, other, attr.id, e];
    });
  });
  return typeof entity === 'string' ? links : [['add-triple', e, names.field(etype, 'id').id, e], ...links];
}

function targetsOf(etype: string, label: string, value: unknown): Entity[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((target) => readEntity(target, `Link '${etype}.${label}'`));
}

function asDate(attr: Attr, value: Value): Value {
  if (attr.checkedType !== 'date') return value;
  try {
    return coerceToDate(value);
  } catch (cause) {
    throw new TransactionValidationError(`'${attr.etype}.${attr.label}': ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
