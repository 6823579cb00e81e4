// Pushes schema and rules from a project to a server and pulls them back, over HTTP like any tool; describes the changes.

import { TriplaneError } from '../../errors.ts';
import { equal } from '../../lib/equal.ts';
import { isObject } from '../../lib/json.ts';
import { schemaFaults } from '../http/schema-check.ts';
import type { ProjectFiles } from './project-files.ts';
import { type Rename, renameSteps } from './project-renames.ts';
import { faultLines, type Locate, requestJson, type Target } from './project-request.ts';

export interface PushSettings {
  readonly renames?: readonly Rename[] | undefined;
  /** Whether the schema is pushed without its types. */
  readonly skipsTypes?: boolean | undefined;
}

/** @returns a line for each change */
export async function push(
  target: Target,
  { schema, rules, lineOf: at, isPartial = false }: ProjectFiles,
  { renames = [], skipsTypes }: PushSettings = {},
): Promise<string[]> {
  const changes: string[] = [];
  if (schema !== undefined) {
    checkFaults(schema, at?.schema);
    changes.push(...(await rename(target, renames)));
    const pushed = { schema, ...(skipsTypes && { check_types: false }) };
    const plan = await request(target, 'POST', 'schema/push/plan', pushed, at?.schema);
    const steps = Array.isArray(plan.steps) ? (plan.steps as readonly unknown[]) : [];
    const applied = steps.length > 0 ? await request(target, 'POST', 'schema/push/apply', pushed) : {};
    changes.push(...steps.map((step) => lineOf(step, plan['current-attrs'])));
    throwIfFailed(await jobsOf(target, applied['indexing-jobs']));
    if (!isPartial) changes.push(...removedLines(plan['current-attrs'], plan['new-schema']));
  }
  if (rules !== undefined) {
    const { perms } = await request(target, 'GET', 'perms/pull');
    // An empty file, which a pull writes where there are no rules, changes nothing.
    if (!equal(perms ?? {}, rules)) {
      const { warnings } = await request(target, 'POST', 'rules', { code: rules }, at?.rules);
      changes.push('~ rules', ...faultLines(warnings).map((line) => `! rules.${line}`));
    }
  }
  return changes;
}

/** In a request of its own: what is renamed is compared with the schema afterwards. */
async function rename(target: Target, renames: readonly Rename[]): Promise<readonly string[]> {
  if (renames.length === 0) return [];
  const { steps, lines } = renameSteps(renames, (await pull(target)).attrs);
  if (steps.length > 0) await request(target, 'POST', 'schema/steps/apply', { steps });
  return lines;
}

export interface Pulled {
  readonly attrs: readonly unknown[];
  readonly rules: unknown;
}

export async function pull(target: Target): Promise<Pulled> {
  const { attrs } = await request(target, 'GET', 'schema/pull');
  const { perms } = await request(target, 'GET', 'perms/pull');
  return { attrs: Array.isArray(attrs) ? attrs : [], rules: perms ?? null };
}

function request(target: Target, method: string, path: string, body?: object, at?: Locate): ReturnType<typeof requestJson> {
  return requestJson(target, method, `/dash/apps/${target.appId}/${path}`, { body, at });
}

/** @throws TriplaneError that names each place in the file */
function checkFaults(schema: unknown, at?: Locate): void {
  const errors = schemaFaults(schema);
  if (errors.length === 0) return;
  const lines = faultLines(errors, at).map((line) => `\n  ${line}`);
  throw new TriplaneError('refused', `The schema is not valid${lines.join('')}`, { hint: { errors } });
}

/** What the app has and the schema lacks: it stays, with its data. */
function removedLines(current: unknown, wanted: unknown): string[] {
  const { blobs, refs } = isObject(wanted) ? wanted : {};
  const links = Object.values(isObject(refs) ? refs : {}).map((attr) => (isObject(attr) ? nameOf(attr['forward-identity']) : ''));
  const fields = Object.entries(isObject(blobs) ? blobs : {}).flatMap(([etype, attrs]) =>
    Object.keys(isObject(attrs) ? attrs : {}).map((label) => `${etype}.${label}`),
  );
  const known = new Set([...links, ...fields]);
  return (Array.isArray(current) ? current.filter(isObject) : []).flatMap((attr) => {
    const name = nameOf(attr['forward-identity']);
    const isSystem = attr.catalog === 'system' || name.endsWith('.id');
    return isSystem || known.has(name) ? [] : [`! ${name}: no longer in the schema; the app keeps it and its data`];
  });
}

const nameOf = (identity: unknown): string => (Array.isArray(identity) ? identity.slice(1).join('.') : '?');

type Job = Readonly<Record<string, unknown>>;

/** The jobs of a push as they ended, which its answer tells as waiting. */
async function jobsOf(target: Target, started: unknown): Promise<Job[]> {
  const group = isObject(started) ? started['group-id'] : undefined;
  if (typeof group !== 'string') return [];
  const { jobs } = await request(target, 'GET', `indexing-jobs/group/${group}`);
  return Array.isArray(jobs) ? jobs.filter(isObject) : [];
}

/** @throws TriplaneError that names the data which violates the change */
function throwIfFailed(jobs: readonly Job[]): void {
  const failed = jobs.filter((job) => job.job_status === 'errored');
  if (failed.length === 0) return;
  const lines = failed.map(({ attr_name: name, checked_data_type: type, invalid_triples_sample: sample }) => {
    const values = (Array.isArray(sample) ? sample.filter(isObject) : []).map((each) => JSON.stringify(each.value)).slice(0, 3);
    return `  ${String(name)}: not every value is a ${String(type)}${values.length > 0 ? `, such as ${values.join(', ')}` : ''}`;
  });
  throw new TriplaneError('refused', ['The data does not allow all of this schema', ...lines].join('\n'));
}

function lineOf(step: unknown, current: unknown): string {
  const [op, given] = Array.isArray(step) ? (step as readonly unknown[]) : [];
  const { 'attr-id': attrId, ...attr }: Readonly<Record<string, unknown>> = isObject(given) ? given : {};
  const id = attrId ?? attr.id;
  const found: unknown = Array.isArray(current) ? current.find((each) => isObject(each) && each.id === id) : undefined;
  const known: Readonly<Record<string, unknown>> = isObject(found) ? found : {};
  const identity: unknown = attr['forward-identity'] ?? known['forward-identity'];
  const name = nameOf(identity);
  if (op === 'add-attr') return `+ ${name}`;
  const wanted = op === 'remove-data-type' ? { 'checked-data-type': null } : attr;
  const changed = Object.entries(wanted).filter(
    ([property, value]) => !equal(value ?? null, known[property] ?? (value === false ? false : null)),
  );
  return `~ ${name}: ${changed.map(([property, value]) => `${property.replace('?', '')} ${JSON.stringify(value)}`).join(', ')}`;
}
