// Converts admin transactions, `["update", "todos", id, { … }]`, to wire steps, using the catalog as of the moment of execution.

import type { Attrs } from '../../db/attrs.ts';
import { TransactionValidationError } from '../../errors.ts';
import type { AddAttr, Step } from '../../protocol/transact-messages.ts';
import { expandChunks, expansion, type ExpandOptions } from '../../transact/expand.ts';
import { isObject } from '../../lib/json.ts';
import { invalid, raised, rejection } from '../errors.ts';
import { eachInSlices, inParts } from '../slices.ts';
import { readAdminSteps } from './admin-step-shape.ts';
import { StandIns } from './stand-ins.ts';

export interface StepsOptions {
  readonly attrs: Attrs;
  readonly uuid: () => string;
  /** Rejected rather than created. */
  readonly areMissingAttrsRejected: boolean;
}

/** A generator: yields where others can be served. @throws InstantAPIError */
export function* txSteps(given: unknown, { attrs, uuid, areMissingAttrsRejected }: StepsOptions): Generator<void, (readonly unknown[])[]> {
  const { attrSteps: steps, operations } = yield* readAdminSteps(given);
  const standIns = new StandIns(uuid);
  const ops: (readonly unknown[])[] = [];
  yield* eachInSlices(operations, (operation) => void ops.push(standIns.operation(operation)));
  const options = { attrs, id: uuid, leavesDates: true };
  let expanded: Step[];
  try {
    expanded = yield* inParts(expansion([{ __ops: ops }], options));
  } catch (error) {
    if (!(error instanceof TransactionValidationError)) throw error;
    throw refusal(error, given, ops, options);
  }
  if (areMissingAttrsRejected) rejectMissing(expanded, given);
  yield* eachInSlices(expanded, (step) => void steps.push(standIns.restored(asSent(step))));
  return steps;
}

/** Without the mark of attributes that a client has not sent yet. */
function asSent(step: Step): Step {
  if (step[0] !== 'add-attr') return step;
  const { isUnsynced: _, ...wire } = step[1];
  return [step[0], wire];
}

type Operations = readonly (readonly unknown[])[];

function refusal(error: TransactionValidationError, given: unknown, ops: Operations, options: ExpandOptions): Error {
  const hint = isObject(error.hint) ? error.hint : {};
  if (hint['record-type'] === 'ident') return rejection('record-not-unique', error.message, hint);
  if (hint['condition'] === 'raise-exception') return raised(error.message);
  for (const lookup of lookupsOf(ops, options)) {
    const [, attribute, value] = (typeof lookup === 'string' && /^lookup__(.+?)__(.*)$/s.exec(lookup)) || [];
    return invalid('lookup', lookup, [{ message: error.message, ...(attribute && { hint: { attribute, value } }) }]);
  }
  return invalid('steps', given, [{ message: error.message }]);
}

const anyId = '00000000-0000-4000-8000-000000000000';

/** The lookups of operations that cannot be expanded. */
function* lookupsOf(ops: Operations, options: ExpandOptions): Generator {
  for (const [action, etype, entity, args] of ops) {
    if (!isExpandable(['delete', etype, entity, null], options)) yield entity;
    if ((action !== 'link' && action !== 'unlink') || !isObject(args)) continue;
    for (const [label, given] of Object.entries(args)) {
      for (const target of Array.isArray(given) ? (given as unknown[]) : [given]) {
        const isFree = isExpandable(['link', etype, anyId, { [label]: [] }], options);
        if (isFree && !isExpandable(['link', etype, anyId, { [label]: [target] }], options)) yield target;
      }
    }
  }
}

function isExpandable(operation: readonly unknown[], options: ExpandOptions): boolean {
  try {
    expandChunks([{ __ops: [operation] }], options);
    return true;
  } catch (error) {
    if (error instanceof TransactionValidationError) return false;
    throw error;
  }
}

function rejectMissing(steps: readonly Step[], given: unknown): void {
  const names = steps
    .filter((step): step is AddAttr => step[0] === 'add-attr')
    .map(([, { 'forward-identity': name }]) => `${name[1]}.${name[2]}`);
  if (names.length === 0) return;
  const fault = { message: 'Attributes are missing in your schema', hint: { attributes: names } };
  throw invalid('steps', given, [fault]);
}
