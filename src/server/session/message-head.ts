// The op and the names of a message, read from the message or from the beginning of a frame that is too large to parse, so that an error
// can identify the message.

import { isObject } from '../../lib/json.ts';
import type { OriginalEvent } from '../../protocol/server-error.ts';
import { overLimit } from '../errors.ts';
import { repeatable } from '../repeatable.ts';
import { originalOf, tolerant } from './tolerant-fields.ts';

/** The event id, in the form that stands for one of another kind; null if there is none. */
export function eventIdOf(received: object): string | null {
  const eventId = (tolerant(originalOf(received)) as Readonly<Record<string, unknown>>)['client-event-id'];
  return typeof eventId === 'string' ? eventId : null;
}

/** One field with a plain string as its value, as the official clients and ours write it. */
const stringField = /\s*"(op|client-event-id|room-id|topic|stream-id)"\s*:\s*"([^"\\]{0,200})"\s*(?:,|\})/y;

/** The string fields at the beginning of a message; empty if it begins otherwise. */
export function messageIn(start: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const brace = /^\s*\[?\s*\{/.exec(start);
  if (!brace) return found;
  stringField.lastIndex = brace[0].length;
  for (let field = stringField.exec(start); field; field = stringField.exec(start)) found[field[1] ?? ''] = field[2] ?? '';
  return found;
}

/** Names that are stored or sent to other clients, so their length is limited. */
const names = ['client-event-id', 'room-id', 'topic', 'client-id', 'subscribe-event-id'] as const;

/** The error for a name that is too long. */
export function longName(message: object, maxLength: number): Error | undefined {
  for (const name of names) {
    const value: unknown = (message as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'string' && value.length > maxLength) return overLimit('nameLength', maxLength, `characters of a ${name}`);
  }
  return undefined;
}

/** The message as repeated in an error: names are truncated. The event id stays complete, because the client finds its call by it. */
export function withoutNames(message: object): Readonly<Record<string, unknown>> {
  const short = (name: string, value: unknown): unknown =>
    name !== 'client-event-id' && typeof value === 'string' && value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, short(name, value)]));
}

const secrets: ReadonlySet<string> = new Set(['refresh-token', '__admin-token', 'token', 'reconnect-token']);
export const isSecret = (field: string): boolean => secrets.has(field);

export interface About {
  readonly 'client-event-id': string | null;
  readonly 'original-event'?: OriginalEvent;
}

/** Identifies the message of an error: its fields without secrets. */
export function aboutOf(received: unknown, sessionId: string): About {
  if (!isObject(received)) return { 'client-event-id': null };
  // Other messages hold data of the app, in which any name may stand.
  const repeated = received.op === 'init' ? repeatable(originalOf(received)) : originalOf(received);
  const safe = Object.entries(repeated as object).filter(([field]) => !isSecret(field));
  return { 'client-event-id': eventIdOf(received), 'original-event': { ...Object.fromEntries(safe), 'session-id': sessionId } };
}
