// A write in the outbox, and its stored record: one record per write, so that tabs never overwrite each other's writes and a crash loses at
// most the write that was being stored. A rejected write is kept until the app retries or discards it.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { isWireAttr } from '../../protocol/attr.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { PendingMutation } from '../queries/view.ts';

/**
 * `persisting`: not yet on disk. `pending`: waiting to go out. `inflight`: no response yet. `acknowledged`: confirmed, not yet in every result.
 * `blocked`: waiting for an entity whose creation was rejected. `rejected`: not in the outbox any more.
 */
export type MutationState = 'persisting' | 'pending' | 'inflight' | 'acknowledged' | 'blocked' | 'rejected';

export interface Mutation extends PendingMutation {
  /** The user's id, empty for none: a write goes out only in the name of who made it. */
  readonly owner: string;
  readonly createdMs: number;
  readonly state: MutationState;
  /** How often it went out. At 0 it is certain that it was not applied. */
  readonly sends: number;
  /** The official client made it, and may have sent it: to this server, or to the one that the app was on before. */
  readonly isAdopted?: true;
  /** Why it was refused, where it is asked whether it was applied before: it does not go out again. */
  readonly claimed?: Pick<InstantAPIError, 'body' | 'status'>;
  /** Once it is confirmed. */
  readonly txId?: number;
  readonly isn?: string | undefined;
  /** Once it is rejected. */
  readonly error?: InstantAPIError;
  readonly rejectedAtMs?: number;
}

export function isUnsent({ state }: Mutation): boolean {
  return state === 'persisting' || state === 'pending';
}

type MutationRecord = Omit<Mutation, 'state' | 'error'> & {
  readonly reason?: Pick<InstantAPIError, 'body' | 'status'>;
  /** `rejectedAtMs` in records of version 0.1.0. */
  readonly refusedAtMs?: number;
};

/** How keys in the store begin. Devices hold records of version 0.1.0 under these words. */
const keyPrefix = { write: 'write', rejected: 'refused' } as const;

/** The prefix of a user's writes in the store. */
export function mutationPrefix(owner: string, kind: keyof typeof keyPrefix = 'write'): string {
  return `${keyPrefix[kind]}/${owner}/`;
}

export function mutationRecordKey({ state, owner, order, eventId }: Mutation): string {
  return `${mutationPrefix(owner, state === 'rejected' ? state : 'write')}${String(order).padStart(16, '0')}/${eventId}`;
}

export function mutationRecord({
  eventId,
  owner,
  order,
  steps,
  createdMs,
  sends,
  isAdopted,
  claimed,
  txId,
  isn,
  error,
  rejectedAtMs,
}: Mutation): unknown {
  const reason = error && { body: error.body, status: error.status };
  return { eventId, owner, order, steps, createdMs, sends, isAdopted, claimed, txId, isn, rejectedAtMs, reason };
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
  if (!isMutationRecord(value)) return undefined;
  const { reason, refusedAtMs, ...write } = value;
  const state = reason ? 'rejected' : write.txId === undefined ? 'pending' : 'acknowledged';
  const { rejectedAtMs = refusedAtMs } = write;
  const rejection = reason && { error: new InstantAPIError(reason), ...(rejectedAtMs !== undefined && { rejectedAtMs }) };
  return { ...write, sends: Math.max(write.sends, 1), state, ...rejection };
}

function isMutationRecord(value: unknown): value is MutationRecord {
  if (!isObject(value)) return false;
  const { eventId, owner, order, steps } = value;
  return (
    typeof eventId === 'string' && typeof owner === 'string' && typeof order === 'number' && Array.isArray(steps) && steps.every(isStep)
  );
}

/** As far as the client looks into it: one step that is none must not stop the other writes. */
function isStep(step: unknown): boolean {
  if (!Array.isArray(step)) return false;
  const [op, subject, attr] = step as readonly unknown[];
  if (op === 'add-attr') return isWireAttr(subject);
  if (op === 'update-attr') return isObject(subject) && typeof subject['id'] === 'string';
  if (op === 'delete-attr' || op === 'restore-attr') return typeof subject === 'string';
  const isRef = typeof subject === 'string' || (Array.isArray(subject) && subject.length === 2 && typeof subject[0] === 'string');
  return isRef && (op === 'delete-entity' || op === 'rule-params' || (isTripleOp(op) && typeof attr === 'string' && step.length > 3));
}

function isTripleOp(op: unknown): boolean {
  return op === 'add-triple' || op === 'deep-merge-triple' || op === 'retract-triple';
}
