// Encodes and decodes frames for both ends. This is the only `JSON.parse` of a frame and the only module that narrows untrusted input to a
// message type. Field types are checked against the tables in client-fields.ts and server-fields.ts; the contents of large fields (results,
// triples) are validated where they are read.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import { clientFields } from './client-fields.ts';
import type { ClientMessage } from './client-message.ts';
import { type Fault, findIn, type Row, string } from './field-checks.ts';
import { faultIn, type FrameFault, malformed } from './frame-errors.ts';
import { type FrameLimits, isLargerThan, survey } from './frame-limits.ts';
import { serverFields } from './server-fields.ts';
import type { ServerMessage } from './server-message.ts';
import { hasOwn } from '../lib/own.ts';

/** A message whose op this version does not know. */
export interface UnknownMessage {
  readonly op: string;
  readonly [field: string]: unknown;
}

export interface ServerFrame {
  readonly messages: readonly ServerMessage[];
  readonly unknown: readonly UnknownMessage[];
}

/** A message that failed validation, with the error to send back. */
export interface RejectedMessage {
  readonly error: TriplaneError;
  readonly received: unknown;
}

export interface ClientFrame {
  readonly messages: readonly ClientMessage[];
  readonly unknown: readonly UnknownMessage[];
  readonly rejected: readonly RejectedMessage[];
}

/** Reads a message in another form before its fields are checked. */
export type Adapt = (received: unknown) => unknown;

/** Ties an HTTP post to its event stream; all fields come from `sse-init`. PROTOCOL.md#sse-init */
export interface SseSession {
  readonly machineId: string;
  readonly sessionId: string;
  readonly sseToken: string;
}

/** Deeper than any data stored in practice, and shallow enough for recursive code. No option exceeds it. */
const maxDepth = 1000;
const clientLimits = { bytes: Infinity, depth: 100, messages: 1000 };

/** Encodes one message, or several in one frame. Servers may batch messages; clients batch only over HTTP. */
export function encode(message: ClientMessage | ServerMessage | readonly ServerMessage[]): string {
  return write(message);
}

/**
 * Decodes a frame from the server.
 *
 * @throws TriplaneError 'frame-malformed' if any message is malformed: a frame is accepted as a whole or not at all
 */
export function decodeServerFrame(text: unknown): ServerFrame {
  const value = parse(text);
  if (survey(value, maxDepth).isTooDeep) throw tooDeep(maxDepth);
  const messages: ServerMessage[] = [];
  const unknown: UnknownMessage[] = [];
  for (const item of list(value)) {
    const kind = classify(serverFields, item);
    if (kind === 'known') messages.push(item as ServerMessage);
    else if (kind === 'unknown') unknown.push(item as UnknownMessage);
    else throw malformed(kind);
  }
  return { messages, unknown };
}

/**
 * Decodes a frame from a client and accepts every valid message in it. The caller responds to each message in `rejected` with its error.
 *
 * @throws TriplaneError 'frame-malformed' if the frame is not JSON or exceeds a limit
 */
export function decodeClientFrame(text: unknown, limits?: FrameLimits, adapt?: Adapt): ClientFrame {
  const all = { ...clientLimits, ...limits };
  return classifyAll(parseWithin(text, all), all, adapt);
}

/** Encodes the messages a client posts over HTTP while it reads an event stream. */
export function encodePost({ machineId, sessionId, sseToken }: SseSession, messages: readonly ClientMessage[]): string {
  return write({ machine_id: machineId, session_id: sessionId, sse_token: sseToken, messages });
}

type Rows = Readonly<Record<string, Row>>;

const opRow: Row = { op: string };

function classify(rows: Rows, message: unknown): 'known' | 'unknown' | FrameFault {
  const op = isObject(message) ? message.op : undefined;
  const row = typeof op !== 'string' ? opRow : hasOwn(rows, op) ? rows[op] : undefined;
  if (!row) return 'unknown';
  const fault = findIn(row, message);
  return fault ? faultIn(message, fault) : 'known';
}

type AllLimits = Required<FrameLimits>;

function classifyAll(value: unknown, { depth, messages: maxMessages }: AllLimits, adapt: Adapt = (received) => received): ClientFrame {
  const items = list(value);
  if (items.length > maxMessages) throw ofFrame(`at most ${maxMessages} messages`);
  const levels = Math.min(depth, maxDepth);
  const messages: ClientMessage[] = [];
  const unknown: UnknownMessage[] = [];
  const rejected: RejectedMessage[] = [];
  for (const received of items) {
    const { isTooDeep, hadProtoKey, hasInfinity } = survey(received, items === value ? levels - 1 : levels);
    if (isTooDeep) throw tooDeep(levels);
    const flaw = hadProtoKey ? holdsProtoKey : hasInfinity ? holdsInfinity : undefined;
    const adapted = flaw ? received : adapt(received);
    const kind = flaw ? faultIn(received, flaw) : classify(clientFields, adapted);
    if (kind === 'known') messages.push(adapted as ClientMessage);
    else if (kind === 'unknown') unknown.push(received as UnknownMessage);
    else rejected.push({ error: malformed(kind), received });
  }
  return { messages, unknown, rejected };
}

const holdsInfinity: Fault = { path: [], problem: 'malformed', expected: 'numbers within the range of a double' };
const holdsProtoKey: Fault = { path: [], problem: 'malformed', expected: 'no key __proto__' };

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function parseWithin(text: unknown, { bytes }: AllLimits): unknown {
  if (typeof text === 'string' && isLargerThan(text, bytes)) throw ofFrame(`at most ${bytes} bytes`);
  return parse(text);
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string') throw ofFrame('text');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw ofFrame('JSON', cause);
  }
}

function tooDeep(levels: number): TriplaneError {
  return ofFrame(`at most ${levels} levels of nesting`);
}

function ofFrame(expected: string, cause?: unknown): TriplaneError {
  return malformed({ path: [], problem: 'malformed', expected }, cause);
}

function write(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new TriplaneError('frame-malformed', 'Cannot encode the message as JSON', { cause });
  }
}
