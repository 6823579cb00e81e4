// A write that the server refused, and the record it is kept as until the app has dealt with it.

import { InstantAPIError, type TriplaneError } from '../errors.ts';
import { isObject } from '../protocol/check.ts';
import { readWrite, type Write } from './write.ts';

export interface Refusal {
  readonly write: Write;
  readonly error: TriplaneError;
  readonly refusedAtMs: number;
}

/** Where those of a user are kept. */
export function refusalPrefix(owner: string): string {
  return `refused/${owner}/`;
}

export function refusalRecordKey({ write: { owner, order, eventId } }: Refusal): string {
  return `${refusalPrefix(owner)}${String(order).padStart(16, '0')}/${eventId}`;
}

export function refusalRecord({ write, error, refusedAtMs }: Refusal): unknown {
  const { eventId, owner, order, steps, createdMs, sends } = write;
  const reason =
    error instanceof InstantAPIError ? { body: error.body, status: error.status } : { body: { message: error.message }, status: 400 };
  return { eventId, owner, order, steps, createdMs, sends, refusedAtMs, reason };
}

/** Undefined for what is no such record. */
export function readRefusal(record: unknown): Refusal | undefined {
  const write = readWrite(record);
  if (!write || !isObject(record)) return undefined;
  const { reason, refusedAtMs } = record;
  const { body, status } = isObject(reason) ? reason : {};
  return {
    write,
    error: new InstantAPIError({ body: isObject(body) ? body : {}, status: typeof status === 'number' ? status : 400 }),
    refusedAtMs: typeof refusedAtMs === 'number' ? refusedAtMs : write.createdMs,
  };
}
