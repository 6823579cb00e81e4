// Converts admin transactions, `["update", "todos", id, { … }]`, to wire steps, using the catalog as of the moment of execution.

import type { Attrs } from '../../db/attrs.ts';
import { TransactionValidationError } from '../../errors.ts';
import type { AddAttr, Step } from '../../protocol/transact-messages.ts';
import { expandChunks } from '../../transact/expand.ts';
import { isObject } from '../../lib/json.ts';
import { invalid, raised, rejection } from '../errors.ts';
import { readAdminSteps } from './admin-step-shape.ts';

export interface StepsOptions {
  readonly attrs: Attrs;
  readonly uuid: () => string;
  /** Rejected rather than created. */
  readonly areMissingAttrsRejected: boolean;
}

/** @throws InstantAPIError */
export function txSteps(given: unknown, { attrs, uuid, areMissingAttrsRejected }: StepsOptions): (readonly unknown[])[] {
  const { attrSteps: own, operations: ops } = readAdminSteps(given);
  let expanded: Step[];
  try {
    expanded = expandChunks([{ __ops: ops }], { attrs, id: uuid, leavesDates: true });
  } catch (error) {
    if (!(error instanceof TransactionValidationError)) throw error;
    const hint = isObject(error.hint) ? error.hint : {};
    if (hint['record-type'] === 'ident') throw rejection('record-not-unique', error.message, hint);
    if (hint['condition'] === 'raise-exception') throw raised(error.message);
    const kind = /^A lookup/.test(error.message) ? 'lookup' : 'steps';
    throw invalid(kind, given, [{ message: error.message }]);
  }
  if (areMissingAttrsRejected) rejectMissing(expanded, given);
  return [...own, ...expanded];
}

function rejectMissing(steps: readonly Step[], given: unknown): void {
  const names = steps
    .filter((step): step is AddAttr => step[0] === 'add-attr')
    .map(([, { 'forward-identity': name }]) => `${name[1]}.${name[2]}`);
  if (names.length === 0) return;
  const fault = { message: 'Attributes are missing in your schema', hint: { attributes: names } };
  throw invalid('steps', given, [fault]);
}
