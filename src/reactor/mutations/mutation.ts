// A write as the outbox keeps it, and the record it is stored as: one per write, so that two tabs never overwrite each
// other's and a crash loses at most the one that was being stored. One that was refused is kept until the app has dealt with it.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { PendingMutation } from '../queries/view.ts';

/**
 * `unsaved`: not yet on disk. `local`: waiting to go out. `sent`: no answer yet. `applied`: confirmed, not yet in every answer.
 * `parked`: waiting for an entity whose making was refused. `refused`: not in the outbox any more.
 */
export type MutationState = 'unsaved' | 'local' | 'sent' | 'applied' | 'parked' | 'refused';

export interface Mutation extends PendingMutation {
  /** The user's id, empty for none: a write goes out only in the name of who made it. */
  readonly owner: string;
  readonly createdMs: number;
  readonly state: MutationState;
  /** How often it went out. At 0 it is certain that it was not applied. */
  readonly sends: number;
  /** Why it was refused, where it is asked whether it was applied before: it does not go out again. */
  readonly claimed?: Pick<InstantAPIError, 'body' | 'status'>;
  /** Once it is confirmed. */
  readonly txId?: number;
  readonly isn?: string | undefined;
  /** Once it is refused. */
  readonly error?: InstantAPIError;
  readonly refusedAtMs?: number;
}

type MutationRecord = Omit<Mutation, 'state' | 'error'> & { readonly reason?: Pick<InstantAPIError, 'body' | 'status'> };

/** Where the writes of a user are kept. */
export function mutationPrefix(owner: string, kind: 'write' | 'refused' = 'write'): string {
  return `${kind}/${owner}/`;
}

export function mutationRecordKey({ state, owner, order, eventId }: Mutation): string {
  return `${mutationPrefix(owner, state === 'refused' ? state : 'write')}${String(order).padStart(16, '0')}/${eventId}`;
}

export function mutationRecord({
  eventId,
  owner,
  order,
  steps,
  createdMs,
  sends,
  claimed,
  txId,
  isn,
  error,
  refusedAtMs,
}: Mutation): unknown {
  const reason = error && { body: error.body, status: error.status };
  return { eventId, owner, order, steps, createdMs, sends, claimed, txId, isn, refusedAtMs, reason };
}

/** For the store: it is to be kept, or not any more. */
export function putMutation(write: Mutation): KeyValueOp {
  return { put: mutationRecordKey(write), value: mutationRecord(write) };
}

export function removeMutation(write: Mutation): KeyValueOp {
  return { remove: mutationRecordKey(write) };
}

/** Undefined for what is no such record. It may have been sent before the end of the last start. */
export function readMutation(value: unknown): Mutation | undefined {
  if (!isRecord(value)) return undefined;
  const { reason, ...write } = value;
  const state = reason ? 'refused' : write.txId === undefined ? 'local' : 'applied';
  return { ...write, sends: Math.max(write.sends, 1), state, ...(reason && { error: new InstantAPIError(reason) }) };
}

function isRecord(value: unknown): value is MutationRecord {
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
