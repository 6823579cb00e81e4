// Operations to steps: first the attrs they need and nobody knows yet, then their effect, triple by triple. All or nothing: what
// cannot be said in steps throws before any step is given out. PROTOCOL.md#transact

import type { Attrs } from '../db/attrs.ts';
import { TransactionValidationError } from '../errors.ts';
import { coerceToDate } from '../lib/dates.ts';
import type { Attr } from '../protocol/attr.ts';
import type { EntityRef, Step } from '../protocol/transact-messages.ts';
import type { Value } from '../protocol/triple.ts';
import type { AnySchema } from '../schema/schema.ts';
import { ensureLookupAttr, entityRef } from './entity.ts';
import { NewAttrs } from './new-attrs.ts';
import { type Operation, opsOf, readOperation } from './operation.ts';

export interface ExpandOptions {
  /** Those of writes that are still pending among them. */
  readonly attrs: Attrs;
  readonly schema?: AnySchema | undefined;
  /** Makes the ids of attrs born here. */
  readonly id: () => string;
  /** Whether the client sees it now. An update of one that is seen will not make it anew if it is gone meanwhile. */
  readonly isVisible?: (etype: string, e: EntityRef) => boolean | undefined;
  /** Whether a write that is still pending makes an entity. */
  readonly isPendingCreate?: (id: string) => boolean;
  /** Dates are kept as `Date`. */
  readonly useDates?: boolean;
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
  for (const { etype, entity, links } of operations) {
    ensureLookupAttr(etype, entity, names);
    for (const [label, targets] of links) {
      for (const target of targets) if (typeof target !== 'string') ensureLookupAttr(names.link(etype, label).etype, target, names);
    }
  }
  const steps: Step[] = [];
  for (const operation of operations) for (const step of stepsOf(operation, names, options)) steps.push(step);
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
  // The id first: it makes the entity that the fields are then set on.
  const steps = [step('add-triple', idAttr, e)];
  for (const [label, value] of args) {
    const attr = names.field(etype, label);
    const isMerge = action === 'merge';
    if (attr.isRef && isMerge) throw new TransactionValidationError(`'${etype}.${label}' is a link: merge() works on values`);
    steps.push(step(isMerge ? 'deep-merge-triple' : 'add-triple', attr.id, options.useDates ? asDate(attr, value) : value));
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

function asDate(attr: Attr, value: Value): Value {
  if (attr.checkedType !== 'date') return value;
  try {
    return coerceToDate(value);
  } catch (cause) {
    throw new TransactionValidationError(`'${attr.etype}.${attr.label}': ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
