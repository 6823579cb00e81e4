// Who was signed in when the program last ran, as it is kept.

import { isObject } from '../protocol/check.ts';
import type { User } from '../types/auth.ts';

/** Where the user is kept. */
export const userKey = 'user';

/** What was kept; undefined for what makes no sense. */
export function readUser(value: unknown): User | undefined {
  if (!isObject(value) || typeof value.id !== 'string' || typeof value.refresh_token !== 'string') return undefined;
  return { ...value, id: value.id, refresh_token: value.refresh_token, isGuest: value.isGuest === true };
}
