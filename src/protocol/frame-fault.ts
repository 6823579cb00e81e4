// The error for what came over the wire and is no message: it tells which message, which field, and what was expected,
// so that a server can answer `param-missing` or `param-malformed` with a hint. PROTOCOL.md#error

import { TriplaneError } from '../errors.ts';
import { type Fault, isObject } from './check.ts';

/** The `hint` of a 'frame-malformed' error. */
export interface FrameFault extends Fault {
  readonly op?: string;
  /** The field of the message that is at fault; missing if it is the message or the frame. */
  readonly field?: string;
  readonly 'client-event-id'?: string;
}

/** The `hint` of an error that the codec throws. */
export function frameFault(error: unknown): FrameFault | undefined {
  return error instanceof TriplaneError && error.code === 'frame-malformed' ? (error.hint as FrameFault | undefined) : undefined;
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
  const part = fault.path.length > 0 ? `'${short(fault.path.join('.'))}'` : fault.op === undefined ? 'The frame' : 'A message';
  const of = fault.op === undefined ? '' : ` of '${short(fault.op)}'`;
  return new TriplaneError('frame-malformed', `${part}${of} is ${fault.problem}; expected: ${fault.expected}`, { hint: fault, cause });
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
