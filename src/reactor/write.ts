// A write as the outbox keeps it, and the record it is stored as: one per write, so that two tabs never overwrite each
// other's and a crash loses at most the one that was being stored.

import { isObject } from '../protocol/check.ts';
import type { Step } from '../protocol/step.ts';
import type { Edit } from '../storage/key-value.ts';
import type { PendingWrite } from './view.ts';

/**
 * `unsaved`: not yet on disk. `local`: waiting to go out. `sent`: no answer yet. `applied`: confirmed, not yet in every answer.
 * `parked`: waiting for an entity whose making was refused.
 */
export type WriteState = 'unsaved' | 'local' | 'sent' | 'applied' | 'parked';

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
}

/** Where the writes of a user are kept. */
export function writePrefix(owner: string): string {
  return `write/${owner}/`;
}

export function writeRecordKey({ owner, order, eventId }: Write): string {
  return `${writePrefix(owner)}${String(order).padStart(16, '0')}/${eventId}`;
}

export function writeRecord(write: Write): Edit {
  const { eventId, owner, order, steps, createdMs, sends, txId, isn } = write;
  return { put: writeRecordKey(write), value: { eventId, owner, order, steps, createdMs, sends, txId, isn } };
}

/** Undefined for what is no such record. It may have been sent before the end of the last start. */
export function readWrite(value: unknown): Write | undefined {
  if (!isObject(value)) return undefined;
  const { eventId, owner, order, steps, createdMs, sends, txId, isn } = value;
  if (typeof eventId !== 'string' || typeof owner !== 'string' || typeof order !== 'number' || !isSteps(steps)) return undefined;
  return {
    eventId,
    owner,
    order,
    steps,
    createdMs: typeof createdMs === 'number' ? createdMs : order,
    sends: typeof sends === 'number' ? Math.max(sends, 1) : 1,
    ...(typeof txId === 'number' ? { state: 'applied', txId, isn: typeof isn === 'string' ? isn : undefined } : { state: 'local' }),
  };
}

function isSteps(value: unknown): value is readonly Step[] {
  return Array.isArray(value) && value.every((step) => Array.isArray(step) && typeof step[0] === 'string');
}
