// Expands operations to steps: first the attrs the transaction has to create, then one step per triple. All or nothing: an operation that
// cannot be expanded throws before any step is returned. PROTOCOL.md#transact

import type { Attrs } from '../db/attrs.ts';
import { TransactionValidationError } from '../errors.ts';
import { coerceToDate } from '../lib/dates.ts';
import { completed } from '../lib/yielding.ts';
import { readStoredDate } from '../lib/stored-dates.ts';
import type { Attr } from '../protocol/attr.ts';
import type { EntityRef, Step } from '../protocol/transact-messages.ts';
import type { Value } from '../protocol/triple.ts';
import type { AnySchema } from '../schema/schema.ts';
import { ensureLookupAttr, entityRef } from './entity.ts';
import { NewAttrs } from './new-attrs.ts';
import { type Operation, opsOf, readOperation } from './operation.ts';

export interface ExpandOptions {
  /** The known attrs, including those created by pending writes. */
  readonly attrs: Attrs;
  readonly schema?: AnySchema | undefined;
  /** Generates the ids of new attrs. */
  readonly id: () => string;
  /**
   * Whether the entity is currently visible on this client. Updating a visible entity does not recreate it if it is deleted in the
   * meantime.
   */
  readonly isVisible?: (etype: string, e: EntityRef) => boolean | undefined;
  /** Whether a pending write creates the entity. */
  readonly isPendingCreate?: (id: string) => boolean;
  /** Values of date attrs are `Date` objects. */
  readonly useDates?: boolean;
  /** For a server, which tells of values that it does not store in its own way. */
  readonly leavesDates?: boolean;
}

/**
 * Expands the operations of a transaction to steps.
 *
 * @param chunks a chunk or a list of chunks made with `tx`
 * @throws TransactionValidationError if an operation is invalid
 *
 * @example
 * expandChunks(tx.goals[goalId].update({ title: 'Learn to swim' }), { attrs, id }) // [['add-triple', goalId, idAttr, goalId], …]
 */
export function expandChunks(chunks: unknown, options: ExpandOptions): Step[] {
  return completed(expansion(chunks, options));
}

/** The same as a generator: yields after each operation and step. */
export function* expansion(chunks: unknown, options: ExpandOptions): Generator<void, Step[]> {
  const operations: Operation[] = [];
  for (const op of opsOf(chunks)) {
    operations.push(readOperation(op));
    yield;
  }
  const names = new NewAttrs(options.attrs, options.schema, options.id);
  // Lookups first: an attr created for a lookup is unique, whichever operation names it first.
  for (const { etype, entity, links } of operations) {
    ensureLookupAttr(etype, entity, names);
    for (const [label, targets] of links) {
      for (const target of targets) if (typeof target !== 'string') ensureLookupAttr(names.link(etype, label).etype, target, names);
    }
    yield;
  }
  const steps: Step[] = [];
  for (const operation of operations) {
    for (const step of stepsOf(operation, names, options)) {
      steps.push(step);
      yield;
    }
  }
  return [...names.steps, ...steps];
}

function stepsOf(operation: Operation, names: NewAttrs, options: ExpandOptions): Step[] {
  const { action, etype, entity, args } = operation;
  const e = entityRef(etype, entity, names);
  if (action === 'delete') return [['delete-entity', e, etype]];
  if (action === 'ruleParams') return [['rule-params', e, etype, Object.fromEntries(args)]];
  const idAttr = names.field(etype, 'id').id;
  if (action === 'link' || action === 'unlink') {
    const links = linkSteps(operation, e, names);
    return typeof entity === 'string' ? links : [['add-triple', e, idAttr, e], ...links];
  }
  const mode = action === 'create' ? action : isUpdate(operation, e, options) ? 'update' : undefined;
  const step = (op: 'add-triple' | 'deep-merge-triple', a: string, v: Value): Step => (mode ? [op, e, a, v, { mode }] : [op, e, a, v]);
  // The id triple first: it creates the entity on which the fields are set.
  const steps = [step('add-triple', idAttr, e)];
  for (const [label, value] of args) {
    const attr = names.field(etype, label);
    const isMerge = action === 'merge';
    if (attr.isRef && isMerge) {
      const hint = { condition: 'raise-exception' };
      throw new TransactionValidationError(`'${etype}.${label}' is a link; merge() applies to values only`, hint);
    }
    steps.push(step(isMerge ? 'deep-merge-triple' : 'add-triple', attr.id, dateField(attr, value, options)));
  }
  return steps;
}

function isUpdate({ etype, upsert }: Operation, e: EntityRef, { isVisible, isPendingCreate }: ExpandOptions): boolean {
  if (upsert !== undefined) return !upsert;
  return (typeof e === 'string' && isPendingCreate?.(e)) || (isVisible?.(etype, e) ?? false);
}

function linkSteps({ action, etype, links }: Operation, e: EntityRef, names: NewAttrs): Step[] {
  const op = action === 'link' ? 'add-triple' : 'retract-triple';
  return links.flatMap(([label, targets]) => {
    const { attr, isForward, etype: far } = names.link(etype, label);
    return targets.map((target): Step => {
      const other = entityRef(far, target, names);
      return isForward ? [op, e, attr.id, other] : [op, other, attr.id, e];
    });
  });
}

/** What is sent for a field of dates: with `useDates` the date, otherwise the value as it is. Throws for what a server would not store. */
function dateField(attr: Attr, value: Value, { useDates = false, leavesDates = false }: ExpandOptions): Value {
  if (attr.checkedType !== 'date' || leavesDates) return value;
  try {
    if (useDates ? typeof value === 'string' && Number.isNaN(readStoredDate(value)) : isNoDate(value))
      throw new RangeError(`${JSON.stringify(value)} is not a date`);
    if (!useDates) return value;
    const date = typeof value === 'string' ? new Date(readStoredDate(value)) : coerceToDate(value);
    const year = date instanceof Date ? date.getUTCFullYear() : 1;
    if (year >= 1 && year <= 9999) return date;
    throw new RangeError(`the year ${year} is not between 1 and 9999`);
  } catch (cause) {
    throw new TransactionValidationError(`'${attr.etype}.${attr.label}': ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Numbers out of range, and days in numbers that no calendar has. Other text may have a form that only the server reads. */
function isNoDate(value: Value): boolean {
  if (typeof value === 'number') return Number.isNaN(readStoredDate(value));
  const day = typeof value === 'string' && /^"?([+-]?\d[\d./-]*)(?:$|["T ])/i.exec(value.trim())?.[1];
  return typeof day === 'string' && Number.isNaN(readStoredDate(day)) && Number.isNaN(readStoredDate(value));
}
