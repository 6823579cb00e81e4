// The client's call and the handler at the other end, each alone and both together.

import { expect, it } from 'vitest';

import { syncUser } from '../../src/http/first-party.ts';
import { createInstantRouteHandler } from '../../src/http/route-handler.ts';
import { useRecorder } from './recorder.ts';

const server = useRecorder();
const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const user = { id: '5d0e9f61-2b7a-4c38-9f10-6e8a1c2d3b4f', email: 'ä@example.org', isGuest: false, refresh_token: 't1' };
const { POST } = createInstantRouteHandler({ appId });
const notify = (body: string) => POST(new Request('https://a.org/api/instant/', { method: 'POST', body }));
const emptied = `instant_user_${appId}=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=-1`;
const filled = `instant_user_${appId}=${encodeURIComponent(JSON.stringify(user))}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=604800`;

it.each([
  ['a user', { type: 'sync-user', appId, user }, filled],
  ['a null user', { type: 'sync-user', appId, user: null }, emptied],
  ['no user', { type: 'sync-user', appId }, emptied],
  ['a user without a token', { type: 'sync-user', appId, user: { id: 'a' } }, emptied],
])('the cookie for %s', async (_name, body, cookie) => {
  const response = await notify(JSON.stringify(body));
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ ok: true });
  expect(response.headers.get('set-cookie')).toBe(cookie);
});

it.each([
  ['no JSON', 'hello', 400],
  ['no object', 'null', 400],
  ['no type', JSON.stringify({ appId }), 400],
  ['an unknown type', JSON.stringify({ type: 'x', appId }), 400],
  ['another app', JSON.stringify({ type: 'sync-user', appId: 'x', user }), 403],
])('refuses %s', async (_name, body, status) => {
  const response = await notify(body);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ ok: false, error: expect.any(String) });
  expect(response.headers.get('set-cookie')).toBeNull();
});

it('refuses a cross-site request, so that no other site can sign a user in', async () => {
  const body = JSON.stringify({ type: 'sync-user', appId, user });
  const from = (site: string) =>
    POST(new Request('https://a.org/api/instant/', { method: 'POST', body, headers: { 'sec-fetch-site': site } }));
  const responses = await Promise.all(['cross-site', 'same-site', 'same-origin', 'none'].map(from));
  expect(responses.map(({ status, headers }) => [status, headers.get('set-cookie')])).toEqual([[403, null], [200, filled], [200, filled], [200, filled]]); // prettier-ignore
});

it('syncUser posts the user to the first-party path', async () => {
  await syncUser({ appId, firstPartyPath: `${server.apiURI}/api/instant` }, user);
  expect(server.requested).toMatchObject([{ method: 'POST', url: '/api/instant/', headers: { 'content-type': 'application/json' } }]);
  expect(JSON.parse(server.requested[0]?.body ?? '')).toEqual({ type: 'sync-user', appId, user });
});

it('syncUser and the route work together, on a path without a host', async () => {
  const cookies: (string | null)[] = [];
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const response = await POST(new Request(`https://a.org${String(input)}`, init));
    cookies.push(response.headers.get('set-cookie'));
    return response;
  };
  await syncUser({ appId, firstPartyPath: '/api/instant', fetch }, user);
  await syncUser({ appId, firstPartyPath: '/api/instant', fetch }, null);
  expect(cookies).toEqual([filled, emptied]);
});
