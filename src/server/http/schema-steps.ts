// Steps of a migration as tools send them: those that are one transaction, and those that tools think of as jobs, because
// elsewhere they take long.

import { isObject } from '../../protocol/check.ts';
import { invalid } from '../refusal.ts';

export interface Job {
  readonly type: string;
  readonly attrId: string;
  /** `namespace.label` */
  readonly name: string;
  readonly step: readonly unknown[];
}

const changes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  index: { 'index?': true },
  'remove-index': { 'index?': false },
  unique: { 'unique?': true },
  'remove-unique': { 'unique?': false },
  required: { 'required?': true },
  'remove-required': { 'required?': false },
  'remove-data-type': { 'checked-data-type': null },
};

export interface SchemaSteps {
  readonly transaction: readonly (readonly unknown[])[];
  readonly jobs: readonly Job[];
}

/** @throws InstantAPIError */
export function readSchemaSteps(steps: readonly (readonly unknown[])[]): SchemaSteps {
  const transaction: (readonly unknown[])[] = [];
  const jobs: Job[] = [];
  steps.forEach(([type, given], at) => {
    if (type === 'add-attr' || type === 'update-attr' || type === 'delete-attr' || type === 'restore-attr') transaction.push([type, given]);
    else jobs.push(jobOf(typeof type === 'string' ? type : '', given, at));
  });
  return { transaction, jobs };
}

function jobOf(type: string, given: unknown, at: number): Job {
  const { 'attr-id': attrId, 'forward-identity': identity, 'checked-data-type': dataType } = isObject(given) ? given : {};
  const change = type === 'check-data-type' ? { 'checked-data-type': dataType } : Object.hasOwn(changes, type) ? changes[type] : undefined;
  if (!change || typeof attrId !== 'string') throw invalid('steps', given, [{ in: [at], message: `there is no step '${type}' like this` }]);
  const name = Array.isArray(identity) ? identity.slice(1).join('.') : '';
  return { type, attrId, name, step: ['update-attr', { id: attrId, ...change }] };
}
