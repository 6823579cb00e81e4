// The cookie in which `createInstantRouteHandler` keeps who is signed in, read from a request.

import { isObject } from '../lib/json.ts';
import type { User } from '../types/auth.ts';

/** Undefined without a cookie of this app, and for one that holds no user: anyone may send any cookie. */
export function readUserCookie(header: string, appId: string): User | undefined {
  const name = `instant_user_${appId}=`;
  const found = header
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(name));
  if (found === undefined) return undefined;
  const user = parse(found.slice(name.length).replace(/^"(.*)"$/, '$1'));
  return isObject(user) && typeof user['refresh_token'] === 'string' && user['refresh_token'] !== '' ? (user as User) : undefined;
}

function parse(value: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(value));
  } catch {
    return undefined;
  }
}
