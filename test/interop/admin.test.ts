// The official `@instantdb/admin` from npm, unmodified, at our server: all of it that the server serves. And the official core,
// signing people in.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { i, init, InstantAPIError, lookup, type InstantUnknownSchema } from '@instantdb/admin';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type MagicCodeMail, type TriplaneServer } from '../../src/server/index.ts';
import { clients, type Opened } from './clients.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

let server: TriplaneServer;
let mails: MagicCodeMail[];
let opened: Opened[];

function admin(): ReturnType<typeof init<InstantUnknownSchema>> {
  return init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
}

async function setRules(code: unknown): Promise<void> {
  const result = await fetch(`${server.url}/dash/apps/${server.appId}/rules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` },
    body: JSON.stringify({ code }),
  });
  expect(result.status).toBe(200);
}

onEachStorage((fresh) => {
  beforeEach(async () => {
    mails = [];
    opened = [];
    server = await createServer({ storage: await fresh(), sendMagicCode: (mail) => mails.push(mail) });
  });

  afterEach(async () => {
    for (const client of opened) client.close();
    await server.close();
  });

  const rejected = async (promise: Promise<unknown>): Promise<InstantAPIError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InstantAPIError);
    return error as InstantAPIError;
  };

  describe('query and transact', () => {
    test('data written by every kind of step can be read', async () => {
      const db = admin();
      const [goal, todo] = [id(), id()];
      const done = await db.transact([
        db.tx.goals![goal]!.create({ title: 'Run' } as never).link({ todos: todo }),
        db.tx.todos![todo]!.update({ text: 'shoes', n: { a: 1, b: 2 } }),
      ]);
      expect(done['tx-id']).toEqual(expect.any(Number));
      await db.transact(db.tx.todos![todo]!.merge({ n: { a: null, c: 3 } }));
      expect(await db.query({ goals: { todos: {} } })).toEqual({
        goals: [{ id: goal, title: 'Run', todos: [{ id: todo, text: 'shoes', n: { b: 2, c: 3 } }] }],
      });
      await db.transact(db.tx.goals![goal]!.unlink({ todos: todo }));
      await db.transact(db.tx.todos![todo]!.delete());
      expect(await db.query({ goals: { todos: {} }, todos: {}, nothing: {} })).toEqual({
        goals: [{ id: goal, title: 'Run', todos: [] }],
        todos: [],
        nothing: [],
      });
    });

    test('lookups and upsert modes work, and invalid calls are rejected', async () => {
      const db = admin();
      await db.transact(db.tx.people![lookup('handle', 'ana')]!.update({ name: 'Ana' }));
      await db.transact(db.tx.people![lookup('handle', 'ana')]!.update({ name: 'Anna' }));
      expect(await db.query({ people: {} })).toMatchObject({ people: [{ handle: 'ana', name: 'Anna' }] });
      const anonymous = await rejected(db.transact(db.tx.people![id()]!.update({ name: 'x' }, { upsert: false })));
      expect(anonymous).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
      const bad = await rejected(db.query({ people: { $: { limit: -1 } } }));
      expect(bad).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
    });

    test('with a schema, a has-one link is one object, and no attribute is created', async () => {
      const schema = i.schema({
        entities: { todos: i.entity({ text: i.string() }), lists: i.entity({ name: i.string() }) },
        links: { todoList: { forward: { on: 'todos', has: 'one', label: 'list' }, reverse: { on: 'lists', has: 'many', label: 'todos' } } },
      });
      const push = await fetch(`${server.url}/dash/apps/${server.appId}/schema/push/apply`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` },
        body: JSON.stringify({ schema }),
      });
      expect(push.status).toBe(200);
      const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI, schema, disableValidation: true });
      const [todo, list] = [id(), id()];
      await db.transact([db.tx.lists[list]!.create({ name: 'a' }), db.tx.todos[todo]!.create({ text: 'b' }).link({ list })]);
      expect(await db.query({ todos: { list: {} } })).toEqual({ todos: [{ id: todo, text: 'b', list: { id: list, name: 'a' } }] });
      const missing = await rejected(
        db.transact((db.tx as never as ReturnType<typeof admin>['tx']).todos![todo]!.update({ colour: 'red' })),
      );
      expect(missing).toMatchObject({
        body: { hint: { errors: [{ message: 'Attributes are missing in your schema', hint: { attributes: ['todos.colour'] } }] } },
      });
    });

    test('a wrong or missing admin token is rejected', async () => {
      const stranger = init({ appId: server.appId, adminToken: id(), apiURI: server.apiURI });
      const error = await rejected(stranger.query({ goals: {} }));
      expect(error).toMatchObject({ status: 400, body: { type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } } });
      expect(JSON.stringify(error.body)).not.toContain(server.adminToken);
    });
  });

  describe('asUser', () => {
    const rules = {
      notes: {
        allow: { view: 'isOwner', create: 'isOwner', update: 'isOwner', delete: 'false' },
        bind: ['isOwner', 'auth.id == data.owner'],
      },
    };

    async function people(): Promise<{ ann: string; token: string; note: string }> {
      const db = admin();
      const token = await db.auth.createToken({ email: 'ann@example.com' });
      const ann = (await db.auth.getUser({ email: 'ann@example.com' }))!.id;
      const note = id();
      await db.transact([
        db.tx.notes![note]!.create({ text: 'mine', owner: ann } as never),
        db.tx.notes![id()]!.create({ text: 'other', owner: id() } as never),
      ]);
      await setRules(rules);
      return { ann, token, note };
    }

    test('by email, by token, as a guest', async () => {
      const { token, note, ann } = await people();
      const own = { notes: [{ id: note, text: 'mine', owner: ann }] };
      expect(await admin().asUser({ email: 'ann@example.com' }).query({ notes: {} })).toEqual(own);
      const anonymous = init({ appId: server.appId, apiURI: server.apiURI });
      expect(await anonymous.asUser({ token }).query({ notes: {} })).toEqual(own);
      expect(await anonymous.asUser({ guest: true }).query({ notes: {} })).toEqual({ notes: [] });
      const db = anonymous.asUser({ guest: true });
      const error = await rejected(db.transact(db.tx.notes![note]!.update({ text: 'taken' })));
      expect(error).toMatchObject({
        status: 400,
        body: {
          type: 'permission-denied',
          message: `Permission denied: the 'create' or 'update' rule of 'notes' is not satisfied for notes ${note}`,
          hint: { input: ['notes', 'object'] },
        },
      });
      expect(await rejected(anonymous.asUser({ token: id() }).query({ notes: {} }))).toMatchObject({
        body: { type: 'record-not-found', hint: { 'record-type': 'app-user' } },
      });
      expect(await rejected(admin().asUser({ email: 'no@example.com' }).query({ notes: {} }))).toMatchObject({
        body: { type: 'record-not-found' },
      });
    });

    test('debugQuery and debugTransact report the rule checks', async () => {
      const { note, ann } = await people();
      const db = admin().asUser({ email: 'ann@example.com' });
      const { result, checkResults } = await db.debugQuery({ notes: {} });
      expect(result).toEqual({ notes: [{ id: note, text: 'mine', owner: ann }] });
      expect(checkResults.map((check: { check: unknown }) => check.check).sort()).toEqual([false, true]);
      expect(checkResults[0]).toMatchObject({ entity: 'notes', program: { etype: 'notes', action: 'view', 'display-code': 'isOwner' } });
      const tried = await db.debugTransact(db.tx.notes![note]!.update({ text: 'x' }));
      expect(tried).toMatchObject({
        'all-checks-ok?': true,
        'committed?': false,
        'check-results': [{ action: 'update', eid: note, 'check-pass?': true }],
      });
      const deleted = await db.debugTransact(db.tx.notes![note]!.delete(), {
        rules: { notes: { allow: { delete: 'request.ip == "1.2.3.4"' } } },
        ip: '1.2.3.4',
      });
      expect(deleted).toMatchObject({ 'all-checks-ok?': true, 'committed?': false });
      expect(await admin().query({ notes: { $: { where: { id: note } } } })).toMatchObject({ notes: [{ text: 'mine' }] });
      expect(await rejected(admin().debugQuery({ notes: {} }))).toMatchObject({ body: { hint: { 'data-type': 'non-admin' } } });
    });
  });

  describe('auth', () => {
    test('tokens are created and verified, users found and signed out', async () => {
      const { auth } = admin();
      const token = await auth.createToken({ email: 'Ann@Example.com' });
      const user = await auth.verifyToken(token);
      expect(user).toMatchObject({ email: 'ann@example.com', isGuest: false, refresh_token: token, app_id: server.appId });
      expect(await auth.getUser({ id: user.id })).toMatchObject({ id: user.id });
      expect(await auth.getUser({ email: 'nobody@example.com' })).toBeNull();
      await auth.signOut({ email: 'ann@example.com' });
      expect(await rejected(auth.verifyToken(token))).toMatchObject({
        status: 400,
        body: { type: 'record-not-found', hint: { 'record-type': 'app-user' } },
      });
      const second = await auth.createToken({ id: user.id });
      expect(await auth.getUser({ refresh_token: second })).toMatchObject({ id: user.id });
      expect(await auth.deleteUser({ id: user.id })).toMatchObject({ email: 'ann@example.com' });
      expect(await auth.getUser({ id: user.id })).toBeNull();
      await rejected(auth.verifyToken(second));
    });

    test('magic codes', async () => {
      const { auth } = admin();
      const { code } = await auth.generateMagicCode('bob@example.com');
      expect(code).toMatch(/^\d{6}$/);
      const wrong = code === '000000' ? '111111' : '000000';
      expect(await rejected(auth.checkMagicCode('bob@example.com', wrong))).toMatchObject({ body: { type: 'record-not-found' } });
      const { user, created } = await auth.checkMagicCode('bob@example.com', code);
      expect([created, user.email]).toEqual([true, 'bob@example.com']);
      await rejected(auth.checkMagicCode('bob@example.com', code));
      const sent = await auth.sendMagicCode('bob@example.com');
      expect(mails).toEqual([{ appId: server.appId, email: 'bob@example.com', code: sent.code }]);
      expect(await auth.verifyMagicCode('bob@example.com', sent.code)).toMatchObject({ id: user.id });
    });
  });

  test('the presence of a room can be read', async () => {
    const { rooms } = admin();
    expect(await rooms.getPresence('chat', 'r1')).toEqual({});
    const [client] = clients;
    const one = client!.open({ appId: server.appId, apiURI: server.apiURI, websocketURI: server.websocketURI });
    opened.push(one);
    one.room('chat', 'r1', { name: 'ann' });
    await eventually(async () =>
      expect(Object.values(await rooms.getPresence('chat', 'r1'))).toMatchObject([{ data: { name: 'ann' }, user: null }]),
    );
  });

  describe('the official core signs in', () => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types fit one schema
    type Core = Record<string, any>;

    async function coreDb(): Promise<Core> {
      const core: Core = await import('@instantdb/core');
      const items = new Map<string, unknown>();
      class InMemory extends core.StoreInterface {
        getItem = async (key: string): Promise<unknown> => items.get(key) ?? null;
        getAllKeys = async (): Promise<string[]> => [...items.keys()];
        setItem = async (key: string, value: unknown): Promise<void> => void items.set(key, value);
        removeItem = async (key: string): Promise<void> => void items.delete(key);
        multiSet = async (pairs: [string, unknown][]): Promise<void> => pairs.forEach(([key, value]) => items.set(key, value));
      }
      const { appId, apiURI, websocketURI } = server;
      const network = { getIsOnline: async () => true, listen: () => () => {} };
      const db = core.init({ appId, apiURI, websocketURI, devtool: false, __extraDedupeKey: id() }, InMemory, network);
      opened.push({ close: () => db.shutdown() } as Opened);
      return db;
    }

    test('with a magic code, and sees its own data; a revoked token ends the session', async () => {
      const db = await coreDb();
      let auth: Core = {};
      db.subscribeAuth((state: Core) => (auth = state));
      await db.auth.sendMagicCode({ email: 'ann@example.com' });
      const { user } = await db.auth.signInWithMagicCode({ email: 'ann@example.com', code: mails[0]!.code });
      await eventually(() => expect(auth.user).toMatchObject({ id: user.id, email: 'ann@example.com' }));
      let last: Core = {};
      db.subscribeQuery({ $users: {} }, (result: Core) => (last = result));
      await eventually(() => expect(last.data).toEqual({ $users: [expect.objectContaining({ id: user.id, email: 'ann@example.com' })] }));
      await admin().auth.signOut({ id: user.id });
      await eventually(() => expect(auth.user ?? null).toBeNull());
    });

    test('as a guest, who then becomes a user', async () => {
      const db = await coreDb();
      const { user: guest } = await db.auth.signInAsGuest();
      expect(guest).toMatchObject({ type: 'guest', isGuest: true });
      await db.auth.sendMagicCode({ email: 'bob@example.com' });
      const { user } = await db.auth.signInWithMagicCode({ email: 'bob@example.com', code: mails[0]!.code });
      expect(user).toMatchObject({ id: guest.id, email: 'bob@example.com', type: 'user' });
      await db.auth.signOut();
      await rejected(admin().auth.verifyToken(user.refresh_token));
    });

    test('and gets an error that it can show when the code is wrong', async () => {
      const db = await coreDb();
      const error: Core = await db.auth
        .signInWithMagicCode({ email: 'ann@example.com', code: '000000' })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ status: 400, body: { type: 'record-not-found', message: 'Record not found: app-user-magic-code' } });
    });
  });
});
