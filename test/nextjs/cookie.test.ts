// The cookie the route handler sets is the one that is read; anything else is nobody.

import { expect, test } from 'vitest';

import { readUser } from '../../src/nextjs/cookie.ts';
import { createInstantRouteHandler, getUnverifiedUserFromInstantCookie } from '../../src/nextjs/index.ts';

const appId = 'a9900000-0000-4000-8000-000000000001';
const user = { id: 'u', refresh_token: 't', email: '100%25 "ana"@example.com', isGuest: false };

test('the user is read as it was set, decoded or not', async () => {
  const { POST } = createInstantRouteHandler({ appId });
  const body = JSON.stringify({ type: 'sync-user', appId, user });
  const { headers } = await POST(new Request('http://localhost/', { method: 'POST', body }));
  const value = /^instant_user_[\w-]+=([^;]*);/.exec(headers.get('set-cookie') ?? '')?.[1];
  expect(readUser(value)).toEqual(user);
  expect(readUser(decodeURIComponent(value ?? ''))).toEqual(user);
});

test.each([
  undefined,
  '',
  '{',
  '%',
  '%E0%A4%A',
  'null',
  '7',
  '{"id":"u"}',
  '{"id":{},"refresh_token":"t"}',
  '{"id":"u","refresh_token":7}',
  '{"id":"u","refresh_token":""}',
  '[]',
])('%s yields no user', (value) => {
  expect(readUser(value)).toBeNull();
});

test('an app id that is a client reference, as from a module with `use client`, is rejected', async () => {
  const reference = (() => {}) as unknown as string;
  const expected = expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining('use client') as string }) as Error;
  expect(() => createInstantRouteHandler({ appId: reference })).toThrow(expected);
  await expect(getUnverifiedUserFromInstantCookie(reference)).rejects.toThrow(expected);
});
