// Creation of a new user: permission, and the steps that create it.

import type { Db } from '../../db/db.ts';
import type { Actor } from '../data/system-rules.ts';
import { invalid } from '../errors.ts';
import { fieldsOf } from '../rules/fields.ts';
import type { Guard } from '../rules/guard.ts';
import { sharedVariables } from '../rules/entities.ts';

export interface Profile {
  readonly id: string;
  readonly email?: string | null;
  readonly type?: 'user' | 'guest';
  readonly imageURL?: string;
  readonly extraFields?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Checks that only attributes added by the app are set.
 *
 * @throws InstantAPIError
 */
export function checkExtraFields(db: Db, fields: Profile['extraFields'] = {}): void {
  for (const label of Object.keys(fields)) {
    const attr = db.attrs.forward('$users', label);
    if (attr && !attr.isSystem && !attr.isRef) continue;
    const message = attr?.isSystem
      ? `The field '${label}' belongs to the system and cannot be set at sign-up`
      : `The schema has no field '${label}' of $users`;
    throw invalid('extra-fields', fields, [{ message }]);
  }
}

type Client = Pick<Actor, 'ip' | 'origin'>;

/** Evaluates the app's rule for new users. Without one, anybody may sign up, but not set extra fields. */
export function checkSignup(guard: Guard, db: Db, { id, email, extraFields = {} }: Profile, client: Client): boolean {
  const rule = guard.rules.explicit('$users', 'create');
  if (!rule) return Object.keys(extraFields).length === 0;
  const user = fieldsOf({ ...extraFields, id, ...(typeof email === 'string' && { email }) }, () => []);
  const shared = sharedVariables(guard.ruleContext({ userId: undefined, isAdmin: false, ...client }), db, undefined);
  const variables = { ...shared, auth: user, data: user, newData: user };
  try {
    return rule.passes(variables);
  } catch (error) {
    throw guard.rejected({ rule, place: '$users', id, error, variables });
  }
}

/** A guest has no address; any other new user has one, or null. */
export function newUserSteps(db: Db, profile: Profile): unknown[][] {
  const email = profile.type === 'guest' ? undefined : (profile.email ?? null);
  return userSteps(db, email === undefined ? profile : { ...profile, email });
}

export function userSteps(db: Db, { id, email, type, imageURL, extraFields = {} }: Profile): unknown[][] {
  const values: Readonly<Record<string, unknown>> = { ...extraFields, id, email, type, imageURL };
  return Object.entries({ id, ...values }).flatMap(([label, value]) => {
    const attr = db.attrs.forward('$users', label);
    return attr && value !== undefined ? [['add-triple', id, attr.id, value]] : [];
  });
}
