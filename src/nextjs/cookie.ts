// Reads the signed-in user from the cookie that `createInstantRouteHandler` sets.

import { TriplaneError, type User } from 'triplane';

const appIdIsReference = "getUnverifiedUserFromInstantCookie: appId must be a string. Is it exported by a module with 'use client'?";

/**
 * Returns the user in the cookie of the current request. The cookie is not verified: use the user for queries, whose token the server
 * verifies, and not for authorization.
 *
 * @param appId the app
 * @returns the user, null if there is no valid cookie
 * @throws TriplaneError 'config-invalid' if `appId` is not a string, as where it comes from a module with 'use client'
 *
 * @example
 * const user = await getUnverifiedUserFromInstantCookie(appId);
 * return <Providers user={user}>{children}</Providers>;
 */
export async function getUnverifiedUserFromInstantCookie(appId: string): Promise<User | null> {
  if (typeof (appId as unknown) !== 'string') throw new TriplaneError('config-invalid', appIdIsReference);
  const { cookies } = await import('next/headers.js');
  return readUser((await cookies()).get(`instant_user_${appId}`)?.value);
}

/** @deprecated Use `getUnverifiedUserFromInstantCookie`, which has the same behavior under a clearer name. */
export function getUserFromInstantCookie(appId: string): Promise<User | null> {
  return getUnverifiedUserFromInstantCookie(appId);
}

/** Null for a malformed cookie: the page is then rendered for an anonymous visitor. */
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

/** Whether a cookie arrives decoded depends on how it is read. */
function decoded(cookie: string): string {
  try {
    return decodeURIComponent(cookie);
  } catch {
    return cookie;
  }
}
