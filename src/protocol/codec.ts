// Text ↔ messages, for both ends. The only JSON.parse of a frame, and the only place that says of something from
// outside that it is a message. Fields are checked by the tables; what is big is checked where it is read.

import { TriplaneError } from '../errors.ts';
import { each, type Fault, type Fields, findIn, isObject, json, type Row, string } from './check.ts';
import { clientFields } from './client-fields.ts';
import type { ClientMessage } from './client-message.ts';
import { faultIn, type FrameFault, malformed } from './frame-fault.ts';
import { dropProtoKeys, type FrameLimits, isLargerThan, survey } from './frame-limits.ts';
import { serverFields } from './server-fields.ts';
import type { ServerMessage } from './server-message.ts';

/** A message of an op that is not in our lists. */
export interface UnknownMessage {
  readonly op: string;
  readonly [field: string]: unknown;
}

export interface ServerFrame {
  readonly messages: readonly ServerMessage[];
  readonly unknown: readonly UnknownMessage[];
}

/** A message that a server has to refuse, and why. */
export interface RefusedMessage {
  readonly error: TriplaneError;
  readonly received: unknown;
}

export interface ClientFrame {
  readonly messages: readonly ClientMessage[];
  readonly unknown: readonly UnknownMessage[];
  readonly refused: readonly RefusedMessage[];
}

/** What ties a post to its event stream; all from `sse-init`. PROTOCOL.md#sse-init */
export interface PostHead {
  readonly machineId: string;
  readonly sessionId: string;
  readonly sseToken: string;
}

/** Deeper than what people store, and harmless to whoever walks a message by recursion. No option goes beyond it. */
const deepest = 1000;
const serverLimits: FrameLimits = { depth: deepest };
const clientLimits: FrameLimits = { depth: 100, messages: 1000 };

/** One message, or several in one frame: servers may send several, clients only over HTTP. */
export function encode(message: ClientMessage | ServerMessage | readonly ServerMessage[]): string {
  return write(message);
}

/** @throws TriplaneError 'frame-malformed' if any part is no message: a frame is taken whole or not at all */
export function decodeServerFrame(text: unknown): ServerFrame {
  const { value, hasProtoKey } = parse(text, serverLimits);
  if (hasProtoKey) dropProtoKeys(value);
  const messages: ServerMessage[] = [];
  const unknown: UnknownMessage[] = [];
  for (const item of list(value, serverLimits)) {
    const found = look(serverRows, item);
    if (found === 'known') messages.push(item as ServerMessage);
    else if (found === 'unknown') unknown.push(item as UnknownMessage);
    else throw malformed(found);
  }
  return { messages, unknown };
}

/**
 * Takes what can be taken. Each message in `refused` is to be answered with its error.
 *
 * @throws TriplaneError 'frame-malformed' if the frame is no JSON, or breaks a limit
 */
export function decodeClientFrame(text: unknown, limits?: FrameLimits): ClientFrame {
  const all = { ...clientLimits, ...limits };
  const { value, hasProtoKey } = parse(text, all);
  return sort(list(value, all), hasProtoKey);
}

/** What a client says over HTTP while it listens to an event stream. */
export function encodePost({ machineId, sessionId, sseToken }: PostHead, messages: readonly ClientMessage[]): string {
  return write({ machine_id: machineId, session_id: sessionId, sse_token: sseToken, messages });
}

/** @throws TriplaneError 'frame-malformed', also if the envelope lacks a field */
export function decodePost(text: unknown, limits?: FrameLimits): PostHead & ClientFrame {
  const all = { ...clientLimits, ...limits };
  const { value, hasProtoKey } = parse(text, all);
  const fault = isObject(value) ? findIn(postRow, value) : noObject;
  if (fault) throw malformed(faultIn(undefined, fault));
  const post = value as WirePost;
  const frame = sort(list(post.messages, all), hasProtoKey);
  return { ...frame, machineId: post.machine_id, sessionId: post.session_id, sseToken: post.sse_token };
}

interface Parsed {
  readonly value: unknown;
  readonly hasProtoKey: boolean;
}

interface WirePost {
  readonly machine_id: string;
  readonly session_id: string;
  readonly sse_token: string;
  readonly messages: readonly unknown[];
}

type Entries = Parameters<typeof findIn>[0];

const postFields: Fields<WirePost> = { machine_id: string, session_id: string, sse_token: string, messages: /* @__PURE__ */ each(json) };
const postRow: Entries = /* @__PURE__ */ Object.entries(postFields);
const opRow: Entries = [['op', string]];

// Marked, so that a bundle of the one side leaves out the table of the other.
const serverRows = /* @__PURE__ */ entriesByOp(serverFields);
const clientRows = /* @__PURE__ */ entriesByOp(clientFields);

/** From here on these ops of a server are understood too; before, they are unknown. */
export function learn(fields: Readonly<Record<string, Row>>): void {
  for (const [op, row] of entriesByOp(fields)) serverRows.set(op, row);
}

function entriesByOp(rows: Readonly<Record<string, Row>>): Map<string, Entries> {
  return new Map(Object.entries(rows).map(([op, row]) => [op, Object.entries(row)]));
}

const noObject: Fault = { path: [], problem: 'malformed', expected: 'an object' };
const holdsProtoKey: Fault = { path: [], problem: 'malformed', expected: 'no key __proto__' };

function look(rows: ReadonlyMap<string, Entries>, message: unknown): 'known' | 'unknown' | FrameFault {
  if (!isObject(message)) return faultIn(message, noObject);
  const row = typeof message.op === 'string' ? rows.get(message.op) : opRow;
  if (!row) return 'unknown';
  const fault = findIn(row, message);
  return fault ? faultIn(message, fault) : 'known';
}

function sort(items: readonly unknown[], hasProtoKey: boolean): ClientFrame {
  const messages: ClientMessage[] = [];
  const unknown: UnknownMessage[] = [];
  const refused: RefusedMessage[] = [];
  for (const received of items) {
    const found = hasProtoKey && dropProtoKeys(received) ? faultIn(received, holdsProtoKey) : look(clientRows, received);
    if (found === 'known') messages.push(received as ClientMessage);
    else if (found === 'unknown') unknown.push(received as UnknownMessage);
    else refused.push({ error: malformed(found), received });
  }
  return { messages, unknown, refused };
}

function list(value: unknown, { messages = Infinity }: FrameLimits): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  if (value.length > messages) throw ofFrame(`at most ${messages} messages`);
  return value;
}

function parse(text: unknown, { bytes = Infinity, depth = deepest }: FrameLimits): Parsed {
  if (typeof text !== 'string') throw ofFrame('text');
  if (isLargerThan(text, bytes)) throw ofFrame(`at most ${bytes} bytes`);
  const value = parseJson(text);
  const levels = Math.min(depth, deepest);
  const { isTooDeep, hasProtoKey } = survey(value, levels);
  if (isTooDeep) throw ofFrame(`at most ${levels} levels of nesting`);
  return { value, hasProtoKey };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw ofFrame('JSON', cause);
  }
}

function ofFrame(expected: string, cause?: unknown): TriplaneError {
  return malformed({ path: [], problem: 'malformed', expected }, cause);
}

function write(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new TriplaneError('frame-malformed', 'A message cannot be written as JSON', { cause });
  }
}
