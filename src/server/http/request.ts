// One request, as the routes read it: its parameters, each required or not, of the kind it must be.

import type { Context } from 'hono';
import type { AppStatus } from '../../protocol/session-messages.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { readEmail } from '../auth/users.ts';
import { malformed, missing } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The body as JSON; without fields if it is none, or no object. */
export async function bodyOf(context: Context): Promise<Fields> {
  const kind = context.req.header('content-type') ?? '';
  if (!/^\s*application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(kind)) return {};
  // A client that goes away before the end is no fault of the server.
  const text = await context.req.text().catch(() => {
    throw malformed(['body']);
  });
  if (text.trim() === '') return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw malformed(['body']);
  }
  return isObject(json) ? json : {};
}

const mayBeSecret = /token|code|secret|password|state|key/i;

type Read<T> = (given: unknown) => T | undefined;

export function required<T>(fields: Fields, name: string, read: Read<T>, location = 'body'): T {
  const value = optional(fields, name, read, location);
  if (value === undefined) throw missing([location, name]);
  return value;
}

export function optional<T>(fields: Fields, name: string, read: Read<T>, location = 'body'): T | undefined {
  const given = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (given === undefined || given === null || given === false) return undefined;
  const value = read(given);
  if (value === undefined) throw malformed([location, name], mayBeSecret.test(name) ? undefined : given);
  return value;
}

export const asUuid: Read<string> = (given) => {
  const text = typeof given === 'string' ? given.trim() : '';
  return isUuid(text) ? text.toLowerCase() : undefined;
};

export const asEmail: Read<string> = readEmail;
export const asText: Read<string> = (given) => (typeof given === 'string' && given.trim() !== '' ? given : undefined);
export const asObject: Read<Fields> = (given) => (isObject(given) ? given : undefined);
/** Whether each is a step is looked at later. */
export const asSteps: Read<object> = (given) => (typeof given === 'object' && given !== null ? given : undefined);
/** Whatever is said, if it is not false, is a yes. */
export const asYes: Read<boolean> = () => true;
export const asFlag: Read<boolean> = (given) => (typeof given === 'boolean' ? given : undefined);
/** Some send a number. */
export const asTitle: Read<string> = (given) => asText(typeof given === 'number' ? String(given) : given);
const statuses = ['active', 'read-only', 'disabled'] as const;
export const asStatus: Read<AppStatus> = (given) => statuses.find((each) => each === given);
