// Writes to system namespaces that are forbidden whatever the app's rules say. The app's rules for them, and their defaults, are in rules/.

import type { KnownAttr } from '../../db/attrs.ts';
import { invalid } from '../errors.ts';
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
  readonly attr: KnownAttr;
  readonly value: unknown;
  /** Whether the entity existed before the transaction. */
  readonly isNew: boolean;
}

/** @throws InstantAPIError */
export function checkSystemWrite({ attr, value, isNew }: SystemWrite, actor: Actor): void {
  const { etype, label } = attr;
  if (actor.isServer || !isSystemEtype(etype)) return;
  const name = `${etype}.${label}`;
  if (etype === '$users' && isNew && !actor.isAdmin) throw notWritable(name, 'users are made by signing up, not by a transaction');
  if (attr.isSystem && !(openLabels.has(label) || (etype === '$users' && actor.isAdmin)))
    throw notWritable(name, 'it is kept by the server');
  if (name === '$files.path' && typeof value === 'string' && value.startsWith('$stream/')) {
    throw notWritable(name, 'paths below $stream/ belong to streams');
  }
}

/** @throws InstantAPIError */
export function checkSystemDelete(etype: string, id: string, actor: Actor): void {
  if (!isSystemEtype(etype) || etype === '$files' || actor.isAdmin || actor.isServer) return;
  const message = `${etype} belongs to the system: only an admin deletes its entities`;
  throw invalid('tx-step', ['delete-entity', id, etype], [{ message }]);
}

function notWritable(name: string, why: string): Error {
  return invalid('tx-step', name, [{ message: `'${name}' cannot be written: ${why}` }]);
}
