// The server on a port: how it opens, what it takes, and that nothing of it is left.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import { createServer, memory, sqlite, type ServerOptions, type TriplaneServer } from '../../src/server/index.ts';
import { TriplaneError } from '../../src/errors.ts';
import { type Log, silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { Hub } from '../../src/server/session/hub.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { serveSockets } from '../../src/server/ws.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';

const appId = 'a9900000-0000-4000-8000-000000000001';
const running: TriplaneServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<TriplaneServer> {
  const server = await createServer({ appId, ...options });
  running.push(server);
  return server;
}

function connect(uri: string): Promise<WebSocket> {
  const socket = new WebSocket(uri);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
  });
}

const textOf = (data: RawData): string => (data as Buffer).toString('utf8');
const ended = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));
const next = (socket: WebSocket): Promise<{ op: string }> =>
  new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(textOf(data)))));

const attrOf = (etype: string) => ({
  ...{ id: 'a7000000-0000-4000-8000-000000000001', 'value-type': 'blob', cardinality: 'one' },
  ...{ 'forward-identity': ['1d000000-0000-4000-8000-000000000001', etype, 'id'], 'unique?': true, 'index?': false },
});

test('has its addresses as soon as it has started', async () => {
  const server = await start({ appId: appId.toUpperCase() });
  expect(server).toMatchObject({
    url: `http://127.0.0.1:${server.port}`,
    apiURI: server.url,
    websocketURI: `ws://127.0.0.1:${server.port}/runtime/session`,
    appId,
  });
});

test('accepts sockets with and without an app id', async () => {
  const { websocketURI } = await start();
  for (const uri of [websocketURI, `${websocketURI}?app_id=${appId}`]) {
    const socket = await connect(uri);
    const result = next(socket);
    socket.send(JSON.stringify({ op: 'init', 'app-id': appId }));
    expect(await result).toMatchObject({ op: 'init-ok' });
  }
  await expect(connect(`${websocketURI}?app_id=x`)).rejects.toThrow('400');
  await expect(connect(websocketURI.replace('session', 'other'))).rejects.toThrow('404');
});

test('a frame above the limit is rejected with its event id if it begins with one; a frame far above it closes the socket with 1009', async () => {
  const { websocketURI } = await start({ limits: { frameBytes: 1000 } });
  const socket = await connect(websocketURI);
  const result = async (frame: string | Buffer): Promise<object> => {
    const received = next(socket);
    socket.send(frame, { binary: typeof frame !== 'string' });
    return received;
  };
  expect(await result(Buffer.from('{"op":"init"}'))).toMatchObject({ op: 'error', type: 'param-malformed' });
  expect(await result('x'.repeat(2000))).toMatchObject({ type: 'param-malformed', 'client-event-id': null });
  const value = 'é'.repeat(600);
  const write = { op: 'transact', 'client-event-id': 'big', 'tx-steps': [['add-triple', appId, appId, value]] };
  expect(await result(JSON.stringify(write))).toMatchObject({
    ...{ op: 'error', status: 400, type: 'param-malformed', 'client-event-id': 'big' },
    hint: { limit: 'max-frame-bytes', most: 1000 },
    'original-event': { op: 'transact', 'client-event-id': 'big' },
  });
  expect(await result(JSON.stringify({ 'tx-steps': [['"client-event-id":"no"', value]], op: 'transact' }))).toMatchObject({
    'client-event-id': null,
  });
  expect(await result(JSON.stringify({ op: 'init', 'app-id': appId }))).toMatchObject({
    op: 'init-ok',
    triplane: { limits: { 'max-frame-bytes': 1000, 'max-frame-depth': 100 } },
  });
  socket.send('x'.repeat(5000));
  expect(await ended(socket)).toBe(1009);
});

test('a client that does not read is disconnected', async () => {
  // Without compression, which would take most of the time.
  const { websocketURI } = await start({ limits: { unreadBytes: 1_000_000 }, compression: false });
  const [slow, other] = [await connect(websocketURI), await connect(websocketURI)];
  for (const socket of [slow, other]) {
    const ready = next(socket);
    socket.send(JSON.stringify({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } }));
    await ready;
    socket.send(JSON.stringify({ op: 'join-room', 'room-id': 'r' }));
  }
  slow.pause();
  const data = 'x'.repeat(1_000_000);
  let isOver = false;
  void ended(slow).then(() => (isOver = true));
  // More than the system buffers. A client that is paused does not hear that it was disconnected.
  for (let n = 0; n < 24; n++) {
    const result = next(other);
    other.send(JSON.stringify({ op: 'client-broadcast', 'room-id': 'r', topic: 't', data }));
    await result;
  }
  slow.resume();
  await expect.poll(() => isOver).toBe(true);
  expect(other.readyState).toBe(WebSocket.OPEN);
});

test('a socket that does not answer pings is closed after 15 to 20 s', async () => {
  const clock = new VirtualClock();
  const storage = memory();
  const hub = new Hub({
    ...{ storage, clock, random: systemRandom, log: silent, limits: defaultLimits },
    ...{ adminToken: appId, appId, createAppsOnUse: true },
  });
  const http = createHttpServer();
  const sockets = serveSockets(http, hub, { limits: defaultLimits, clock, log: silent });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const uri = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/runtime/session`;
  const dead = new WebSocket(uri, { autoPong: false });
  await new Promise((resolve) => dead.once('open', resolve));
  const alive = await connect(uri);
  const closed = ended(dead);
  let [pings, isOver] = [0, false];
  alive.on('ping', () => pings++);
  dead.once('close', () => (isOver = true));
  for (let second = 5; second <= 15; second += 5) {
    await clock.advance(5000);
    await expect.poll(() => pings).toBe(second / 5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isOver, hub.sessionCount]).toEqual([false, 2]);
  }
  await clock.advance(5000);
  expect(await closed).toBe(1006);
  await expect.poll(() => hub.sessionCount).toBe(1);
  expect(alive.readyState).toBe(WebSocket.OPEN);
  const done = sockets.close();
  http.close();
  await Promise.all([done, hub.close()]);
});

test.each([
  ['the wall clock jumps ahead', (clock: VirtualClock) => clock.jump(20_000)],
  ['the wall clock jumps back', (clock: VirtualClock) => clock.jump(-60_000)],
  ['the process stops for a while', (clock: VirtualClock) => clock.stop(17_000)],
])('no socket is closed when %s', async (_what, disturb) => {
  const clock = new VirtualClock();
  const hub = new Hub({
    ...{ storage: memory(), clock, random: systemRandom, log: silent, limits: defaultLimits },
    ...{ adminToken: appId, appId, createAppsOnUse: true },
  });
  const http = createHttpServer();
  const sockets = serveSockets(http, hub, { limits: defaultLimits, clock, log: silent });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const socket = await connect(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/runtime/session`);
  let pings = 0;
  socket.on('ping', () => pings++);
  for (let beat = 1; beat <= 8; beat++) {
    if (beat === 3) disturb(clock);
    await clock.advance(5000);
    await expect.poll(() => pings).toBeGreaterThanOrEqual(beat);
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);
  const reply = next(socket);
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId }));
  expect(await reply).toMatchObject({ op: 'init-ok' });
  const done = sockets.close();
  http.close();
  await Promise.all([done, hub.close()]);
});

test('closing ends soon after closeWithinMs although the storage hangs', async () => {
  const plain = memory();
  const never = new Promise<never>(() => {});
  const storage: Storage = { ...plain, open: async (id) => ({ ...(await plain.open(id)), append: () => never }), close: () => never };
  const reported: unknown[] = [];
  const log = { ...silent, error: (...logged: unknown[]) => reported.push(logged.join(' ')) } as Log;
  const server = await createServer({ storage, appId, log, closeWithinMs: 300 });
  const socket = await connect(server.websocketURI);
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId }));
  await next(socket);
  socket.send(JSON.stringify({ op: 'transact', 'client-event-id': 'stuck', 'tx-steps': [] }));
  const results: string[] = [];
  socket.on('message', (data) => results.push(textOf(data)));
  const write = ['add-attr', attrOf('goals')];
  socket.send(JSON.stringify({ op: 'transact', 'tx-steps': [write] }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const code = ended(socket);
  await server.close();
  expect(await code).toBe(1001);
  expect(results.filter((result) => result.includes('transact-ok') && !result.includes('stuck'))).toEqual([]);
  expect(reported).toEqual([expect.stringContaining('what was taken in'), expect.stringContaining('the end')]);
});

test('close() closes every socket with 1001, leaves no listener open, and can be called twice', async () => {
  const server = await createServer();
  const sockets = await Promise.all([1, 2, 3].map(() => connect(server.websocketURI)));
  const codes = Promise.all(sockets.map(ended));
  const storedAlive = await fetch(`${server.url}/health`);
  await storedAlive.text();
  await Promise.all([server.close(), server.close()]);
  expect(await codes).toEqual([1001, 1001, 1001]);
  await expect(connect(server.websocketURI)).rejects.toThrow('ECONNREFUSED');
  const left = process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap');
  expect(left).toEqual([]);
});

test('the next server on the same storage has the same data', async () => {
  const storage = memory();
  const id = '90a10000-0000-4000-8000-000000000001';
  const attr = attrOf('goals');
  const first = await createServer({ storage, appId });
  const writer = await connect(first.websocketURI);
  const written = new Promise((resolve) => writer.on('message', (data) => textOf(data).includes('transact-ok') && resolve(undefined)));
  writer.send(JSON.stringify({ op: 'init', 'app-id': appId }));
  writer.send(
    JSON.stringify({
      op: 'transact',
      'tx-steps': [
        ['add-attr', attr],
        ['add-triple', id, attr.id, id],
      ],
    }),
  );
  await written;
  await first.close();
  const second = await start({ storage, appId });
  const reader = await connect(second.websocketURI);
  const result = new Promise<string>((resolve) =>
    reader.on('message', (data) => textOf(data).includes('add-query-ok') && resolve(textOf(data))),
  );
  reader.send(JSON.stringify({ op: 'init', 'app-id': appId }));
  reader.send(JSON.stringify({ op: 'add-query', q: { goals: {} } }));
  expect(await result).toContain(id);
});

test('an error repeats an event id of any type', async () => {
  const { websocketURI } = await start();
  const socket = await connect(websocketURI);
  const answered = async (message: object): Promise<object> => {
    const answer = next(socket);
    socket.send(JSON.stringify(message));
    return answer;
  };
  await answered({ op: 'init', 'app-id': appId });
  for (const eventId of [{ a: 1 }, 5, [true], false, 'e']) {
    for (const message of [
      { op: 'add-query' },
      { op: 'join-room' },
      { op: 'nope' },
      { op: 'add-query', q: { goals: { $: { limit: 0 } } } },
    ]) {
      const answer = await answered({ ...message, 'client-event-id': eventId });
      expect(answer).toMatchObject({ op: 'error', 'client-event-id': eventId, 'original-event': { 'client-event-id': eventId } });
    }
  }
});

test('an invalid app id and a port in use are rejected', async () => {
  await expect(createServer({ appId: 'x' })).rejects.toThrow(TriplaneError);
  const { port } = await start();
  await expect(createServer({ port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: another program listens there`);
});

test('a storage may be a promise; an object that is not a storage is rejected at the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'triplane-promised-'));
  const server = await createServer({ storage: sqlite(folder) });
  expect((await fetch(`${server.url}/admin/transact`, adminRequest(server, { steps: [] }))).status).toBe(200);
  await server.close();
  for (const storage of [sqlite, {}, 'memory', null, Promise.resolve(undefined)]) {
    await expect(createServer({ storage: storage as unknown as Storage })).rejects.toMatchObject({ code: 'config-invalid' });
  }
  rmSync(folder, { recursive: true, force: true });
});

class Mail {}

test.each<[string, unknown, string]>([
  ['rules', Promise.resolve({ goals: { allow: { view: 'false' } } }), 'a promise: await it'],
  ['rules', () => ({}), 'a function: call it'],
  ['schema', Promise.resolve({ entities: {} }), 'a promise: await it'],
  ['files', Promise.resolve({}), 'a promise: await it'],
  ['files', sqlite, 'a function: call it'],
  ['sendMagicCode', {}, '{}'],
  ['sendMagicCode', Mail, 'the class Mail: create an object of it'],
  ['log', () => {}, 'a function: call it'],
  ['limits', () => ({ steps: 1 }), 'a function: call it'],
  ['limits', { steps: '1' }, '{"steps":"1"}'],
  ['port', '80a', '"80a"'],
  ['port', () => 0, 'a function: call it'],
  ['adminToken', Promise.resolve(appId), 'a promise: await it'],
  ['compression', 'no', '"no"'],
  ['createAppsOnUse', 'no', '"no"'],
  ['origins', 'https://app.example.com', '"https://app.example.com"'],
  ['host', () => '::1', 'a function: call it'],
  ['publicUrl', new URL('http://example.com'), '"http://example.com/"'],
  ['closeWithinMs', '1', '"1"'],
])('%s of the wrong type is rejected at the start', async (option, given, found) => {
  const server = createServer({ [option]: given });
  server.then((started) => started.close()).catch(() => {});
  await expect(server).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(new RegExp(`: ${option} must be .*, but is `)),
  });
  await expect(server).rejects.toThrow(found);
});

test('options that are a promise, and rules or a schema of createApp that are one, are rejected', async () => {
  const later = Promise.resolve({}) as never;
  await expect(createServer(later)).rejects.toThrow('createServer: options must be an object, but is a promise: await it');
  const server = await start();
  await expect(server.createApp({ rules: later })).rejects.toThrow('createApp: rules must be an object, but is a promise: await it');
  await expect(server.createApp({ schema: later })).rejects.toThrow('createApp: schema must be an object, but is a promise: await it');
});

const adminRequest = ({ appId, adminToken }: TriplaneServer, body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}` },
  body: JSON.stringify(body),
});
