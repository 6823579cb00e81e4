// Pushes schema and rules from a project to a server and pulls them back, over HTTP like any tool; describes the changes.

import { TriplaneError } from '../../errors.ts';
import { equal } from '../../lib/equal.ts';
import { isObject } from '../../lib/json.ts';
import { unlistedEnds } from '../http/schema-check.ts';
import type { ProjectFiles } from './project-files.ts';

export interface Target {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
  /** For faults of the whole server. */
  readonly operatorToken?: string;
}

/** @returns a line for each change */
export async function push(target: Target, { schema, rules, lineOf: at, isPartial = false }: ProjectFiles): Promise<string[]> {
  const changes: string[] = [];
  if (schema !== undefined) {
    const errors = unlistedEnds(schema);
    if (errors.length > 0)
      throw new TriplaneError('refused', rejectionOf({ message: 'The schema is not valid', hint: { errors } }, at?.schema), {
        hint: { errors },
      });
    const plan = await request(target, 'POST', 'schema/push/plan', { schema }, at?.schema);
    const steps = Array.isArray(plan.steps) ? (plan.steps as readonly unknown[]) : [];
    const applied = steps.length > 0 ? await request(target, 'POST', 'schema/push/apply', { schema }) : {};
    changes.push(...steps.map((step) => lineOf(step, plan['current-attrs'])));
    throwIfFailed(applied['indexing-jobs']);
    if (!isPartial) changes.push(...removedLines(plan['current-attrs'], plan['new-schema']));
  }
  if (rules !== undefined) {
    const { perms } = await request(target, 'GET', 'perms/pull');
    if (!equal(perms ?? null, rules)) {
      const { warnings } = await request(target, 'POST', 'rules', { code: rules }, at?.rules);
      changes.push('~ rules', ...faultLines(warnings).map((line) => `! rules.${line}`));
    }
  }
  return changes;
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

/** Finds the line of a fault in its file. */
type Locate = (path: readonly string[]) => string;

async function request(
  target: Target,
  method: string,
  path: string,
  body?: object,
  at?: Locate,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${target.adminToken}` };
  const sent = body ? { body: JSON.stringify(body) } : {};
  const response = await fetch(`${target.url}/dash/apps/${target.appId}/${path}`, { method, headers, ...sent }).catch((cause: unknown) => {
    throw new TriplaneError('unreachable', `There is no server at ${target.url}. Run: npx triplane dev`, { cause });
  });
  const json = (await response.json()) as Readonly<Record<string, unknown>>;
  if (!response.ok) throw new TriplaneError('refused', rejectionOf(json, at), { hint: json.hint });
  return json;
}

/** Adds the location of each fault. */
function rejectionOf({ message, hint }: Readonly<Record<string, unknown>>, at?: Locate): string {
  const lines = faultLines(isObject(hint) ? hint.errors : undefined, at);
  return [String(message), ...lines.map((line) => `  ${line}`)].join('\n');
}

function faultLines(faults: unknown, at: Locate = () => ''): string[] {
  const list: readonly unknown[] = Array.isArray(faults) ? faults : [];
  return list.filter(isObject).map((fault) => {
    const path = Array.isArray(fault.in) ? fault.in.map(String) : [];
    return `${at(path)}${path.join('.')}: ${String(fault.message)}`;
  });
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

/** @throws TriplaneError that names the data which violates the change */
function throwIfFailed(answer: unknown): void {
  const jobs = isObject(answer) && Array.isArray(answer.jobs) ? answer.jobs.filter(isObject) : [];
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
