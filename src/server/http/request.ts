// A request as read by the routes: parameters, required or optional, of a checked type.

import type { Context, MiddlewareHandler } from 'hono';
import type { AppStatus } from '../../protocol/session-messages.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { readEmail } from '../auth/users.ts';
import { overLimit } from '../errors.ts';
import { exceededByParsing } from '../parse-work.ts';
import { othersServed } from '../slices.ts';
import { bodyText } from './body-limit.ts';
import { malformed, missing } from './errors.ts';

/** Nesting of a body. Recursive code, ours and the platform's, runs out of stack at some depth beyond. */
const maxBodyDepth = 1000;

/** Characters of a body that are parsed in some milliseconds. */
const longText = 512 * 1024;

export type Fields = Readonly<Record<string, unknown>>;

interface WithParseWork {
  readonly Variables: { readonly parseWork: number };
}

/** Middleware: what `bodyOf` may spend on parsing the request. */
export function parseWorkLimit(work: number): MiddlewareHandler<WithParseWork> {
  return (context, next) => {
    context.set('parseWork', work);
    return next();
  };
}

/** The body as JSON; an empty object if it is missing or not an object. An admin's may be as large as any body. */
export async function bodyOf(context: Context, { isAdmin = false } = {}): Promise<Fields> {
  const kind = context.req.header('content-type') ?? '';
  if (!/^\s*application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(kind)) return {};
  // A client that goes away before the end is no fault of the server.
  const text = await bodyText(context).catch(() => {
    throw malformed(['body']);
  });
  if (/^\s*$/.test(text)) return {};
  const most = context.get('parseWork') as number | undefined;
  const exceeded = exceededByParsing(text, { work: (!isAdmin && most) || Infinity, depth: maxBodyDepth });
  if (exceeded === 'depth') throw malformed(['body']);
  if (exceeded === 'work') throw overLimit('parseWork', most ?? Infinity, 'keys, arrays, objects and items of a body, by their cost');
  // Parsing a long one takes long enough by itself.
  if (text.length > longText) await othersServed();
  const json = parsed(text);
  if (text.length > longText) await othersServed();
  return isObject(json) ? json : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(['body']);
  }
}

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
  if (value === undefined) throw malformed([location, name], given);
  return value;
}

export const asUuid: Read<string> = (given) => {
  const text = typeof given === 'string' ? given.trim() : '';
  return isUuid(text) ? text.toLowerCase() : undefined;
};

export const asEmail: Read<string> = readEmail;
export const asText: Read<string> = (given) => (typeof given === 'string' && given.trim() !== '' ? given : undefined);
export const asObject: Read<Fields> = (given) => (isObject(given) ? given : undefined);
/** The form of each step is checked later. */
export const asSteps: Read<object> = (given) => (typeof given === 'object' && given !== null ? given : undefined);
/** Anything but `false` counts as true. */
export const asYes: Read<boolean> = () => true;
export const asFlag: Read<boolean> = (given) => (typeof given === 'boolean' ? given : undefined);
/** Some clients send a number. */
export const asTitle: Read<string> = (given) => asText(typeof given === 'number' ? String(given) : given);
const statuses = ['active', 'read-only', 'disabled'] as const;
export const asStatus: Read<AppStatus> = (given) => statuses.find((each) => each === given);
