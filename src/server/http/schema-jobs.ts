// Migration steps sent by tools: those applied in one transaction, and those that tools treat as jobs. Jobs run immediately; data that
// violates a change is reported in its job.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { KnownAttr } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import { submit } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import { invalid } from '../errors.ts';
import type { App } from '../session/app.ts';

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
    if (!isJobStep(type)) transaction.push([type, given]);
    else jobs.push(jobOf(typeof type === 'string' ? type : '', given, at));
  });
  return { transaction, jobs };
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

interface Around {
  readonly id: string;
  /** Null: a separate job. */
  readonly group: string | null;
  readonly now: () => number;
}

/** Resolves to the job in the form tools read. Rejects only if the server fails. */
export async function runJob(app: App, { step, type, attrId, dataType }: Job, { id, group, now }: Around): Promise<object> {
  const at = new Date(now()).toISOString();
  const attr = app.ledger.db.attrs.byId(attrId);
  const base = {
    ...{ id, app_id: app.id, attr_id: attrId, attr_name: attr ? `${attr.etype}.${attr.label}` : null, group_id: group },
    ...{ job_type: type, checked_data_type: type === 'check-data-type' ? dataType : null, created_at: at, updated_at: at },
    ...{ work_estimate: 0, work_completed: 0, error: null, error_data: null, invalid_unique_value: null, invalid_triples_sample: null },
  };
  try {
    await submit(app.ledger, { steps: [step], event: undefined, actor: adminActor });
    return { ...base, done_at: at, job_status: 'completed', job_stage: 'update-attr-done' };
  } catch (error) {
    if (!(error instanceof InstantAPIError) || error.status >= 500) throw error;
    const fault = attr ? faultOf(app, attr, type, dataType) : { error: 'attr-not-found-error' };
    return { ...base, done_at: null, job_status: 'errored', job_stage: type === 'unique' ? 'update-triples' : 'validate', ...fault };
  }
}

const maxSamples = 10;

/** The data that violates it. */
function faultOf({ ledger }: App, attr: KnownAttr, type: string, dataType: unknown): object {
  const rows = [...ledger.db.rows(attr.etype)];
  if (type === 'required') {
    const lacking = rows.filter((row) => isLacking(row, attr)).map(({ id }) => id);
    const data = { count: lacking.length, 'entity-ids': lacking.slice(0, maxSamples), etype: attr.etype, label: attr.label };
    return {
      error: 'missing-required-error',
      error_data: data,
      invalid_triples_sample: lacking.slice(0, maxSamples).map((id) => sample(id, null)),
    };
  }
  const values = rows.flatMap((row) => (isLacking(row, attr) ? [] : [[row.id, row.value(attr)] as const]));
  if (type === 'unique') {
    const owners = new Map<string, (typeof values)[number][]>();
    for (const each of values) owners.set(JSON.stringify(each[1]), [...(owners.get(JSON.stringify(each[1])) ?? []), each]);
    const [twice = []] = [...owners.values()].filter((each) => each.length > 1);
    return {
      ...{ error: 'triple-not-unique-error', invalid_unique_value: twice[0]?.[1] ?? null },
      invalid_triples_sample: twice.slice(0, maxSamples).map(([id, value]) => sample(id, value)),
    };
  }
  if (type !== 'check-data-type') return { error: 'unexpected-error' };
  const wrong = values.filter(([, value]) => typeof value !== (dataType === 'date' ? 'string' : dataType));
  return { error: 'invalid-triple-error', invalid_triples_sample: wrong.slice(0, maxSamples).map(([id, value]) => sample(id, value)) };
}

function isLacking(row: Row, attr: KnownAttr): boolean {
  return attr.isRef ? row.targets(attr).length === 0 : row.value(attr) === undefined || row.value(attr) === null;
}

function sample(id: string, value: unknown): object {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return { entity_id: id, value, json_type: kind };
}
