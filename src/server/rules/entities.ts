// What a rule is given to look at: entities, who asks, what was sent along. References are followed in the data that is
// handed in, whole: what the asker may not see counts too.

import type { Db } from '../../db/db.ts';
import type { Row } from '../../db/row.ts';
import type { Actor } from '../data/system-rules.ts';
import { Fields, fieldsOf } from './fields.ts';
import { followPath } from './refs.ts';
import type { Bucket } from './rate-limits.ts';
import type { Variables } from './rule.ts';

/** An entity in a state of the data. */
export interface Entity {
  readonly etype: string;
  readonly id: string;
  readonly row: Row | undefined;
  readonly db: Db;
}

export function entityFields({ etype, id, row, db }: Entity, mayFollow = true): Fields {
  const { forward } = db.attrs.namespace(etype);
  return new Fields({
    read: (name) => {
      if (name === 'id') return id;
      const attr = forward.get(name);
      if (!attr || !row || attr.isMany) return undefined;
      return attr.isRef ? row.targets(attr)[0] : row.value(attr);
    },
    names: () => [...forward.keys()],
    ...(mayFollow && { follow: (path: string) => followPath(db, etype, id, path) }),
  });
}

/** The same as JSON, for people to look at. */
export function entityRecord({ etype, id, row, db }: Entity): Record<string, unknown> {
  const record: Record<string, unknown> = { id };
  for (const attr of db.attrs.namespace(etype).forward.values()) {
    const value = !row || attr.isMany ? undefined : attr.isRef ? row.targets(attr)[0] : row.value(attr);
    if (value !== undefined && attr.label !== '__proto__') record[attr.label] = value;
  }
  return record;
}

const nothing = fieldsOf({});
const prefix = '$user.';

export function authFields({ userId }: Actor, db: Db): Fields {
  if (userId === undefined) return new Fields({ read: () => null, follow: () => [] });
  const user = (): Fields => entityFields({ etype: '$users', id: userId, row: db.row('$users', userId), db });
  return new Fields({
    read: (name) => user().get(name),
    names: () => user().keys(),
    follow: (path) => {
      if (!path.startsWith(prefix)) throw new Error(`the path of auth.ref begins with '${prefix}'`);
      return followPath(db, '$users', userId, path.slice(prefix.length));
    },
  });
}

export interface RuleContext {
  readonly actor: Actor;
  readonly now: () => number;
  /** The data as they are now. */
  readonly db: () => Db;
  readonly buckets: ReadonlyMap<string, Bucket>;
}

type Shared = Pick<Variables, 'auth' | 'ruleParams' | 'request' | 'rateLimit'>;

/** All that does not depend on the entity. */
export function sharedVariables(
  { actor, now, buckets }: RuleContext,
  db: Db,
  params: Readonly<Record<string, unknown>> | undefined,
): Shared {
  return {
    auth: authFields(actor, db),
    ruleParams: params ? fieldsOf(params) : nothing,
    request: requestFields(actor, now),
    rateLimit: new Fields({ read: (name) => buckets.get(name) }),
  };
}

export function requestFields({ ip = '', origin = '' }: Actor, now: () => number, modified: readonly string[] = []): Fields {
  const fixed = fieldsOf({ modifiedFields: modified, ip, origin });
  return new Fields({ read: (name) => (name === 'time' ? new Date(now()) : fixed.get(name)) });
}
