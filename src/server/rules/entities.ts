// The variables of a rule: entities, the actor, and the request. References are followed in all of the given data, including entities the
// actor cannot view.

import type { Db } from '../../db/db.ts';
import type { Row } from '../../db/row.ts';
import type { Actor } from '../data/system-rules.ts';
import { createdAt, isGuest } from '../auth/users.ts';
import { timestampOfMs } from './cel/time.ts';
import { EvaluationError, MapLiteral } from './cel/values.ts';
import { Fields, fieldsOf, RequestValue } from './fields.ts';
import { followPath } from './refs.ts';
import type { Bucket } from './rate-limits.ts';
import type { Rule, Variables } from './rule.ts';

/** An entity in one state of the data. */
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

/** The same as JSON, for display. */
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

/** The user with its own attributes and those of the session. For anonymous actors everything is null. */
export function authFields({ userId }: Actor, db: Db, appId: string): Fields {
  if (userId === undefined) return new Fields({ read: () => null, follow: () => [] });
  // Read on demand, so that it stays valid as long as the data.
  const row = (): Row | undefined => db.row('$users', userId);
  const user = (): Fields => entityFields({ etype: '$users', id: userId, row: row(), db });
  const told: Readonly<Record<string, (row: Row) => unknown>> = {
    isGuest: (found) => isGuest(db, found),
    app_id: () => appId,
    created_at: createdAt,
  };
  const tell = (name: string): unknown => {
    const found = row();
    return found && told[name]?.(found);
  };
  return new Fields({
    read: (name) => (Object.hasOwn(told, name) ? tell(name) : user().get(name)),
    names: () => [...user().keys(), ...Object.keys(told)],
    follow: (path) => {
      if (!path.startsWith(prefix)) throw new EvaluationError(`the path of auth.ref begins with '${prefix}'`);
      return followPath(db, '$users', userId, path.slice(prefix.length));
    },
  });
}

export interface RuleContext {
  readonly actor: Actor;
  readonly appId: string;
  readonly now: () => number;
  /** The current data. */
  readonly db: () => Db;
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Called when a rule cannot be evaluated on an entity. */
  readonly failed: (failure: RuleFailure) => void;
}

export interface RuleFailure {
  readonly rule: Rule;
  /** `etype`, or `etype.label`. */
  readonly place: string;
  readonly id: string;
  readonly error: unknown;
  readonly variables: Variables;
}

type Shared = Pick<Variables, 'auth' | 'ruleParams' | 'request' | 'rateLimit'>;

/** The variables that do not depend on the entity. */
export function sharedVariables(
  { actor, appId, now, buckets }: RuleContext,
  db: Db,
  params: Readonly<Record<string, unknown>> | undefined,
): Shared {
  return {
    auth: authFields(actor, db, appId),
    ruleParams: params ? fieldsOf(params) : nothing,
    request: requestOf(actor, now),
    rateLimit: bucketMap(buckets),
  };
}

function bucketMap(buckets: ReadonlyMap<string, Bucket>): MapLiteral {
  const map = new MapLiteral();
  for (const [name, bucket] of buckets) map.add(name, bucket);
  return map;
}

export function requestOf({ ip = '', origin = '' }: Actor, now: () => number, modified: readonly string[] = []): RequestValue {
  return new RequestValue({ modifiedFields: () => modified, ip: () => ip, origin: () => origin, time: () => timestampOfMs(now()) });
}
