// Requests of an admin that name a user twice.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../../src/server/server.ts';

interface User {
  readonly id: string;
  readonly refresh_token: string;
}

let server: TriplaneServer;

beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

async function send(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { 'app-id': server.appId, authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
  const response = await fetch(`${server.apiURI}/admin/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

async function made(email: string): Promise<User> {
  return ((await send('POST', 'refresh_tokens', { email })).body as { readonly user: User }).user;
}

const isThere = async (id: string): Promise<boolean> =>
  ((await send('GET', `users?id=${id}`)).body as { readonly user: unknown }).user !== null;

test('deleting a user whose id, e-mail address or token is another user’s deletes neither', async () => {
  const [ann, bob] = [await made('ann@example.com'), await made('bob@example.com')];
  for (const query of [`email=bob@example.com&id=${ann.id}`, `refresh_token=${bob.refresh_token}&id=${ann.id}`, `id=${ann.id}&email=x@y.z`])
    expect(await send('DELETE', `users?${query}`)).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
  expect([await isThere(ann.id), await isThere(bob.id)]).toEqual([true, true]);
  // As InstantDB: the address counts.
  expect((await send('GET', `users?email=bob@example.com&id=${ann.id}`)).body).toMatchObject({ user: { id: bob.id } });
  const all = `email=ann@example.com&id=${ann.id}&refresh_token=${ann.refresh_token}`;
  expect((await send('DELETE', `users?${all}`)).body).toMatchObject({ deleted: { id: ann.id } });
  expect((await send('DELETE', `users?id=&email=bob@example.com`)).body).toMatchObject({ deleted: { id: bob.id } });
});

test('signing out two different users at once signs out neither', async () => {
  const [cat, dan] = [await made('cat@example.com'), await made('dan@example.com')];
  expect(await send('POST', 'sign_out', { id: cat.id, email: 'dan@example.com' })).toMatchObject({ status: 400 });
  for (const { refresh_token: token, id } of [cat, dan]) {
    expect((await send('GET', `users?refresh_token=${token}`)).body).toMatchObject({ user: { id } });
    expect(await send('POST', 'sign_out', { id, refresh_token: token })).toMatchObject({ status: 200 });
    expect((await send('GET', `users?refresh_token=${token}`)).body).toEqual({ user: null });
  }
});
