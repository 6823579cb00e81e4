// Payloads on InsForge's wire. The server spreads a payload into the object it delivers, which would change arrays and scalars: everything but a
// plain object is sent in an envelope. docs/insforge.md#payloads

import { isPlain } from '../rooms/payload.ts';

/** Marks a message whose sender waits for the echo. */
export interface EchoMark {
  /** The sending client. */
  readonly c: string;
  readonly n: number;
}

const reserved = ['meta', '_value', '_tp'];

export function encodePayload(data: unknown, mark?: EchoMark): Record<string, unknown> {
  const isCarried = isPlain(data) && !reserved.some((key) => Object.hasOwn(data, key));
  return { ...(isCarried ? data : { _value: data }), ...(mark && { _tp: mark }) };
}

export function decodePayload(delivered: Readonly<Record<string, unknown>>): {
  readonly data: unknown;
  readonly mark: EchoMark | undefined;
} {
  const { meta: _meta, _tp, ...rest } = delivered;
  const keys = Object.keys(rest);
  return { data: keys.length === 1 && keys[0] === '_value' ? rest['_value'] : rest, mark: readMark(_tp) };
}

function readMark(mark: unknown): EchoMark | undefined {
  return isPlain(mark) && typeof mark['c'] === 'string' && typeof mark['n'] === 'number' ? { c: mark['c'], n: mark['n'] } : undefined;
}
