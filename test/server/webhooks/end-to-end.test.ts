// Webhooks of a server, with ours and the official SDK on either side of a receiver that runs here.

import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { id } from '../../../src/lib/uuid.ts';
import { createServer, memory, type Storage, type TriplaneServer } from '../../../src/server/index.ts';
import { failureOf, type Sdk, sdks } from '../../admin/sdks.ts';
import { onEachStorage } from '../../support/storages.ts';

interface Delivery {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let receiver: Server;
let url: string;
let deliveries: Delivery[];
let answers: (readonly [status: number, text: string])[];

beforeAll(async () => {
  receiver = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      deliveries.push({ headers: request.headers, body });
      const [status, text] = answers.shift() ?? [200, 'thanks'];
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(() => new Promise((closed) => receiver.close(closed)));
beforeEach(() => {
  deliveries = [];
  answers = [];
});

const start = (storage: Storage, more: object = {}): Promise<TriplaneServer> =>
  createServer({ storage, allowPrivateAddresses: true, ...more });
const connect = ({ appId, adminToken, apiURI }: TriplaneServer, sdk: Sdk) => sdk.init({ appId, adminToken, apiURI });
const delivered = (count: number) => expect.poll(() => deliveries.length).toBe(count);

async function makeTodos(db: ReturnType<typeof connect>): Promise<string> {
  const todo = id();
  await db.transact([db.tx['todos']![todo]!.update({ text: 'shoes' }), db.tx['people']![todo]!.update({ name: 'Ann' })]);
  return todo;
}

onEachStorage((fresh) => {
  describe.each(sdks)('%s', (_name, sdk) => {
    test('S55 S56 S57 S58 S59 S60 S61 S62 S63 webhooks are managed; each change is delivered once, signed, and its payload is read with the delivered token', async () => {
      const server = await start(await fresh());
      const db = connect(server, sdk);
      const todo = await makeTodos(db);
      const webhook = await db.webhooks.manager.create({ url, namespaces: ['todos'], actions: ['create', 'update', 'delete'] });
      expect(webhook).toMatchObject({ sink: { url }, status: 'active', disabledReason: null, createdAt: expect.any(Date) });
      expect(await db.webhooks.manager.list()).toEqual([webhook]);

      await db.transact([db.tx['todos']![todo]!.update({ text: 'boots' }), db.tx['people']![todo]!.update({ name: 'Bob' })]);
      await delivered(1);
      // Neither a link alone nor another namespace is told.
      await db.transact(db.tx['todos']![todo]!.link({ owner: todo }));
      await db.transact(db.tx['people']![todo]!.update({ name: 'Eve' }));
      await db.transact(db.tx['todos']![todo]!.delete());
      await delivered(2);

      const seen: unknown[] = [];
      for (const { headers, body } of deliveries) {
        const pointer = await db.webhooks.validate(String(headers['instant-signature']), body);
        const payload = await db.webhooks.fetchPayloads(pointer);
        expect(headers['idempotency-key']).toBe(payload.idempotencyKey);
        await db.webhooks.processPayload({ todos: { $default: (record: unknown) => void seen.push(record) } }, payload);
      }
      const [before, after] = [
        { id: todo, text: 'shoes' },
        { id: todo, text: 'boots' },
      ];
      const of = { namespace: 'todos', id: todo, idempotencyKey: expect.any(String) };
      expect(seen).toEqual([
        { ...of, action: 'update', before, after },
        { ...of, action: 'delete', before: after, after: null },
      ]);

      await expect
        .poll(async () => (await db.webhooks.manager.listEvents(webhook.id)).events.map(({ status }) => status))
        .toEqual(['success', 'success']);
      const { events, pageInfo } = await db.webhooks.manager.listEvents(webhook.id);
      const [newest, oldest] = events;
      expect(newest).toMatchObject({
        nextAttemptAfter: null,
        attempts: [{ success: true, statusCode: 200, responseText: 'thanks', errorType: null, attemptAt: expect.any(Date) }],
      });
      expect(await db.webhooks.manager.listEvents(webhook.id, { after: pageInfo.startCursor })).toMatchObject({ events: [oldest] });
      expect(await db.webhooks.manager.getEvent(webhook.id, newest!.isn)).toEqual(newest);
      expect(await db.webhooks.manager.getPayload(webhook.id, newest!.isn)).toMatchObject({ data: [{ action: 'delete' }] });

      const again = await db.webhooks.manager.resendEvent(webhook.id, oldest!.isn);
      expect(again).toMatchObject({ isn: oldest!.isn, attempts: [{ success: true }] });
      await delivered(3);
      expect(deliveries[2]!.headers['idempotency-key']).toBe(deliveries[0]!.headers['idempotency-key']);

      expect(await db.webhooks.manager.disable(webhook.id, { reason: 'maintenance' })).toMatchObject({
        ...{ status: 'disabled', disabledReason: 'maintenance' },
      });
      await makeTodos(db);
      expect(await db.webhooks.manager.enable(webhook.id)).toMatchObject({ status: 'active', disabledReason: null });
      expect(await db.webhooks.manager.update(webhook.id, { actions: ['create'] })).toMatchObject({ actions: ['create'] });
      await makeTodos(db);
      await delivered(4);
      expect(await db.webhooks.manager.delete(webhook.id)).toMatchObject({ id: webhook.id });
      expect(await db.webhooks.manager.list()).toEqual([]);
      expect((await db.webhooks.manager.listEvents(webhook.id)).events).toEqual([]);
      expect(await failureOf(() => db.webhooks.fetchPayloads(JSON.parse(deliveries[0]!.body)))).toMatchObject({
        body: { type: 'record-not-found' },
      });
      await server.close();
    });

    test('S64 S65 S66 S67 S68 S69 S72 an endpoint without credentials accepts signed deliveries, and responds 401 to others', async () => {
      const server = await start(await fresh());
      const db = connect(server, sdk);
      await makeTodos(db);
      await db.webhooks.manager.create({ url, namespaces: ['todos', 'people'], actions: ['create', 'update', 'delete'] });
      await makeTodos(db);
      await delivered(1);
      const [{ headers, body }] = deliveries as [Delivery];
      const signature = String(headers['instant-signature']);

      const hooks = new sdk.Webhooks({ apiURI: server.apiURI });
      const seen: string[] = [];
      const handlers = {
        todos: {
          create: async ({ after }: { after: { text: string } }) => void seen.push(`create ${(await Promise.resolve(after)).text}`),
          $default: () => void seen.push('another todo'),
        },
        $default: ({ namespace }: { namespace: string }) => void seen.push(namespace),
      };
      const endpoint = async (header: string, text: string): Promise<number> => {
        const request = new Request('https://app.example/hook', { method: 'POST', headers: { 'Instant-Signature': header }, body: text });
        try {
          await hooks.processRequest(handlers as never, request);
          return 200;
        } catch (error) {
          if (error instanceof sdk.InstantError) return 401;
          throw error;
        }
      };
      const forged = signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
      const asked = [endpoint(signature, body), endpoint(forged, body), endpoint(signature, `${body} `), endpoint('', body)];
      expect(await Promise.all(asked)).toEqual([200, 401, 401, 401]);
      expect(seen.sort()).toEqual(['create shoes', 'people']);
      const late = { receivedAt: new Date(Date.now() + 400_000) };
      expect(await failureOf(() => hooks.validate(signature, body, late))).toBeInstanceOf(sdk.InstantError);
      expect(await hooks.validate(signature, body, { ...late, tolerance: 500 })).toEqual(JSON.parse(body));
      await server.close();
    });
  });

  test('an event not delivered before a server stopped is delivered by the next one, with the same key', async () => {
    const storage = await fresh();
    const held = { ...storage, close: async () => {} };
    const options = { appId: id(), adminToken: id(), operatorToken: id() };
    const first = await start(held, options);
    const db = connect(first, sdks[0]![1]);
    await makeTodos(db);
    answers.push([503, 'busy']);
    const webhook = await db.webhooks.manager.create({ url, namespaces: ['todos'], actions: ['create'] });
    const keys = await db.webhooks.fetchJwks();
    await makeTodos(db);
    await expect.poll(async () => (await db.webhooks.manager.listEvents(webhook.id)).events[0]?.status).toBe('error');
    const [event] = (await db.webhooks.manager.listEvents(webhook.id)).events;
    expect(event).toMatchObject({ attempts: [{ success: false, statusCode: 503, responseText: 'busy' }] });
    await first.close();

    const second = await start(storage, options);
    const later = connect(second, sdks[0]![1]);
    expect(await later.webhooks.fetchJwks()).toEqual(keys);
    expect((await later.webhooks.manager.getEvent(webhook.id, event!.isn)).status).toBe('error');
    await later.webhooks.manager.resendEvent(webhook.id, event!.isn);
    await delivered(2);
    await second.close();
  });
});

describe('a webhook is rejected for', () => {
  let server: TriplaneServer;
  beforeAll(async () => {
    server = await createServer();
    await makeTodos(connect(server, sdks[0]![1]));
  });
  afterAll(() => server.close());
  const create = (given: object) =>
    failureOf(() =>
      connect(server, sdks[0]![1]).webhooks.manager.create({
        url: 'https://8.8.8.8/x',
        namespaces: ['todos'],
        actions: ['create'],
        ...given,
      }),
    );

  test.each([
    'http://8.8.8.8/x',
    'https://localhost/x',
    'https://127.0.0.1/x',
    'https://127.1/x',
    'https://0x7f000001/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://10.1.2.3/x',
    'https://169.254.169.254/latest/meta-data',
    'https://user:secret@8.8.8.8/x',
    'ftp://8.8.8.8/',
    'file:///etc/passwd',
    'x',
  ])('the address %s', async (address) => {
    const refused = await create({ url: address });
    expect(refused).toMatchObject({ body: { type: 'validation-failed', hint: { 'data-type': 'webhook' } } });
    expect(JSON.stringify(refused)).not.toContain('user:secret');
  });

  test.each([
    [{ namespaces: [] }, 'validation-failed'],
    [{ namespaces: ['nope'] }, 'validation-failed'],
    [{ namespaces: 'todos' }, 'param-malformed'],
    [{ actions: [] }, 'validation-failed'],
    [{ actions: ['dance'] }, 'validation-failed'],
    [{ url: null }, 'param-missing'],
  ])('%j', async (given, type) => {
    expect(await create(given)).toMatchObject({ body: { type } });
  });

  test('a duplicate, and more than a hundred webhooks', async () => {
    const db = connect(server, sdks[0]![1]);
    const make = (n: number) =>
      db.webhooks.manager.create({ url: `https://8.8.8.8/${n}`, namespaces: ['todos', 'people'], actions: ['delete', 'create'] });
    await make(0);
    expect(await create({ url: 'https://8.8.8.8/0', namespaces: ['people', 'todos'], actions: ['create', 'delete'] })).toMatchObject({
      body: { hint: { 'data-type': 'webhooks' } },
    });
    for (let n = 1; n < 100; n++) await make(n);
    expect(await failureOf(() => make(100))).toMatchObject({ body: { hint: { 'data-type': 'webhooks' } } });
  });
});

test('a token gives access to one payload, for an hour', async () => {
  const server = await start(memory());
  const db = connect(server, sdks[0]![1]);
  await makeTodos(db);
  await db.webhooks.manager.create({ url, namespaces: ['todos'], actions: ['create'] });
  await makeTodos(db);
  await makeTodos(db);
  await delivered(2);
  const [one, two] = deliveries.map(({ body }) => JSON.parse(body) as { payloadUrl: string; token: string });
  const open = async (address: string, token: string) => {
    const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: await response.json(), cache: response.headers.get('cache-control') };
  };
  expect(await open(one!.payloadUrl, one!.token)).toMatchObject({ status: 200, cache: 'no-store, private' });
  const refused = { status: 400, body: { type: 'validation-failed', hint: { 'data-type': 'jwt', input: null } } };
  expect(await open(two!.payloadUrl, one!.token)).toMatchObject(refused);
  const [head, claims, signature] = one!.token.split('.') as [string, string, string];
  expect(await open(one!.payloadUrl, `${head}.${claims}.${signature.slice(0, -4)}AAAA`)).toMatchObject(refused);
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  expect(await open(one!.payloadUrl, `${unsigned}.${claims}.`)).toMatchObject(refused);
  const other = await server.createApp();
  expect(await open(one!.payloadUrl.replace(server.appId, other.appId), one!.token)).toMatchObject(refused);
  const payload = { body: { type: 'validation-failed', hint: { reason: 'admin-token-mismatch' } } };
  expect(await open(one!.payloadUrl, other.adminToken)).toMatchObject(payload);
  const query = await fetch(`${server.url}/admin/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${one!.token}`, 'app-id': server.appId, 'content-type': 'application/json' },
    body: '{"query":{"todos":{}}}',
  });
  expect(query.status).toBe(400);
  await server.close();
});
