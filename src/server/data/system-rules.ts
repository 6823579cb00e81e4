// Writes to system namespaces that are forbidden whatever the app's rules say. The app's rules for them, and their defaults, are in rules/.

import type { KnownAttr } from '../../db/attrs.ts';
import type { EntityRef } from '../../protocol/transact-messages.ts';
import type { Value } from '../../protocol/triple.ts';
import { invalid } from '../errors.ts';
import { recordNamespaces } from './record-attrs.ts';
import { type TripleStep, wholeStep } from './step-errors.ts';
import { isSystemEtype } from './system-attrs.ts';

/** The principal of a request. */
export interface Actor {
  /** Undefined = anonymous. */
  readonly userId: string | undefined;
  readonly isAdmin: boolean;
  /** The server itself, which has no restrictions. */
  readonly isServer?: boolean;
  readonly ip?: string | undefined;
  readonly origin?: string | undefined;
}

/** The operator, or a caller with the admin token. */
export const adminActor: Actor = { userId: undefined, isAdmin: true };
/** The server itself. */
export const serverActor: Actor = { userId: undefined, isAdmin: true, isServer: true };

/** System attrs that a client may write; every write to an entity starts with its id. */
const openLabels: ReadonlySet<string> = new Set(['id', 'path']);

export interface SystemWrite {
  readonly step: TripleStep;
  readonly attr: KnownAttr;
  readonly value: unknown;
  /** Whether the entity existed before the transaction. */
  readonly isNew: boolean;
}

/** @throws InstantAPIError */
export function checkSystemWrite({ step, attr, value }: SystemWrite, actor: Actor): void {
  const { etype, label } = attr;
  if (actor.isServer || !isSystemEtype(etype)) return;
  const name = `${etype}.${label}`;
  if (label === 'id' && !actor.isAdmin && recordNamespaces.has(etype)) throw notWritable(step, name, 'it is kept by the server');
  if (attr.isSystem && !(openLabels.has(label) || (etype === '$users' && actor.isAdmin)))
    throw notWritable(step, name, 'it is kept by the server');
  if (name === '$files.path' && typeof value === 'string' && value.startsWith('$stream/')) {
    throw notWritable(step, name, 'paths below $stream/ belong to streams');
  }
}

/** The error for a step that makes a user, which signing up does. */
export function madeUser({ step, attr, isNew }: SystemWrite, actor: Actor): Error | undefined {
  if (actor.isServer || actor.isAdmin || attr.etype !== '$users' || !isNew) return undefined;
  return notWritable(step, `$users.${attr.label}`, 'users are made by signing up, not by a transaction');
}

/** @throws InstantAPIError @param ref as the writer named it, who may not know what a lookup finds */
export function checkSystemDelete(etype: string, ref: EntityRef, actor: Actor): void {
  if (!isSystemEtype(etype) || etype === '$files' || actor.isAdmin || actor.isServer) return;
  const message = `${etype} belongs to the system: only an admin deletes its entities`;
  throw invalid('tx-step', ['delete-entity', ref, etype], [{ message }]);
}

function notWritable(step: TripleStep, name: string, why: string): Error {
  return invalid('tx-step', wholeStep(step), [{ message: `'${name}' cannot be written: ${why}` }]);
}

/** Sign-in lowercases and trims e-mail addresses; in any other form the address would create a second user. */
export const asSignInHasIt = (email: string): string => email.trim().toLowerCase();

export function asStored(attr: KnownAttr, value: Value): Value {
  return attr.etype === '$users' && attr.label === 'email' && typeof value === 'string' ? asSignInHasIt(value) : value;
}
