// A guest who has writes waiting signs in as a user who exists already. The guest cannot come back, so what they wrote is the user's.

import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { id, init, type KeyValue } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const email = 'ann@example.com';
const codes = new Map<string, string>();
let server: TriplaneServer;
let isUp: boolean;

beforeEach(async () => {
  isUp = true;
  server = await createServer({ sendMagicCode: (mail) => codes.set(mail.email, mail.code) });
});
afterEach(() => server.close());

/** Its requests arrive; its sockets only while `isUp`. */
function open(storage: KeyValue) {
  const webSocket = (url: string) => {
    if (!isUp) throw new Error('no network');
    return new WebSocket(url);
  };
  return init({ appId: server.appId, apiURI: server.apiURI, storage, webSocket, onError: () => {} });
}
type Db = ReturnType<typeof open>;

const write = (db: Db, title: string) => db.transact(db.tx['goals']![id()]!.create({ title }));
const states = (db: Db): string[] => db.outbox.list().map(({ state }) => state);

async function signIn(db: Db): Promise<void> {
  await db.auth.sendMagicCode({ email });
  await db.auth.signInWithMagicCode({ email, code: codes.get(email) ?? '' });
}

async function request(path: string, body: object): Promise<unknown> {
  const { adminToken, apiURI, appId } = server;
  const headers = { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}` };
  return (await fetch(apiURI + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

async function titles(): Promise<string[]> {
  const { goals } = (await request('/admin/query', { query: { goals: {} } })) as { goals: { title: string }[] };
  return goals.map(({ title }) => title).sort();
}

/** The guest's client, with a write that waits. */
async function waitingGuest(store: KeyValue): Promise<Db> {
  await request('/admin/refresh_tokens', { email });
  const db = open(store);
  isUp = false;
  await db.auth.signInAsGuest();
  const waiting = write(db, 'as a guest');
  waiting.catch(() => {});
  await waiting.queued;
  return db;
}

test('the writes of a guest go out in the name of the user the guest became', async () => {
  const db = await waitingGuest(memoryStore());
  await signIn(db);
  expect((await db.getAuth())?.email).toBe(email);
  expect(states(db)).toEqual(['pending']);
  isUp = true;
  await expect.poll(titles).toEqual(['as a guest']);
  await expect.poll(() => states(db)).toEqual([]);
  await db.close();
});

test('also if the client is closed before they are sent, and only once', async () => {
  const store = memoryStore();
  const kept = { ...store, close: () => {} };
  const db = await waitingGuest(kept);
  await signIn(db);
  await db.close();
  const again = open(kept);
  await again.getAuth();
  expect(states(again)).toEqual(['pending']);
  isUp = true;
  await expect.poll(titles).toEqual(['as a guest']);
  await expect.poll(() => states(again)).toEqual([]);
  await again.close();
  const last = open(kept);
  await last.getAuth();
  expect(states(last)).toEqual([]);
  await last.close();
});

test('what a guest was refused is listed for the user', async () => {
  const db = await waitingGuest(memoryStore());
  isUp = true;
  await expect.poll(() => states(db)).toEqual([]);
  const code = { goals: { allow: { create: 'false' } } };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` };
  await fetch(`${server.apiURI}/superadmin/apps/${server.appId}/perms`, { method: 'POST', headers, body: JSON.stringify({ code }) });
  await expect(write(db, 'refused').settled).rejects.toMatchObject({ code: 'refused' });
  await signIn(db);
  expect(states(db)).toEqual(['rejected']);
  await db.close();
});

test('another user who signs in with a token gets none of them', async () => {
  const db = await waitingGuest(memoryStore());
  const { user } = (await request('/admin/refresh_tokens', { email: 'bob@example.com' })) as { user: { refresh_token: string } };
  await db.auth.signInWithToken(user.refresh_token);
  expect(states(db)).toEqual([]);
  isUp = true;
  await write(db, 'by Bob').settled;
  expect(await titles()).toEqual(['by Bob']);
  await db.close();
});
