// Every feature of the admin SDK, with ours and with the official package, against the embedded server on each storage.
// A test's number is that of the feature in docs/admin.md.

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { i, init as clientInit, memoryStore } from '../../src/index.ts';
import { createServer, type MagicCodeMail, type TriplaneServer } from '../../src/server/index.ts';
import { onEachStorage } from '../support/storages.ts';
import { failureOf, sdks } from './sdks.ts';
import { eventually } from '../support/eventually.ts';

const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed().optional(), nickname: i.string().optional() }),
    $streams: i.entity({ clientId: i.string().unique().indexed(), done: i.boolean().optional(), size: i.number().optional() }),
    goals: i.entity({ title: i.string(), createdAt: i.number().indexed(), due: i.date().optional() }),
    todos: i.entity({ text: i.string(), done: i.boolean().optional() }),
    people: i.entity({ email: i.string().unique().indexed(), name: i.string().optional() }),
    notes: i.entity({ text: i.string(), region: i.string().indexed().optional(), owner: i.string().optional() }),
    limited: i.entity({ text: i.string() }),
  },
  links: {
    goalTodos: { forward: { on: 'todos', has: 'one', label: 'goal' }, reverse: { on: 'goals', has: 'many', label: 'todos' } },
  },
  rooms: { chat: { presence: i.entity({ name: i.string() }) } },
});

const rules = {
  notes: {
    allow: {
      view: 'isOwner || (data.region != null && data.region == ruleParams.region)',
      create: 'isOwner',
      update: 'isOwner',
      delete: 'false',
    },
    bind: { isOwner: 'auth.id != null && auth.id == data.owner' },
  },
  goals: { allow: { view: 'true', $default: 'auth.id != null' } },
  $streams: { allow: { view: 'true', create: 'auth.id != null' } },
  $rateLimits: { few: { limits: [{ capacity: 1, refill: { period: '1 day' } }] } },
  limited: { allow: { create: "rateLimit.few.limit('all')" } },
};

type Payload = { type: string; data?: Record<string, Record<string, unknown>[]>; isClosed?: boolean };

let server: TriplaneServer;
let mails: MagicCodeMail[];

onEachStorage((fresh) => {
  beforeAll(async () => {
    mails = [];
    const storage = await fresh();
    server = await createServer({ storage, schema, rules: rules, sendMagicCode: (mail) => mails.push(mail) });
  }, 60_000);
  afterAll(() => server.close());

  describe.each(sdks)('%s', (name, sdk) => {
    const { id, lookup } = sdk;
    const config = () => ({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
    const open_ = () => sdk.init({ ...config(), schema });
    const anonymous = () => sdk.init({ appId: server.appId, apiURI: server.apiURI, adminToken: null });
    const mail = () => `${id()}@example.com`;
    let db: ReturnType<typeof open_>;
    beforeEach(() => {
      db = open_();
    });

    test('S01 the package has its types and runs on this platform', () => {
      expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(20);
      expect(typeof sdk.init).toBe('function');
    });

    test('S03 init accepts the app id and the admin token', async () => {
      const given = sdk.init({ appId: ` ${server.appId} `, adminToken: `${server.adminToken}\n`, apiURI: server.apiURI });
      expect(await given.query({ nothing: {} })).toEqual({ nothing: [] });
    });

    test('S04 our SDK reads missing options from the environment', async () => {
      const names = { INSTANT_APP_ID: server.appId, INSTANT_APP_ADMIN_TOKEN: server.adminToken, INSTANT_API_URI: server.apiURI };
      for (const [variable, value] of Object.entries(names)) vi.stubEnv(variable, value);
      try {
        const given = (): unknown => (sdk.init as () => ReturnType<typeof open_>)().query({ goals: { $: { limit: 1 } } });
        // The official package reads no environment.
        if (name === '@instantdb/admin') await failureOf(given);
        else expect(await given()).toHaveProperty('goals');
      } finally {
        vi.unstubAllEnvs();
      }
    });

    test('S05 id is a random UUID', () => {
      expect(sdk.id()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect(sdk.id()).not.toBe(sdk.id());
    });

    test('S06 a transaction writes and returns its transaction id', async () => {
      const goal = id();
      const result = (await db.transact(db.tx.goals[goal]!.update({ title: 'Get fit', createdAt: 1 }))) as Record<string, unknown>;
      expect(result).toEqual({ 'tx-id': expect.any(Number) as number });
      expect(await db.query({ goals: { $: { where: { id: goal } } } })).toEqual({ goals: [{ id: goal, title: 'Get fit', createdAt: 1 }] });
    });

    test('S07 a query returns an object keyed by namespace', async () => {
      const todo = id();
      await db.transact(db.tx.todos[todo]!.create({ text: 'Run' }));
      expect(await db.query({ todos: { $: { where: { id: todo } } } })).toEqual({ todos: [{ id: todo, text: 'Run' }] });
    });

    test('S08 the admin token bypasses the rules', async () => {
      const note = id();
      await db.transact(db.tx.notes[note]!.create({ text: 'of nobody' }));
      expect((await db.query({ notes: { $: { where: { id: note } } } })).notes).toHaveLength(1);
      expect((await db.asUser({ guest: true }).query({ notes: { $: { where: { id: note } } } })).notes).toEqual([]);
    });

    test('S09 S10 every call returns a promise; there is one client, and no synchronous one', async () => {
      const calls = [db.query({ todos: {} }), db.transact([]), db.auth.getUser({ email: mail() }), db.rooms.getPresence('chat', 'none')];
      for (const call of calls) expect(call).toBeInstanceOf(Promise);
      await Promise.all(calls);
    });

    test('S11 subscriptions and streams are always available', () => {
      expect(typeof db.subscribeQuery).toBe('function');
      expect(typeof db.streams.createWriteStream).toBe('function');
    });

    test('S12 schema and rules are pushed and pulled with the admin token', async () => {
      const call = async (method: string, path: string, body?: object): Promise<unknown> => {
        const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' };
        const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
        return (await fetch(`${server.apiURI}/dash/apps/${server.appId}/${path}`, init)).json();
      };
      const pushed = `pushed${name.length}`;
      const { entities, links } = sdk.i.schema({ entities: { [pushed]: sdk.i.entity({ title: sdk.i.string() }) }, links: {} });
      await call('POST', 'schema/push/apply', { schema: { entities, links }, check_types: true, supports_background_updates: true });
      await call('POST', 'rules', { code: { ...rules, [pushed]: { allow: { view: 'false' } } } });
      expect(await call('GET', 'schema/pull')).toMatchObject({ schema: { blobs: { [pushed]: { title: expect.anything() as unknown } } } });
      const free = sdk.init(config());
      await free.transact(free.tx[pushed]![id()]!.create({ title: 'hidden' }));
      expect((await free.query({ [pushed]: {} }))[pushed]).toHaveLength(1);
      expect(await free.asUser({ guest: true }).query({ [pushed]: {} })).toEqual({ [pushed]: [] });
      await call('POST', 'rules', { code: rules });
    });

    test('S13 a request handler returns what it wrote, typed by the schema', async () => {
      const createTodo = async (request: Request): Promise<Response> => {
        const { text } = (await request.json()) as { text: string };
        const todo = id();
        await db.transact(db.tx.todos[todo]!.create({ text }));
        const { todos } = await db.query({ todos: { $: { where: { id: todo } } } });
        return Response.json(todos[0]);
      };
      const response = await createTodo(
        new Request('http://app.example/todos', { method: 'POST', body: JSON.stringify({ text: 'swim' }) }),
      );
      expect(await response.json()).toMatchObject({ text: 'swim' });
    });

    test('S14 one query reads several namespaces', async () => {
      expect(Object.keys(await db.query({ goals: {}, todos: {}, people: {} })).sort()).toEqual(['goals', 'people', 'todos']);
    });

    describe('with three goals', () => {
      let goals: string[];
      let todo: string;
      beforeAll(async () => {
        const data = open_();
        goals = [id(), id(), id()];
        todo = id();
        await data.transact(goals.map((goal, n) => data.tx.goals[goal]!.create({ title: `${name} ${n}`, createdAt: n })));
        await data.transact(data.tx.todos[todo]!.create({ text: 'shoes' }).link({ goal: goals[0]! }));
      });
      const own = () => ({ id: { $in: goals } });

      test('S15 nested children', async () => {
        const found = await db.query({ goals: { $: { where: { id: goals[0]! } }, todos: { goal: {} } } });
        expect(found.goals[0]).toMatchObject({ id: goals[0], todos: [{ id: todo, text: 'shoes', goal: { id: goals[0] } }] });
      });

      test('S16 operators', async () => {
        const where = { ...own(), title: { $ne: `${name} 0` } };
        expect((await db.query({ goals: { $: { where } } })).goals.map((goal) => goal.id).sort()).toEqual(goals.slice(1).sort());
      });

      test('S17 limit and order', async () => {
        const found = await db.query({ goals: { $: { where: own(), limit: 2, order: { createdAt: 'desc' } } } });
        expect(found.goals.map(({ createdAt }) => createdAt)).toEqual([2, 1]);
      });
    });

    test('S18 rule params', async () => {
      const [note, region] = [id(), id()];
      await db.transact(db.tx.notes[note]!.create({ text: 'regional', region }));
      const guest = db.asUser({ guest: true });
      const query = { notes: { $: { where: { id: note } } } };
      expect((await guest.query(query, { ruleParams: { region } })).notes).toHaveLength(1);
      expect((await guest.query(query, { ruleParams: { region: 'other' } })).notes).toEqual([]);
    });

    test('S19 a list of chunks is one transaction', async () => {
      const [goal, todo] = [id(), id()];
      await db.transact([
        db.tx.goals[goal]!.create({ title: 'Get fit', createdAt: 1 }),
        db.tx.todos[todo]!.create({ text: 'Run' }),
        db.tx.goals[goal]!.link({ todos: todo }),
      ]);
      expect((await db.query({ goals: { $: { where: { id: goal } }, todos: {} } })).goals[0]?.todos).toMatchObject([{ id: todo }]);
      const failure = await failureOf(() =>
        db.transact([db.tx.todos[id()]!.create({ text: 'half' }), db.tx.goals[goal]!.create({ title: 'again', createdAt: 2 })]),
      );
      expect(failure).toMatchObject({ status: 400 });
      expect((await db.query({ todos: { $: { where: { text: 'half' } } } })) as unknown).toEqual({ todos: [] });
    });

    test('S20 create, update, merge, link, unlink, delete', async () => {
      const free = sdk.init(config());
      const [goal, todo] = [id(), id()];
      const { tx } = free;
      await free.transact(tx.plans![goal]!.create({ title: 'a', data: { x: 1, y: { z: 2 } } }));
      await free.transact(tx.plans![goal]!.update({ title: 'b' }).merge({ data: { y: { z: null, w: 3 } } }));
      await free.transact([tx.steps![todo]!.update({ text: 't' }), tx.plans![goal]!.link({ steps: todo })]);
      const query = { plans: { $: { where: { id: goal } }, steps: {} } };
      expect(await free.query(query)).toEqual({
        plans: [{ id: goal, title: 'b', data: { x: 1, y: { w: 3 } }, steps: [{ id: todo, text: 't' }] }],
      });
      await free.transact(tx.plans![goal]!.unlink({ steps: todo }));
      expect(((await free.query(query)) as Record<string, { steps: unknown[] }[]>)['plans']?.[0]?.steps).toEqual([]);
      await free.transact(tx.plans![goal]!.delete());
      expect(await free.query(query)).toEqual({ plans: [] });
      const absent = await failureOf(() => free.transact(tx.plans![id()]!.update({ title: 'x' }, { upsert: false })));
      expect(absent).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
    });

    test('S21 a lookup replaces an id', async () => {
      const email = mail();
      await db.transact(db.tx.people[lookup('email', email)]!.update({ name: 'Alyssa' }));
      await db.transact(db.tx.people.lookup('email', email).update({ name: 'Alyssa P.' }));
      expect((await db.query({ people: { $: { where: { email } } } })).people).toMatchObject([{ email, name: 'Alyssa P.' }]);
    });

    test('S22 S23 system namespaces are accessible with dot and bracket notation', async () => {
      const email = mail();
      await db.auth.createToken({ email });
      const user = await db.auth.getUser({ email });
      await db.transact(db.tx['$users'][user!.id]!.update({ nickname: 'Al' }));
      await db.transact(db.tx.$users[user!.id]!.update({ nickname: 'Aly' }));
      expect((await db.query({ $users: { $: { where: { email } } } })).$users).toMatchObject([{ nickname: 'Aly' }]);
    });

    test('S24 S25 S26 a live query yields payloads in a loop until it is closed', async () => {
      const todo = id();
      const query = { todos: { $: { where: { id: todo } } } };
      const subscription = db.subscribeQuery(query);
      const seen: Payload[] = [];
      for await (const payload of subscription) {
        seen.push(payload);
        if (payload.type === 'error') throw payload.error;
        if (payload.data.todos.length > 0) break;
        expect(subscription.readyState).toBe('open');
        await db.transact(db.tx.todos[todo]!.create({ text: 'live' }));
      }
      subscription.close();
      expect(seen.map(({ type }) => type)).toEqual(['ok', 'ok']);
      expect(seen.at(-1)).toMatchObject({
        data: { todos: [{ id: todo, text: 'live' }] },
        sessionInfo: { machineId: expect.any(String) as string },
      });
      expect([subscription.isClosed, subscription.readyState]).toEqual([true, 'closed']);
      expect(() => [...(subscription as unknown as Iterable<unknown>)]).toThrow();
    });

    test('S25 a live query passes payloads to a callback until it is closed', async () => {
      const todo = id();
      const payloads: Payload[] = [];
      const subscription = db.subscribeQuery({ todos: { $: { where: { id: todo } } } }, (payload) => payloads.push(payload as Payload));
      await eventually(() => expect(payloads).toHaveLength(1));
      await db.transact(db.tx.todos[todo]!.create({ text: 'called' }));
      await eventually(() => expect(payloads.at(-1)?.data).toEqual({ todos: [{ id: todo, text: 'called' }] }));
      subscription.close();
      await db.transact(db.tx.todos[todo]!.update({ text: 'after' }));
      expect(JSON.stringify(payloads)).not.toContain('after');
    });

    test('S25 an unrecoverable error is the last payload', async () => {
      const stranger = sdk.init({ ...config(), adminToken: id() });
      const payloads: Payload[] = [];
      const subscription = stranger.subscribeQuery({ todos: {} } as never, (payload: unknown) => payloads.push(payload as Payload));
      await eventually(() => expect(subscription.isClosed).toBe(true));
      await eventually(() =>
        expect(payloads).toMatchObject([
          { type: 'error', isClosed: true, readyState: 'closed', error: { body: { type: 'record-not-found' } } },
        ]),
      );
    });

    async function writeAll(clientId: string, ...chunks: string[]): Promise<string> {
      const stream = db.streams.createWriteStream({ clientId });
      const writer = stream.getWriter();
      const streamId = await stream.streamId();
      for (const chunk of chunks) await writer.write(chunk);
      await writer.close();
      await eventually(async () =>
        expect(await db.query({ $streams: { $: { where: { clientId } } } })).toMatchObject({ $streams: [{ done: true }] }),
      );
      return streamId;
    }

    async function readAll(opts: { clientId?: string; streamId?: string; byteOffset?: number }): Promise<string> {
      let text = '';
      for await (const chunk of db.streams.createReadStream(opts) as unknown as AsyncIterable<string>) text += chunk;
      return text;
    }

    test('S27 S28 S29 a stream is written, has an id, and is stored when it is closed', async () => {
      const clientId = id();
      const streamId = await writeAll(clientId, 'Once ', 'upon ', 'a time');
      expect(streamId).toMatch(/^[\da-f-]{36}$/);
      expect(await readAll({ streamId })).toBe('Once upon a time');
    });

    test('S30 a stream is read while it is being written', async () => {
      const clientId = id();
      const writer = db.streams.createWriteStream({ clientId }).getWriter();
      await writer.write('first');
      await eventually(async () =>
        expect(await db.query({ $streams: { $: { where: { clientId } } } })).toMatchObject({ $streams: [{ clientId }] }),
      );
      const reader = db.streams.createReadStream({ clientId }).getReader();
      expect(await reader.read()).toMatchObject({ value: 'first' });
      await writer.write(' second');
      expect(await reader.read()).toMatchObject({ value: ' second' });
      await writer.close();
      expect((await reader.read()).done).toBe(true);
    });

    test('S31 a stream is resumed from any byte offset', async () => {
      const clientId = id();
      await writeAll(clientId, 'abc', 'def');
      for (let byteOffset = 0; byteOffset <= 6; byteOffset += 1) {
        expect(await readAll({ clientId, byteOffset })).toBe('abcdef'.slice(byteOffset));
      }
    });

    test('S32 streams can be queried', async () => {
      const clientId = id();
      await writeAll(clientId, 'meta');
      expect(await db.query({ $streams: { $: { where: { clientId } } } })).toMatchObject({
        $streams: [{ clientId, done: true, size: 4 }],
      });
    });

    test('S33 a magic code is sent', async () => {
      const email = mail();
      const { code } = await db.auth.sendMagicCode(email);
      expect(mails.at(-1)).toMatchObject({ email, code });
    });

    test('S34 a magic code is generated without being sent', async () => {
      const email = mail();
      expect(await db.auth.generateMagicCode(email)).toEqual({ code: expect.stringMatching(/^\d{6}$/) as string });
      expect(mails.some((sent) => sent.email === email)).toBe(false);
    });

    test('S35 a magic code is accepted only once', async () => {
      const email = mail();
      const { code } = await db.auth.generateMagicCode(email);
      const { user, created } = await db.auth.checkMagicCode(email, code, { extraFields: { nickname: 'ana' } });
      expect([user.email, created]).toEqual([email, true]);
      expect((await db.query({ $users: { $: { where: { email } } } })).$users).toMatchObject([{ nickname: 'ana' }]);
      expect(await failureOf(() => db.auth.checkMagicCode(email, code))).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
      const again = await db.auth.generateMagicCode(email);
      expect(await db.auth.verifyMagicCode(email, again.code)).toMatchObject({ id: user.id, email });
    });

    test('S36 creating a token also creates its user', async () => {
      const email = mail();
      const token = await db.auth.createToken({ email });
      expect(token).toMatch(/^[\da-f-]{36}$/);
      const user = await db.auth.getUser({ email });
      const [second, third] = [await db.auth.createToken({ id: user!.id }), await db.auth.createToken(email)];
      expect(new Set([token, second, third]).size).toBe(3);
    });

    test('S37 a token is verified without an admin token', async () => {
      const email = mail();
      const token = await db.auth.createToken({ email });
      expect(await anonymous().auth.verifyToken(token)).toMatchObject({ email, refresh_token: token });
      expect(await failureOf(() => db.auth.verifyToken(id()))).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
    });

    test('S38 a user is found by email, id and token', async () => {
      const email = mail();
      const token = await db.auth.createToken({ email });
      const user = await db.auth.getUser({ email });
      expect(user).toMatchObject({ email });
      expect(await db.auth.getUser({ id: user!.id })).toEqual(user);
      expect(await db.auth.getUser({ refresh_token: token })).toEqual(user);
      expect(await db.auth.getUser({ email: mail() })).toBeNull();
    });

    test('S39 a user is deleted', async () => {
      const email = mail();
      await db.auth.createToken({ email });
      expect(await db.auth.deleteUser({ email })).toMatchObject({ email });
      expect(await db.auth.getUser({ email })).toBeNull();
      expect(await db.auth.deleteUser({ email })).toBeNull();
    });

    test('S40 a user is signed out', async () => {
      const [email, other] = [mail(), mail()];
      const token = await db.auth.createToken({ email });
      expect(await db.auth.signOut({ email })).toBeUndefined();
      await failureOf(() => db.auth.verifyToken(token));
      await db.auth.createToken({ email: other });
      await db.auth.signOut(other);
      expect(await failureOf(() => db.auth.signOut({ email: mail() }))).toMatchObject({ body: { type: 'record-not-found' } });
    });

    test('S41 S42 asUser returns a new client that acts as a user or as a guest', async () => {
      const [email, note] = [mail(), id()];
      const token = await db.auth.createToken({ email });
      const owner = (await db.auth.getUser({ email }))!.id;
      const query = { notes: { $: { where: { id: note } } } };
      const user = db.asUser({ email });
      await user.transact(user.tx.notes[note]!.create({ text: 'mine', owner }));
      expect((await user.query(query)).notes).toMatchObject([{ text: 'mine' }]);
      expect((await db.asUser({ token }).query(query)).notes).toHaveLength(1);
      const guest = db.asUser({ guest: true });
      expect((await guest.query(query)).notes).toEqual([]);
      expect(await failureOf(() => guest.transact(guest.tx.notes[note]!.update({ text: 'taken' })))).toMatchObject({
        status: 400,
        body: { type: 'permission-denied' },
      });
      expect(user).not.toBe(db);
      expect((await db.query(query)).notes).toHaveLength(1);
      expect(await failureOf(() => db.asUser({ email: mail() }).query(query))).toMatchObject({ body: { type: 'record-not-found' } });
    });

    test('S43 without an admin token, a client acts only as a guest or as a user with a token', async () => {
      const token = await db.auth.createToken({ email: mail() });
      const none = anonymous();
      expect(await none.asUser({ token }).query({ goals: { $: { limit: 1 } } })).toHaveProperty('goals');
      expect(await none.asUser({ guest: true }).query({ goals: { $: { limit: 1 } } })).toHaveProperty('goals');
      const alone = await failureOf(() => none.query({ goals: {} }));
      const byMail = await failureOf(() => none.asUser({ email: mail() }).query({ goals: {} }));
      expect([alone.message, byMail.message]).toEqual([expect.stringMatching(/admin ?token/i), expect.stringMatching(/email/)]);
      expect(alone.message).not.toBe(byMail.message);
    });

    test('S51 the presence of a room can be read', async () => {
      expect(await db.rooms.getPresence('chat', id())).toEqual({});
      const { appId, apiURI, websocketURI } = server;
      const client = clientInit({ appId, apiURI, websocketURI, storage: memoryStore(), schema });
      client.joinRoom('chat', `room-${name.length}`, { initialPresence: { name: 'ana' } });
      await eventually(async () => {
        const sessions = Object.entries(await db.rooms.getPresence('chat', `room-${name.length}`));
        expect(sessions).toMatchObject([[expect.any(String), { data: { name: 'ana' }, user: null }]]);
        expect(sessions[0]?.[1]['peer-id']).toBe(sessions[0]?.[0]);
      });
      await client.close();
    });

    test('S52 S54 debugQuery reports the rule checks, and requires a user or a guest', async () => {
      const note = id();
      await db.transact(db.tx.notes[note]!.create({ text: 'hidden' }));
      const query = { notes: { $: { where: { id: note } } } };
      const { result, checkResults } = await db.asUser({ guest: true }).debugQuery(query);
      expect(result).toEqual({ notes: [] });
      expect(checkResults).toMatchObject([{ id: note, entity: 'notes', record: { text: 'hidden' }, check: false }]);
      const open = await db
        .asUser({ guest: true })
        .debugQuery(query, { rules: { notes: { allow: { view: 'request.ip == "1.2.3.4"' } } }, ip: '1.2.3.4' });
      expect(open.checkResults).toMatchObject([{ check: true }]);
      await failureOf(() => db.debugQuery(query));
    });

    test('S53 S54 debugTransact reports the rule checks and writes nothing', async () => {
      const note = id();
      const guest = db.asUser({ guest: true });
      const tried = await guest.debugTransact(guest.tx.notes[note]!.create({ text: 'x' }));
      expect(tried).toMatchObject({
        'all-checks-ok?': false,
        'committed?': false,
        'check-results': [{ action: 'create', 'check-pass?': false }],
      });
      expect((await db.query({ notes: { $: { where: { id: note } } } })).notes).toEqual([]);
      await failureOf(() => db.debugTransact(db.tx.notes[note]!.create({ text: 'x' })));
    });

    test('S70 errors share one class hierarchy, with status, type, hint and body', async () => {
      const failure = await failureOf(() => sdk.init({ ...config(), adminToken: id() }).query({ goals: {} }));
      expect(failure).toBeInstanceOf(sdk.InstantAPIError);
      expect(failure).toBeInstanceOf(sdk.InstantError);
      expect(failure).toMatchObject({
        name: 'InstantAPIError',
        status: 400,
        body: { type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } },
        hint: { 'record-type': 'app-admin-token' },
      });
    });

    test('S71 a rate-limited call fails with status 429', async () => {
      const guest = db.asUser({ guest: true });
      const write = () => guest.transact(guest.tx.limited[id()]!.create({ text: 'x' }));
      await write().catch(() => undefined);
      expect(await failureOf(write)).toMatchObject({
        status: 429,
        body: { type: 'rate-limited', hint: { 'retry-after': expect.any(Number) as number } },
      });
    });
  });
});
