// A write as the outbox keeps it, and the record it is stored as: one per write, so that two tabs never overwrite each
// other's and a crash loses at most the one that was being stored. One that was refused is kept until the app has dealt with it.

import { InstantAPIError } from '../errors.ts';
import { isObject } from '../protocol/check.ts';
import type { Edit } from '../storage/key-value.ts';
import type { PendingWrite } from './view.ts';

/**
 * `unsaved`: not yet on disk. `local`: waiting to go out. `sent`: no answer yet. `applied`: confirmed, not yet in every answer.
 * `parked`: waiting for an entity whose making was refused. `refused`: not in the outbox any more.
 */
export type WriteState = 'unsaved' | 'local' | 'sent' | 'applied' | 'parked' | 'refused';

export interface Write extends PendingWrite {
  /** The user's id, empty for none: a write goes out only in the name of who made it. */
  readonly owner: string;
  readonly createdMs: number;
  readonly state: WriteState;
  /** How often it went out. At 0 it is certain that it was not applied. */
  readonly sends: number;
  /** Once it is confirmed. */
  readonly txId?: number;
  readonly isn?: string | undefined;
  /** Once it is refused. */
  readonly error?: InstantAPIError;
  readonly refusedAtMs?: number;
}

type WriteRecord = Omit<Write, 'state' | 'error'> & { readonly reason?: Pick<InstantAPIError, 'body' | 'status'> };

/** Where the writes of a user are kept. */
export function writePrefix(owner: string, place: 'write' | 'refused' = 'write'): string {
  return `${place}/${owner}/`;
}

export function writeRecordKey({ state, owner, order, eventId }: Write): string {
  return `${writePrefix(owner, state === 'refused' ? state : 'write')}${String(order).padStart(16, '0')}/${eventId}`;
}

export function writeRecord({ eventId, owner, order, steps, createdMs, sends, txId, isn, error, refusedAtMs }: Write): unknown {
  const reason = error && { body: error.body, status: error.status };
  return { eventId, owner, order, steps, createdMs, sends, txId, isn, refusedAtMs, reason };
}

/** For the store: it is to be kept, or not any more. */
export function kept(write: Write): Edit {
  return { put: writeRecordKey(write), value: writeRecord(write) };
}

export function dropped(write: Write): Edit {
  return { remove: writeRecordKey(write) };
}

/** Undefined for what is no such record. It may have been sent before the end of the last start. */
export function readWrite(value: unknown): Write | undefined {
  if (!isRecord(value)) return undefined;
  const { reason, ...write } = value;
  const state = reason ? 'refused' : write.txId === undefined ? 'local' : 'applied';
  return { ...write, sends: Math.max(write.sends, 1), state, ...(reason && { error: new InstantAPIError(reason) }) };
}

function isRecord(value: unknown): value is WriteRecord {
  if (!isObject(value)) return false;
  const { eventId, owner, order, steps } = value;
  return (
    typeof eventId === 'string' &&
    typeof owner === 'string' &&
    typeof order === 'number' &&
    Array.isArray(steps) &&
    steps.every((step) => Array.isArray(step) && typeof step[0] === 'string')
  );
}
