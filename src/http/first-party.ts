// Who is signed in, told to the web server of one's own program, which keeps it in a cookie: the client's call, and the handler for the
// other end. When to call is the session's affair; reading the cookie is the admin's.

import { isObject } from '../lib/json.ts';
import type { User } from '../types/auth.ts';
import type { InstantRouteHandlerBody } from '../types/auth.ts';
import { type HttpConfig, request } from './request.ts';

type FirstPartyConfig = Omit<HttpConfig, 'apiURI'> & { readonly appId: string; readonly firstPartyPath: string };

/** Tells who is signed in now. */
export async function syncUser(config: FirstPartyConfig, user: User | null): Promise<void> {
  const { appId, firstPartyPath: apiURI, fetch, clock } = config;
  const body: InstantRouteHandlerBody = { type: 'sync-user', appId, user };
  await request({ apiURI, fetch, clock }, { method: 'POST', path: '/', body });
}

const weekSeconds = 604_800;

/**
 * Answers what a client with `firstPartyPath` tells: mount it at that path.
 *
 * @example
 * // app/api/instant/route.ts
 * export const { POST } = createInstantRouteHandler({ appId });
 */
export function createInstantRouteHandler(config: { appId: string }): { POST: (req: Request) => Promise<Response> } {
  return { POST: (req) => handleRequest(config.appId, req) };
}

async function handleRequest(appId: string, req: Request): Promise<Response> {
  // Nobody else's page may sign its visitors in here: a form that it sends would have the cookie set.
  if (req.headers.get('sec-fetch-site') === 'cross-site') return errorResponse(403, 'The request comes from another site');
  const body: unknown = await req.json().catch(() => undefined);
  if (!isObject(body)) return errorResponse(400, 'The body is not a JSON object');
  if (!body['type']) return errorResponse(400, 'The body has no "type"');
  if (body['appId'] !== appId) return errorResponse(403, 'The body is meant for another app');
  if (body['type'] !== 'sync-user') return errorResponse(400, 'The "type" of the body is not one that is known here');
  return json(200, { ok: true }, { 'set-cookie': cookie(appId, body['user']) });
}

function cookie(appId: string, user: unknown): string {
  const isSignedIn = isObject(user) && Boolean(user['refresh_token']);
  const [value, age] = isSignedIn ? [encodeURIComponent(JSON.stringify(user)), weekSeconds] : ['', -1];
  return `instant_user_${appId}=${value}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${age}`;
}

function errorResponse(status: number, error: string): Response {
  return json(status, { ok: false, error });
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}
