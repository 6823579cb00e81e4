// A transaction as admins write it, `["update", "todos", id, { … }]`, made into steps by the catalogue as it is when its turn
// has come.

import type { Attrs } from '../../db/attrs.ts';
import { TransactionValidationError } from '../../errors.ts';
import type { AddAttr, Step } from '../../protocol/transact-messages.ts';
import { expandChunks } from '../../transact/expand.ts';
import { invalid } from '../errors.ts';

const operations: ReadonlySet<unknown> = new Set(['create', 'update', 'merge', 'link', 'unlink', 'delete', 'ruleParams']);
const attrSteps: ReadonlySet<unknown> = new Set(['add-attr', 'update-attr', 'delete-attr', 'restore-attr']);

export interface StepsOptions {
  readonly attrs: Attrs;
  readonly uuid: () => string;
  /** Refused rather than made. */
  readonly areMissingAttrsRejected: boolean;
}

/** @throws InstantAPIError */
export function txSteps(given: unknown, { attrs, uuid, areMissingAttrsRejected }: StepsOptions): (readonly unknown[])[] {
  const steps = readList(given);
  const own = steps.filter(([action]) => attrSteps.has(action));
  const ops = steps.filter(([action]) => operations.has(action));
  let expanded: Step[];
  try {
    expanded = expandChunks([{ __ops: ops }], { attrs, id: uuid });
  } catch (error) {
    if (!(error instanceof TransactionValidationError)) throw error;
    const kind = /^A lookup/.test(error.message) ? 'lookup' : 'steps';
    throw invalid(kind, given, [{ message: error.message }]);
  }
  if (areMissingAttrsRejected) rejectMissing(expanded, given);
  return [...own, ...expanded];
}

function readList(given: unknown): readonly (readonly unknown[])[] {
  if (!Array.isArray(given)) throw invalid('steps', given, [{ in: [], message: 'steps are a list' }]);
  return given.map((step: unknown, at) => {
    if (!Array.isArray(step)) throw invalid('steps', given, [{ in: [at], message: 'a step is a list' }]);
    const [action] = step as readonly unknown[];
    if (!operations.has(action) && !attrSteps.has(action)) {
      throw invalid('steps', given, [{ in: [at, 0], message: `there is no action '${String(action)}'` }]);
    }
    return step as readonly unknown[];
  });
}

function rejectMissing(steps: readonly Step[], given: unknown): void {
  const names = steps
    .filter((step): step is AddAttr => step[0] === 'add-attr')
    .map(([, { 'forward-identity': name }]) => `${name[1]}.${name[2]}`);
  if (names.length === 0) return;
  const fault = { message: 'Attributes are missing in your schema', hint: { attributes: names } };
  throw invalid('steps', given, [fault]);
}
