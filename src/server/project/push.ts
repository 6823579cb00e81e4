// Schema and rules from a project to a server and back, over HTTP as any tool does it; and what changed, in words.

import { TriplaneError } from '../../errors.ts';
import { equal } from '../../lib/equal.ts';
import { isObject } from '../../protocol/check.ts';
import type { ProjectFiles } from './files.ts';

export interface Target {
  readonly url: string;
  readonly appId: string;
  readonly adminToken: string;
}

/** @returns a line for each change */
export async function push(target: Target, { schema, rules }: ProjectFiles): Promise<string[]> {
  const told: string[] = [];
  if (schema !== undefined) {
    const plan = await ask(target, 'POST', 'schema/push/plan', { schema });
    const steps = Array.isArray(plan.steps) ? (plan.steps as readonly unknown[]) : [];
    if (steps.length > 0) await ask(target, 'POST', 'schema/push/apply', { schema });
    told.push(...steps.map((step) => lineOf(step, plan['current-attrs'])));
  }
  if (rules !== undefined) {
    const { perms } = await ask(target, 'GET', 'perms/pull');
    if (!equal(perms ?? null, rules)) {
      await ask(target, 'POST', 'rules', { code: rules });
      told.push('~ rules');
    }
  }
  return told;
}

export interface Pulled {
  readonly attrs: readonly unknown[];
  readonly rules: unknown;
}

export async function pull(target: Target): Promise<Pulled> {
  const { attrs } = await ask(target, 'GET', 'schema/pull');
  const { perms } = await ask(target, 'GET', 'perms/pull');
  return { attrs: Array.isArray(attrs) ? attrs : [], rules: perms ?? null };
}

async function ask(target: Target, method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${target.adminToken}` };
  const sent = body ? { body: JSON.stringify(body) } : {};
  const answer = await fetch(`${target.url}/dash/apps/${target.appId}/${path}`, { method, headers, ...sent }).catch((cause: unknown) => {
    throw new TriplaneError('unreachable', `There is no server at ${target.url}. Run: npx triplane dev`, { cause });
  });
  const json = (await answer.json()) as Readonly<Record<string, unknown>>;
  if (!answer.ok) throw new TriplaneError('refused', refusalOf(json), { hint: json.hint });
  return json;
}

/** With the place of each fault. */
function refusalOf({ message, hint }: Readonly<Record<string, unknown>>): string {
  const faults: readonly unknown[] = isObject(hint) && Array.isArray(hint.errors) ? hint.errors : [];
  const lines = faults.filter(isObject).map((fault) => `  ${Array.isArray(fault.in) ? fault.in.join('.') : ''}: ${String(fault.message)}`);
  return lines.length > 0 ? `${String(message)}\n${lines.join('\n')}` : String(message);
}

function lineOf(step: unknown, current: unknown): string {
  const [op, attr] = Array.isArray(step) ? (step as readonly unknown[]) : [];
  const changed = isObject(attr) ? attr : {};
  const known: unknown = Array.isArray(current) ? current.find((each) => isObject(each) && each.id === changed.id) : undefined;
  const identity: unknown = changed['forward-identity'] ?? (isObject(known) ? known['forward-identity'] : undefined);
  const name = Array.isArray(identity) ? identity.slice(1).join('.') : '?';
  if (op === 'add-attr') return `+ ${name}`;
  const traits = Object.entries(changed).filter(([trait]) => trait !== 'id');
  return `~ ${name}: ${traits.map(([trait, value]) => `${trait.replace('?', '')} ${JSON.stringify(value)}`).join(', ')}`;
}
