// Requests of the commands for a project to the server that they are for.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';

export interface Target {
  readonly url: string;
  readonly appId: string;
  /** The app's admin token, or another one that opens it. */
  readonly adminToken: string;
  /** For faults of the whole server. */
  readonly operatorToken?: string;
}

/** Finds the line of a fault in its file. */
export type Locate = (path: readonly string[]) => string;

interface Sent {
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly at?: Locate | undefined;
}

/** @throws TriplaneError 'refused' with all faults, or 'unreachable' */
export async function requestJson(
  { url, appId, adminToken }: Target,
  method: string,
  path: string,
  { body, headers, at }: Sent = {},
): Promise<Readonly<Record<string, unknown>>> {
  const sent = {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}`, 'app-id': appId, ...headers },
    ...(body && { body: JSON.stringify(body) }),
  };
  const response = await fetch(url + path, sent).catch((cause: unknown) => {
    throw new TriplaneError('unreachable', `There is no server at ${url}. Run: npx triplane dev`, { cause });
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

export function faultLines(faults: unknown, at: Locate = () => ''): string[] {
  const list: readonly unknown[] = Array.isArray(faults) ? faults : [];
  return list.filter(isObject).map((fault) => {
    const path = Array.isArray(fault.in) ? fault.in.map(String) : [];
    return `${at(path)}${path.join('.')}: ${String(fault.message)}`;
  });
}
