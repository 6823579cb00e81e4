// A server that is started with a schema and rules.

import { afterEach, expect, test } from 'vitest';
import { i, id, init, type InstantRules } from '../../src/index.ts';
import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { WebSocket } from 'ws';

const schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string().indexed(), owner: i.string(), rank: i.number().optional() }),
    todos: i.entity({ text: i.string() }),
  },
  links: {
    goalTodos: { forward: { on: 'goals', has: 'many', label: 'todos' }, reverse: { on: 'todos', has: 'one', label: 'goal' } },
  },
});
const rules = {
  goals: { allow: { view: "data.title != 'secret'", create: "newData.title.matches('^[a-z]+$')" } },
  todos: { allow: { $default: 'false' } },
} satisfies InstantRules<typeof schema>;

const running: TriplaneServer[] = [];
const closing: { shutdown(): void }[] = [];

afterEach(async () => {
  for (const db of closing.splice(0)) db.shutdown();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: Parameters<typeof createServer<typeof schema>>[0]): Promise<TriplaneServer> {
  const server = await createServer<typeof schema>(options);
  running.push(server);
  return server;
}

async function request(server: TriplaneServer, path: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  const sent = { 'content-type': 'application/json', 'app-id': server.appId, authorization: `Bearer ${server.adminToken}`, ...headers };
  return (await fetch(`${server.url}${path}`, { method: 'POST', headers: sent, body: JSON.stringify(body) })).json();
}

test('the schema and the rules apply to the first client', async () => {
  const server = await start({ schema, rules });
  const { appId, apiURI, websocketURI } = server;
  const db = init({ appId, apiURI, websocketURI, schema, webSocket: (url) => new WebSocket(url) as never });
  closing.push(db);
  const goal = id();
  await db.transact(db.tx.goals[goal]!.update({ title: 'run', owner: 'ann' }));
  await request(server, '/admin/transact', { steps: [['update', 'goals', id(), { title: 'secret', owner: 'ann' }]] });
  expect((await db.queryOnce({ goals: { $: { where: { title: { $like: '%' } }, order: { title: 'asc' } } } })).data.goals).toEqual(
    [{ id: goal, title: 'run', owner: 'ann', rank: null }].map(({ rank: _, ...row }) => row),
  );
  await expect(db.transact(db.tx.goals[id()]!.update({ title: 'RUN', owner: 'ann' }))).rejects.toMatchObject({ type: 'permission-denied' });
  await expect(db.transact(db.tx.todos[id()]!.update({ text: 'shoes' }))).rejects.toMatchObject({ type: 'permission-denied' });
});

test('a fault that the message tells is not told again', async () => {
  const taken = { forward: { on: 'goals', has: 'one', label: 'title' }, reverse: { on: 'todos', has: 'many', label: 'goals' } };
  const broken = { ...schema, links: { taken } } as unknown as typeof schema;
  const error = await createServer({ schema: broken }).catch((thrown: unknown) => thrown);
  expect(String((error as Error).message).split('Duplicate entry')).toHaveLength(2);
});

test('a schema with a link to an entity that it does not have is rejected, at the start and for another app', async () => {
  const { goals, todos } = schema.entities;
  const link = { forward: { on: 'goals', has: 'one', label: 'tag' }, reverse: { on: 'tgas', has: 'many', label: 'goals' } };
  const broken = { ...schema, entities: { goals, todos }, links: { ...schema.links, link } } as unknown as typeof schema;
  await expect(start({ schema: broken })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining("links.link.reverse.on: the schema has no entity 'tgas'") as string,
  });
  const server = await start({});
  await expect(server.createApp({ schema: broken })).rejects.toMatchObject({ type: 'validation-failed' });
  const files = { ...link, reverse: { ...link.reverse, on: '$files' } };
  const users = { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: '$users', has: 'many', label: 'todos' } };
  await start({ schema: { ...schema, links: { files, users } } as unknown as typeof schema });
});

test('a second start applies only the differences', async () => {
  const storage = { ...memory(), close: async () => {} };
  const appId = id();
  const first = await start({ storage, appId, schema, rules });
  await request(first, '/admin/transact', { steps: [['update', 'goals', id(), { title: 'run', owner: 'ann' }]] });
  const txIdOf = async (): Promise<number> => (await (await storage.open(appId)).load()).entries.at(-1)?.txId ?? 0;
  const before = await txIdOf();
  await first.close();
  await start({ storage, appId, schema, rules });
  expect(await txIdOf()).toBe(before);
  const wider = i.schema({ ...schema, entities: { ...schema.entities, notes: i.entity({ text: i.string() }) } });
  const third = await createServer({ storage, appId, schema: wider, rules: { ...rules, notes: { allow: { view: 'true' } } } });
  running.push(third);
  expect(await txIdOf()).toBe(before + 2);
  expect(await request(third, '/admin/query', { query: { goals: {}, notes: {} } })).toMatchObject({ goals: [{ title: 'run' }], notes: [] });
});

test.each<[string, object, RegExp]>([
  [
    'rules that cannot be compiled',
    { schema, rules: { goals: { allow: { view: 'data.title ==', create: 'auht.id != null' } } } },
    /rules: .*\n {2}goals\.allow\.view: .*\n {2}goals\.allow\.create: .*auht/,
  ],
  [
    'a schema with an unknown system namespace',
    { schema: i.schema({ entities: { $files: i.entity({ path: i.string() }), $mine: i.entity({ a: i.string() }) } }) },
    /schema: .*\$mine/,
  ],
  ['an invalid schema', { schema: { entities: { goals: 5 } } }, /schema: /],
  ['a schema that is not an object', { schema: 'instant.schema.ts' }, /schema must be an object, but is "instant.schema.ts"/],
  ['rules that are not an object', { rules: [] }, /rules must be an object/],
])('%s: the server does not start, and the error has the location', async (_, options, message) => {
  let isClosed = false;
  const inner = memory();
  const storage = { ...inner, close: async () => void (isClosed = true) };
  const rejected = createServer({ ...options, storage } as Parameters<typeof createServer>[0]);
  await expect(rejected).rejects.toMatchObject({ name: 'TriplaneError', code: 'config-invalid', message: expect.stringMatching(message) });
  expect(isClosed).toBe(true);
});

test('a rule that is a function is refused: JSON would leave it out, and allow everything', async () => {
  const open = { goals: { allow: { view: () => false } } } as object;
  const message = expect.stringContaining('rules: goals.allow.view: is a function') as string;
  await expect(createServer({ rules: open })).rejects.toMatchObject({ code: 'config-invalid', message });
  const server = await start({});
  await expect(server.createApp({ rules: open })).rejects.toMatchObject({ code: 'config-invalid', message });
  const promised = { goals: Promise.resolve({ allow: { view: 'false' } }) } as object;
  const promise = { code: 'config-invalid', message: expect.stringContaining('rules: goals: is a Promise') as string };
  await expect(createServer({ rules: promised })).rejects.toMatchObject(promise);
  await expect(server.createApp({ rules: promised })).rejects.toMatchObject(promise);
});

test('a server that listens on every address gives out one that browsers open', async () => {
  const server = await start({ host: '0.0.0.0' });
  expect(server.apiURI).toBe(`http://127.0.0.1:${server.port}`);
  expect((await fetch(`${server.apiURI}/health`)).status).toBe(200);
});
