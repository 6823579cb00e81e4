// The error for input that is not a valid message. It names the message, the field and the expected type, so that a server can respond with
// `param-missing` or `param-malformed` and a hint. PROTOCOL.md#error

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { Fault } from './field-checks.ts';

/** The `hint` of a 'frame-malformed' error. */
export interface FrameFault extends Fault {
  readonly op?: string;
  /** The invalid field; missing if the message or the frame as a whole is invalid. */
  readonly field?: string;
  readonly 'client-event-id'?: string;
}

/** The hint of an error thrown by the codec; undefined for any other error. */
export function frameFault(error: unknown): FrameFault | undefined {
  return error instanceof TriplaneError && error.code === 'frame-malformed' && isFrameFault(error.hint) ? error.hint : undefined;
}

function isFrameFault(hint: unknown): hint is FrameFault {
  return isObject(hint) && (hint.problem === 'missing' || hint.problem === 'malformed');
}

/** The wire form of a frame fault. */
export interface ParamError {
  readonly status: 400;
  readonly type: 'param-missing' | 'param-malformed';
  readonly message: string;
  readonly hint: unknown;
}

/** The fields of the `error` response to an invalid frame or message. */
export function paramError(fault: FrameFault): ParamError {
  const type = fault.problem === 'missing' ? 'param-missing' : 'param-malformed';
  return { status: 400, type, message: describe(fault), hint: { in: fault.path } };
}

/** The same for an op this version does not know. */
export function unknownOpError(op: string | null): ParamError {
  return { status: 400, type: 'param-malformed', message: op === null ? 'No op' : `Unknown op '${short(op)}'`, hint: { op } };
}

/** Adds the op, field and event id of the message, where they can be read. */
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
