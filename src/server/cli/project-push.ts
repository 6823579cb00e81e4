// Schema and rules from a project to a server and back, over HTTP as any tool does it; and what changed, in words.

import { TriplaneError } from '../../errors.ts';
import { equal } from '../../lib/equal.ts';
import { isObject } from '../../lib/json.ts';
import type { ProjectFiles } from './project-files.ts';

export interface Target {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
}

/** @returns a line for each change */
export async function push(target: Target, { schema, rules }: ProjectFiles): Promise<string[]> {
  const changes: string[] = [];
  if (schema !== undefined) {
    const plan = await request(target, 'POST', 'schema/push/plan', { schema });
    const steps = Array.isArray(plan.steps) ? (plan.steps as readonly unknown[]) : [];
    if (steps.length > 0) await request(target, 'POST', 'schema/push/apply', { schema });
    changes.push(...steps.map((step) => lineOf(step, plan['current-attrs'])));
  }
  if (rules !== undefined) {
    const { perms } = await request(target, 'GET', 'perms/pull');
    if (!equal(perms ?? null, rules)) {
      const { warnings } = await request(target, 'POST', 'rules', { code: rules });
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

async function request(target: Target, method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${target.adminToken}` };
  const sent = body ? { body: JSON.stringify(body) } : {};
  const response = await fetch(`${target.url}/dash/apps/${target.appId}/${path}`, { method, headers, ...sent }).catch((cause: unknown) => {
    throw new TriplaneError('unreachable', `There is no server at ${target.url}. Run: npx triplane dev`, { cause });
  });
  const json = (await response.json()) as Readonly<Record<string, unknown>>;
  if (!response.ok) throw new TriplaneError('refused', rejectionOf(json), { hint: json.hint });
  return json;
}

/** With the place of each fault. */
function rejectionOf({ message, hint }: Readonly<Record<string, unknown>>): string {
  const lines = faultLines(isObject(hint) ? hint.errors : undefined);
  return [String(message), ...lines.map((line) => `  ${line}`)].join('\n');
}

function faultLines(faults: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(faults) ? faults : [];
  return list.filter(isObject).map((fault) => `${Array.isArray(fault.in) ? fault.in.join('.') : ''}: ${String(fault.message)}`);
}

function lineOf(step: unknown, current: unknown): string {
  const [op, attr] = Array.isArray(step) ? (step as readonly unknown[]) : [];
  const changed = isObject(attr) ? attr : {};
  const known: unknown = Array.isArray(current) ? current.find((each) => isObject(each) && each.id === changed.id) : undefined;
  const identity: unknown = changed['forward-identity'] ?? (isObject(known) ? known['forward-identity'] : undefined);
  const name = Array.isArray(identity) ? identity.slice(1).join('.') : '?';
  if (op === 'add-attr') return `+ ${name}`;
  const properties = Object.entries(changed).filter(([property]) => property !== 'id');
  return `~ ${name}: ${properties.map(([property, value]) => `${property.replace('?', '')} ${JSON.stringify(value)}`).join(', ')}`;
}
