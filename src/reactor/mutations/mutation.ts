// A write in the outbox, and its stored record: one record per write, so that tabs never overwrite each other's writes and a crash loses at
// most the write that was being stored. A rejected write is kept until the app retries or discards it.

import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { isWireAttr } from '../../protocol/attr.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { PendingMutation } from '../queries/pending-in-view.ts';

/**
 * `persisting`: not yet on disk. `pending`: waiting to go out. `inflight`: no response yet. `acknowledged`: confirmed, not yet in every result.
 * `blocked`: waiting for an entity whose creation was rejected. `rejected`: not in the outbox any more.
 */
export type MutationState = 'persisting' | 'pending' | 'inflight' | 'acknowledged' | 'blocked' | 'rejected';

export interface Mutation extends PendingMutation {
  /** The user's id, empty for none: a write is sent only in its author's name. */
  readonly owner: string;
  readonly createdMs: number;
  readonly state: MutationState;
  /** How often it was sent, or may have been. At 0, it certainly was not applied. */
  readonly sends: number;
  /** Made by the official client, which may have sent it to this server or to the app's previous one. */
  readonly isAdopted?: true;
  /** Why it was rejected, while the server is asked whether an earlier attempt was applied: it is not sent again. */
  readonly claimed?: Pick<InstantAPIError, 'body' | 'status'>;
  /** Set on confirmation. */
  readonly txId?: number;
  readonly isn?: string | undefined;
  /** Set on rejection. */
  readonly error?: InstantAPIError;
  readonly rejectedAtMs?: number;
}

export type NewMutation = Pick<Mutation, 'eventId' | 'owner' | 'steps' | 'createdMs'> & Partial<Pick<Mutation, 'sends'>>;

export function isUnsent({ state }: Mutation): boolean {
  return state === 'persisting' || state === 'pending';
}

type MutationRecord = Omit<Mutation, 'state' | 'error'> & {
  readonly reason?: Pick<InstantAPIError, 'body' | 'status'>;
  /** `rejectedAtMs` in records of version 0.1.0. */
  readonly refusedAtMs?: number;
};

/** Prefixes of store keys. Devices hold records of version 0.1.0 under these names. */
const keyPrefix = { write: 'write', rejected: 'refused' } as const;

/** The prefix of a user's writes in the store. */
export function mutationPrefix(owner: string, kind: keyof typeof keyPrefix = 'write'): string {
  return `${keyPrefix[kind]}/${owner}/`;
}

/** The prefix of the ids of the guests who became this user on this device. */
export function guestPrefix(owner: string): string {
  return `guests/${owner}/`;
}

export function mutationRecordKey({ state, owner, order, eventId }: Mutation): string {
  return `${mutationPrefix(owner, state === 'rejected' ? state : 'write')}${String(order).padStart(16, '0')}/${eventId}`;
}

export function mutationRecord({ state: _, error, ...write }: Mutation): unknown {
  return { ...write, reason: error && { body: error.body, status: error.status } };
}

/** A change of the store: the record to write, or its removal. */
export function putMutation(write: Mutation): KeyValueOp {
  return { put: mutationRecordKey(write), value: mutationRecord(write) };
}

export function removeMutation(write: Mutation): KeyValueOp {
  return { remove: mutationRecordKey(write) };
}

/** Undefined if the record is not a mutation. It may have been sent before the previous page ended. */
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
  const { eventId, owner, order, steps, reason } = value;
  return (
    typeof eventId === 'string' &&
    typeof owner === 'string' &&
    typeof order === 'number' &&
    Array.isArray(steps) &&
    steps.every(isStep) &&
    (!reason || (isObject(reason) && isObject(reason['body'])))
  );
}

/** Validated as far as the client reads it: one malformed step must not stop other writes. */
function isStep(step: unknown): boolean {
  if (!Array.isArray(step)) return false;
  const [op, subject, attr] = step as readonly unknown[];
  if (op === 'add-attr') return isWireAttr(subject);
  if (op === 'update-attr') return isObject(subject) && typeof subject['id'] === 'string';
  const isId = typeof subject === 'string';
  if (op === 'delete-attr' || op === 'restore-attr') return isId;
  const isRef = isId || (Array.isArray(subject) && subject.length === 2 && typeof subject[0] === 'string');
  return isRef && (op === 'delete-entity' || op === 'rule-params' || (isTripleOp(op) && typeof attr === 'string' && step.length > 3));
}

const isTripleOp = (op: unknown): boolean => /^(add|deep-merge|retract)-triple$/.test(String(op));
