// The error for what came over the wire and is no message: it tells which message, which field, and what was expected,
// so that a server can answer `param-missing` or `param-malformed` with a hint. PROTOCOL.md#error

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { Fault } from './field-checks.ts';

/** The `hint` of a 'frame-malformed' error. */
export interface FrameFault extends Fault {
  readonly op?: string;
  /** The field of the message that is at fault; missing if it is the message or the frame. */
  readonly field?: string;
  readonly 'client-event-id'?: string;
}

/** The `hint` of an error that the codec throws. */
export function frameFault(error: unknown): FrameFault | undefined {
  return error instanceof TriplaneError && error.code === 'frame-malformed' && isFrameFault(error.hint) ? error.hint : undefined;
}

function isFrameFault(hint: unknown): hint is FrameFault {
  return isObject(hint) && (hint.problem === 'missing' || hint.problem === 'malformed');
}

/** How a server tells a client. */
export interface ParamError {
  readonly status: 400;
  readonly type: 'param-missing' | 'param-malformed';
  readonly message: string;
  readonly hint: unknown;
}

/** The fields of the `error` that answers a frame or a message with this fault. */
export function paramError(fault: FrameFault): ParamError {
  const type = fault.problem === 'missing' ? 'param-missing' : 'param-malformed';
  return { status: 400, type, message: describe(fault), hint: { in: fault.path, expected: fault.expected } };
}

/** The same for an op that is not in our lists. */
export function unknownOpError(op: string): ParamError {
  return { status: 400, type: 'param-malformed', message: `There is no op '${short(op)}'`, hint: { op } };
}

/** The fault, and the message it is in as far as that can be told. */
export function faultIn(message: unknown, fault: Fault): FrameFault {
  const { op, 'client-event-id': eventId } = isObject(message) ? message : {};
  const field = fault.path[0];
  return {
    ...fault,
    ...(typeof op === 'string' && { op }),
    ...(typeof field === 'string' && { field }),
    ...(typeof eventId === 'string' && { 'client-event-id': eventId }),
  };
}

export function malformed(fault: FrameFault, cause?: unknown): TriplaneError {
  return new TriplaneError('frame-malformed', describe(fault), { hint: fault, cause });
}

function describe({ op, path, problem, expected }: FrameFault): string {
  const part = path.length > 0 ? `'${short(path.join('.'))}'` : op === undefined ? 'The frame' : 'A message';
  const of = op === undefined ? '' : ` of '${short(op)}'`;
  return `${part}${of} is ${problem}; expected: ${expected}`;
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
