// Migration steps sent by tools: those applied in one transaction, and those that tools treat as jobs.

import type { Attrs } from '../../db/attrs.ts';
import { isObject } from '../../lib/json.ts';
import { invalid, rejection } from '../errors.ts';

export interface Job {
  readonly type: string;
  readonly attrId: string;
  readonly dataType: unknown;
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

export const jobNames: ReadonlySet<string> = new Set([...Object.keys(changes), 'check-data-type']);
const dataTypes: ReadonlySet<unknown> = new Set(['string', 'number', 'boolean', 'date']);

export interface SchemaSteps {
  readonly transaction: readonly (readonly unknown[])[];
  readonly jobs: readonly Job[];
}

/** @throws InstantAPIError */
export function readSchemaSteps(steps: readonly (readonly unknown[])[]): SchemaSteps {
  const transaction: (readonly unknown[])[] = [];
  const jobs: Job[] = [];
  steps.forEach(([type, given], at) => {
    if (!isJobStep(type)) transaction.push([type, type === 'add-attr' ? withoutNullType(given) : given]);
    else jobs.push(jobOf(typeof type === 'string' ? type : '', given, at));
  });
  return { transaction, jobs };
}

/** The official tools send a link with `checked-data-type: null`. */
function withoutNullType(attr: unknown): unknown {
  if (!isObject(attr) || attr['checked-data-type'] !== null) return attr;
  const { 'checked-data-type': _, ...rest } = attr;
  return rest;
}

export function isJobStep(type: unknown): boolean {
  return type !== 'add-attr' && type !== 'update-attr' && type !== 'delete-attr' && type !== 'restore-attr';
}

/** @throws InstantAPIError */
export function jobOf(type: string, given: unknown, at: number): Job {
  const { 'attr-id': attrId, 'checked-data-type': dataType = null } = isObject(given) ? given : {};
  const isJob = type !== 'check-data-type' || dataTypes.has(dataType);
  const change = !isJob
    ? undefined
    : type === 'check-data-type'
      ? { 'checked-data-type': dataType }
      : Object.hasOwn(changes, type)
        ? changes[type]
        : undefined;
  if (!change || typeof attrId !== 'string') throw invalid('steps', given, [{ in: [at], message: `there is no step '${type}' like this` }]);
  return { type, attrId, dataType, step: ['update-attr', { id: attrId, ...change }] };
}

/** @throws InstantAPIError if a job is for an attribute that neither exists nor is created by the same push */
export function checkAttrs(jobs: readonly Job[], transaction: readonly (readonly unknown[])[], attrs: Attrs): void {
  const made = new Set(transaction.map(([, attr]) => isObject(attr) && attr['id']));
  const unknown = jobs.find(({ attrId }) => !made.has(attrId) && !attrs.byId(attrId));
  if (!unknown) return;
  const hint = { condition: 'foreign-key-violation', constraint: 'indexing_jobs_attr_id_fkey', table: 'indexing_jobs' };
  throw rejection('record-foreign-key-invalid', `There is no attribute ${unknown.attrId} for '${unknown.type}'`, hint);
}

/** Maximum number of groups of finished jobs that can be queried. */
const maxGroups = 100;

/** Finished jobs, for tools that query their outcome. */
export class FinishedJobs {
  readonly #groups = new Map<string, readonly object[]>();
  readonly #jobs = new Map<string, object>();

  remember(appId: string, group: string, jobs: readonly object[]): void {
    this.#groups.set(`${appId} ${group}`, jobs);
    forgetOldest(this.#groups);
    for (const job of jobs) this.#jobs.set(`${appId} ${String((job as { readonly id: string }).id)}`, job);
    while (this.#jobs.size > 10 * maxGroups) forgetFirst(this.#jobs);
  }

  group(appId: string, group: string): readonly object[] {
    return this.#groups.get(`${appId} ${group}`) ?? [];
  }

  job(appId: string, id: string): object | undefined {
    return this.#jobs.get(`${appId} ${id}`);
  }
}

function forgetOldest(groups: Map<string, unknown>): void {
  if (groups.size > maxGroups) forgetFirst(groups);
}

function forgetFirst(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
