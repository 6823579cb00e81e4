// The app's own web server: receives the signed-in user from the client (first-party.ts), and stores it in a cookie.

import { TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';

const appIdIsReference = "createInstantRouteHandler: appId must be a string. Is it exported by a module with 'use client'?";
const weekSeconds = 604_800;

/**
 * Creates the route handler for the messages of a client with `firstPartyPath`; mount it at that path.
 *
 * @param config.appId the app whose messages are accepted
 * @returns handlers by HTTP method
 * @throws TriplaneError 'config-invalid' if `appId` is not a string, as where it comes from a module with 'use client'
 *
 * @example
 * // app/api/instant/route.ts
 * export const { POST } = createInstantRouteHandler({ appId });
 */
export function createInstantRouteHandler(config: { appId: string }): { POST: (req: Request) => Promise<Response> } {
  const { appId } = config;
  if (typeof appId !== 'string') throw new TriplaneError('config-invalid', appIdIsReference);
  return { POST: (req) => handleRequest(appId, req) };
}

async function handleRequest(appId: string, req: Request): Promise<Response> {
  // Protects against login CSRF: a form on another site could set the cookie of its visitors.
  if (req.headers.get('sec-fetch-site') === 'cross-site') return errorResponse(403, 'Cross-site requests are not accepted');
  const body: unknown = await req.json().catch(() => undefined);
  if (!isObject(body)) return errorResponse(400, 'The body is not a JSON object');
  if (!body['type']) return errorResponse(400, 'The body lacks "type"');
  if (body['appId'] !== appId) return errorResponse(403, 'The body belongs to another app');
  if (body['type'] !== 'sync-user') return errorResponse(400, 'Unknown "type" in the body');
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
