// Our own client signs in at our server in every way there is; what it sees and may write goes by rules that ask who it is.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { init } from '../../src/index.ts';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type MagicCodeMail, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

const rules = {
  notes: {
    bind: ['isOwner', 'auth.id != null && auth.id == data.owner'],
    allow: { view: 'isOwner', create: 'isOwner', update: 'isOwner && newData.owner == data.owner', delete: 'isOwner' },
  },
  attrs: { allow: { create: 'true' } },
};

let server: TriplaneServer;
let mails: MagicCodeMail[];
let closing: (() => void)[];

interface Note {
  readonly id: string;
  readonly text: string;
  readonly owner: string;
}

/** A client, and what it knows of itself and of the notes. */
function open() {
  const { appId, apiURI, websocketURI } = server;
  const db = init({ appId, apiURI, websocketURI, storage: memoryStore(), webSocket: (url: string) => new WebSocket(url) });
  closing.push(() => db.shutdown());
  const seen: { user?: { readonly id: string } | null; notes?: readonly string[] | undefined } = {};
  db.subscribeAuth(({ user }) => (seen.user = user ?? null));
  db.subscribeQuery(
    { notes: {} },
    ({ data }) => (seen.notes = (data?.notes as readonly Note[] | undefined)?.map(({ text }) => text).sort()),
  );
  const write = (note: string, values: object): Promise<unknown> => db.transact(db.tx['notes']![note]!.update(values));
  return { db, seen, write };
}

type Client = ReturnType<typeof open>;

const sees = (client: Client, userId: string | undefined, notes: readonly string[]): Promise<void> =>
  eventually(() => expect([client.seen.user?.id, client.seen.notes]).toEqual([userId, notes]));

async function signInByCode({ db }: Client, email: string) {
  await db.auth.sendMagicCode({ email });
  const { user } = await db.auth.signInWithMagicCode({ email, code: mails.at(-1)?.code ?? '' });
  return user;
}

async function requestAdmin(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  const result = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(result.status).toBe(200);
  return (await result.json()) as Readonly<Record<string, unknown>>;
}

onEachStorage((fresh) => {
  beforeEach(async () => {
    mails = [];
    closing = [];
    server = await createServer({ storage: await fresh(), sendMagicCode: (mail) => mails.push(mail) });
    await requestAdmin(`/dash/apps/${server.appId}/rules`, { code: rules });
  });

  afterEach(async () => {
    for (const close of closing) close();
    await server.close();
  });

  describe('our client signs in', () => {
    test('with a magic code: it sees its own rows, and writes no others', async () => {
      const [ann, bob] = [open(), open()];
      await sees(ann, undefined, []);
      const [annUser, bobUser] = [await signInByCode(ann, 'ann@example.com'), await signInByCode(bob, 'bob@example.com')];
      const note = id();
      await ann.write(note, { text: 'of Ann', owner: annUser.id });
      await bob.write(id(), { text: 'of Bob', owner: bobUser.id });
      await sees(ann, annUser.id, ['of Ann']);
      await sees(bob, bobUser.id, ['of Bob']);
      const denied = { status: 400, body: { type: 'permission-denied' } };
      await expect(bob.write(note, { text: 'taken' })).rejects.toMatchObject(denied);
      await expect(ann.write(note, { owner: bobUser.id })).rejects.toMatchObject(denied);
      const anonymous = open();
      await sees(anonymous, undefined, []);
      await expect(anonymous.write(id(), { text: 'of nobody', owner: annUser.id })).rejects.toMatchObject(denied);
      await sees(bob, bobUser.id, ['of Bob']);
    });

    test('not with a wrong code', async () => {
      const client = open();
      const email = 'ann@example.com';
      await client.db.auth.sendMagicCode({ email });
      const code = mails[0]?.code === '000000' ? '111111' : '000000';
      await expect(client.db.auth.signInWithMagicCode({ email, code })).rejects.toMatchObject({
        status: 400,
        body: { type: 'record-not-found', message: 'Record not found: app-user-magic-code' },
      });
      await sees(client, undefined, []);
    });

    test('as a guest, who becomes a user and keeps the notes', async () => {
      const client = open();
      const { user: guest } = await client.db.auth.signInAsGuest();
      expect(guest).toMatchObject({ type: 'guest', isGuest: true });
      await client.write(id(), { text: 'of a guest', owner: guest.id });
      await sees(client, guest.id, ['of a guest']);
      const user = await signInByCode(client, 'ann@example.com');
      expect(user).toMatchObject({ id: guest.id, email: 'ann@example.com', type: 'user' });
      await sees(client, guest.id, ['of a guest']);
    });

    test('with a token, on two devices; signing out on one leaves the other signed in', async () => {
      const { user: made } = (await requestAdmin('/admin/refresh_tokens', { email: 'ann@example.com' })) as {
        user: { id: string; refresh_token: string };
      };
      const [api, phone] = [open(), open()];
      const { user } = await api.db.auth.signInWithToken(made.refresh_token);
      expect(user).toMatchObject({ id: made.id, email: 'ann@example.com' });
      await api.write(id(), { text: 'of Ann', owner: made.id });
      await signInByCode(phone, 'ann@example.com');
      await sees(phone, made.id, ['of Ann']);
      await api.db.auth.signOut();
      await sees(api, undefined, []);
      await expect(open().db.auth.signInWithToken(made.refresh_token)).rejects.toMatchObject({ body: { type: 'record-not-found' } });
      await phone.write(id(), { text: 'more of Ann', owner: made.id });
      await sees(phone, made.id, ['more of Ann', 'of Ann']);
      expect(api.seen.notes).toEqual([]);
    });

    test('and is signed out everywhere by an admin', async () => {
      const client = open();
      const user = await signInByCode(client, 'ann@example.com');
      await client.write(id(), { text: 'of Ann', owner: user.id });
      await sees(client, user.id, ['of Ann']);
      await requestAdmin('/admin/sign_out', { email: 'ann@example.com' });
      await sees(client, undefined, []);
    });
  });
});
