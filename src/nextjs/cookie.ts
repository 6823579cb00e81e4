// Who the browser says is signed in, from the cookie that `createInstantRouteHandler` sets.

import type { User } from 'triplane';

/**
 * The user in the cookie of the request that is being answered. Nobody has verified it: it is good for asking, as its token is checked
 * where the question is answered, and not for deciding anything here.
 *
 * @example
 * const user = await getUnverifiedUserFromInstantCookie(appId);
 * return <Providers user={user}>{children}</Providers>;
 */
export async function getUnverifiedUserFromInstantCookie(appId: string): Promise<User | null> {
  const { cookies } = await import('next/headers.js');
  return readUser((await cookies()).get(`instant_user_${appId}`)?.value);
}

/** @deprecated Use `getUnverifiedUserFromInstantCookie`, which says what it is. */
export function getUserFromInstantCookie(appId: string): Promise<User | null> {
  return getUnverifiedUserFromInstantCookie(appId);
}

/** Null for a cookie that makes no sense: the page is nobody's then, and is drawn. */
export function readUser(cookie: string | undefined): User | null {
  if (!cookie) return null;
  const user = parse(cookie) ?? parse(decoded(cookie));
  if (typeof user !== 'object' || user === null || !('id' in user && 'refresh_token' in user)) return null;
  return isText(user.id) && isText(user.refresh_token) ? (user as User) : null;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a cookie comes decoded depends on who reads it. */
function decoded(cookie: string): string {
  try {
    return decodeURIComponent(cookie);
  } catch {
    return cookie;
  }
}
