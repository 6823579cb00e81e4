// Who may see and write what belongs to the system: users, files, streams. An app's own rules are not here.

import type { KnownAttr } from '../db/attrs.ts';
import type { Row } from '../db/row.ts';
import type { Visible } from '../query/visible.ts';
import { denied, invalid } from './refusal.ts';
import { isSystemEtype } from './system-attrs.ts';

/** Who asks. */
export interface Actor {
  /** Undefined = anonymous. */
  readonly userId: string | undefined;
  readonly isAdmin: boolean;
}

/** Two actors with the same view see the same of every namespace among these. */
export function viewOf(actor: Actor, etypes: ReadonlySet<string>): string {
  if (actor.isAdmin) return 'admin';
  return [...etypes].some(isSystemEtype) ? `user ${actor.userId ?? ''}` : 'all';
}

/** Undefined = sees all. */
export function visibleTo(actor: Actor, etypes: ReadonlySet<string>): Visible | undefined {
  if (actor.isAdmin || ![...etypes].some(isSystemEtype)) return undefined;
  return (etype: string, row: Row) => !isSystemEtype(etype) || (etype === '$users' && row.id === actor.userId);
}

/** What a client may write of the system's attrs; every write to an entity begins with its id. */
const openLabels: ReadonlySet<string> = new Set(['id', 'path']);

export interface SystemWrite {
  readonly attr: KnownAttr;
  readonly id: string;
  readonly value: unknown;
  /** Whether the entity was there before. */
  readonly isNew: boolean;
}

/** @throws InstantAPIError */
export function checkSystemWrite({ attr, id, value, isNew }: SystemWrite, actor: Actor): void {
  const { etype, label } = attr;
  if (!isSystemEtype(etype)) return;
  const name = `${etype}.${label}`;
  if (etype === '$users' && isNew) throw closed(name, 'users are made by signing up, not by a transaction');
  if (attr.isSystem && !(openLabels.has(label) || (etype === '$users' && actor.isAdmin))) throw closed(name, 'it is kept by the server');
  if (name === '$files.path' && typeof value === 'string' && value.startsWith('$stream/')) {
    throw closed(name, 'paths below $stream/ belong to streams');
  }
  if (actor.isAdmin || (etype === '$users' && id === actor.userId)) return;
  throw denied(etype, `${etype} may not be changed by this user`);
}

/** @throws InstantAPIError */
export function checkSystemDelete(etype: string, actor: Actor): void {
  if (isSystemEtype(etype) && !actor.isAdmin) throw denied(etype, `${etype} may not be deleted by this user`);
}

function closed(name: string, why: string): Error {
  return invalid('tx-steps', name, [{ message: `'${name}' cannot be written: ${why}` }]);
}
