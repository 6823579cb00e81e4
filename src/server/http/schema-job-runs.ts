// Jobs of a migration run immediately. The response to the push shows them as waiting; tools then query their outcome. Data that violates a
// change is reported in its job.

import { InstantAPIError } from '../../errors.ts';
import type { KnownAttr } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import { readStoredDate } from '../../lib/stored-dates.ts';
import { submit } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import type { App } from '../session/app.ts';
import type { Job } from './schema-jobs.ts';

interface Around {
  readonly id: string;
  /** Null: a separate job. */
  readonly group: string | null;
  readonly now: () => number;
}

export interface RunJob {
  /** The job in the response that starts it. */
  readonly started: object;
  /** The job in later responses. */
  readonly ended: object;
}

/** Rejects only if the server fails. */
export async function runJob(app: App, job: Job, { id, group, now }: Around): Promise<RunJob> {
  const at = new Date(now()).toISOString();
  const attr = app.ledger.db.attrs.byId(job.attrId);
  const base = {
    ...{ id, app_id: app.id, attr_id: job.attrId, group_id: group, job_type: job.type },
    ...{ checked_data_type: job.type === 'check-data-type' ? job.dataType : null, created_at: at, updated_at: at },
  };
  const started = { ...base, ...untouched, ...(group !== null && rowOf(job)), job_status: 'waiting', job_stage: firstStage(job) };
  const named = { ...base, ...untouched, attr_name: attr ? `${attr.etype}.${attr.label}` : null, invalid_triples_sample: null };
  const before = attr ? valuesOf(app, attr).length : 0;
  try {
    await submit(app.ledger, { steps: [job.step], event: undefined, actor: adminActor });
  } catch (error) {
    if (!(error instanceof InstantAPIError) || error.status >= 500) throw error;
    const fault = attr ? faultOf(app, attr, job) : { error: 'unexpected-error' };
    const stage = job.type === 'unique' ? 'update-triples' : 'validate';
    return { started, ended: { ...named, ...workOf(app, attr, job, before, false), ...fault, job_status: 'errored', job_stage: stage } };
  }
  const work = workOf(app, attr, job, before, true);
  return { started, ended: { ...named, ...work, done_at: at, job_status: 'completed', job_stage: lastStage(job) } };
}

const untouched = { done_at: null, error: null, error_data: null, invalid_unique_value: null, work_completed: null, work_estimate: null };

/** Further columns, present only in the response to a push. */
function rowOf({ type }: Job): object {
  const key = type.endsWith('data-type') ? 'data-type' : type.replace('remove-', '');
  return { job_serial_key: key, job_dependency: null, context: null, error_detail: null, invalid_entity_id: null, worker_id: null };
}

function firstStage({ type }: Job): string {
  if (type === 'remove-required') return 'update-attr';
  return type === 'required' || type === 'check-data-type' ? 'estimate-work' : 'update-attr-start';
}

function lastStage({ type }: Job): string {
  return type === 'remove-required' ? 'update-attr' : type === 'required' ? 'revalidate' : 'update-attr-done';
}

/** The number of values each stage of a job reads, added up. The estimate is made before they are counted. */
function workOf(app: App, attr: KnownAttr | undefined, { type }: Job, before: number, isDone: boolean): object {
  if (!attr || type === 'remove-required') return {};
  const after = valuesOf(app, attr).length;
  const passes: Readonly<Record<string, number | null>> = {
    'check-data-type': isDone ? 3 * after : after,
    required: [...app.ledger.db.rows(attr.etype)].length * (isDone ? 2 : 1),
    index: after + (attr.isIndexed ? 0 : before),
    unique: isDone ? after : null,
  };
  const stages: Readonly<Record<string, number>> = { required: 2, index: 1 };
  return { work_completed: passes[type] === undefined ? after : passes[type], work_estimate: stages[type] ?? 0 };
}

/** Every stored value, including null. */
function valuesOf({ ledger }: App, attr: KnownAttr): (readonly [id: string, value: unknown])[] {
  return [...ledger.db.rows(attr.etype)].flatMap((row) => {
    if (attr.isRef) return row.targets(attr).map((target) => [row.id, target] as const);
    const value = row.value(attr);
    return value === undefined ? [] : [[row.id, value] as const];
  });
}

const maxSamples = 10;

/** The data that violates it. */
function faultOf(app: App, attr: KnownAttr, { type, dataType }: Job): object {
  if (type === 'required') return missingIn(app, attr);
  const values = valuesOf(app, attr).filter(([, value]) => value !== null);
  if (type === 'unique') {
    const owners = new Map<string, (typeof values)[number][]>();
    for (const each of values) owners.set(JSON.stringify(each[1]), [...(owners.get(JSON.stringify(each[1])) ?? []), each]);
    const [twice = []] = [...owners.values()].filter((each) => each.length > 1);
    return { error: 'triple-not-unique-error', invalid_unique_value: twice[0]?.[1] ?? null, invalid_triples_sample: samples(twice) };
  }
  if (type !== 'check-data-type') return { error: 'unexpected-error' };
  return { error: 'invalid-triple-error', invalid_triples_sample: samples(values.filter(([, value]) => !isOfType(value, dataType))) };
}

function missingIn({ ledger }: App, attr: KnownAttr): object {
  const lacking = [...ledger.db.rows(attr.etype)].filter((row) => isLacking(row, attr)).map(({ id }) => id);
  const ids = lacking.sort().slice(0, maxSamples);
  return {
    error: 'missing-required-error',
    error_data: { count: lacking.length, 'entity-ids': ids, etype: attr.etype, label: attr.label },
    invalid_triples_sample: samples(ids.map((id) => [id, null] as const)),
  };
}

function isLacking(row: Row, attr: KnownAttr): boolean {
  return attr.isRef ? row.targets(attr).length === 0 : row.value(attr) === undefined || row.value(attr) === null;
}

const isOfType = (value: unknown, dataType: unknown): boolean =>
  dataType === 'date' ? !Number.isNaN(readStoredDate(value)) : typeof value === dataType;

function samples(values: readonly (readonly [id: string, value: unknown])[]): object[] {
  return values.slice(0, maxSamples).map(([id, value]) => {
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    return { entity_id: id, value, json_type: type };
  });
}
