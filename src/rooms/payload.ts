// Rejects values that JSON cannot represent. JSON.stringify would turn NaN into null, a Map into {} and drop functions, but a message must arrive
// as it was published.

import type { RoomErrorClass } from './room-error.ts';

/** Deeper data is rejected, because a receiver's parser may not support it. */
const mostLevels = 200;

const encoder = new TextEncoder();

/**
 * Returns the data as JSON text.
 *
 * @throws the given error class: 'INVALID_PAYLOAD' for a value that JSON cannot represent, 'PAYLOAD_TOO_LARGE' above `maxBytes`
 */
export function jsonOf(data: unknown, maxBytes: number, Failure: RoomErrorClass, channel?: string): string {
  const problem = problemOf(data, 'payload', []);
  if (problem !== undefined) throw new Failure('INVALID_PAYLOAD', problem, { channel });
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw new Failure('INVALID_PAYLOAD', 'The payload cannot be written as JSON', { channel, cause });
  }
  if (text === undefined) throw new Failure('INVALID_PAYLOAD', 'The payload has no JSON form', { channel });
  const bytes = encoder.encode(text).length;
  if (bytes > maxBytes)
    throw new Failure('PAYLOAD_TOO_LARGE', `The payload is ${bytes} bytes, and at most ${maxBytes} are sent`, { channel });
  return text;
}

function problemOf(value: unknown, path: string, parents: readonly object[]): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON does not have`;
    case 'object':
      return value === null ? undefined : problemInObject(value, path, parents);
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which JSON does not have`;
  }
}

function problemInObject(value: object, path: string, parents: readonly object[]): string | undefined {
  if (parents.includes(value)) return `${path} contains itself`;
  if (parents.length >= mostLevels) return `${path} is nested more than ${mostLevels} levels deep`;
  const within = [...parents, value];
  if (Array.isArray(value)) {
    // By index: an empty slot of a sparse array is undefined too.
    for (let at = 0; at < value.length; at++) {
      const problem = problemOf(value[at], `${path}[${at}]`, within);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${path} is binary; encode it, for example as base64`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return problemOf(callToJson(value as ToJson), path, within);
  if (!isPlain(value)) return `${path} is a ${value.constructor.name}, which JSON does not have`;
  for (const [key, item] of Object.entries(value)) {
    // As everywhere in JavaScript, a field that is undefined is a field that is not there.
    const problem = item === undefined ? undefined : problemOf(item, `${path}.${key}`, within);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

interface ToJson {
  toJSON: () => unknown;
}

function callToJson(value: ToJson): unknown {
  try {
    return value.toJSON();
  } catch {
    return undefined;
  }
}

export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
