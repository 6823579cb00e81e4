// A long answer is sent in parts: encoding all of it in one go would keep everybody waiting.

import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { bodyInParts } from '../../src/server/http/body-in-parts.ts';
import { PartedOutput } from '../../src/server/parted-output.ts';
import { UnreadOutput } from '../../src/server/unread-output.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { adminToken, appId, bench } from './bench.ts';

const servers: TriplaneServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const count = 2500;
const idOf = (n: number): string => `e0000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const texts = Array.from({ length: count }, (_, n) => `Größe 🎈 ${n} ${'x'.repeat(300)}`);
const attr = (n: number, label: string): object => ({
  ...{ id: `a7000000-0000-4000-8000-00000000000${n}`, 'value-type': 'blob', cardinality: 'one', 'unique?': label === 'id' },
  ...{ 'index?': false, 'forward-identity': [`1d000000-0000-4000-8000-00000000000${n}`, 'notes', label] },
});
const steps = [
  ...[attr(1, 'id'), attr(2, 'text')].map((one) => ['add-attr', one]),
  ...texts.flatMap((text, n) => [
    ['add-triple', idOf(n), 'a7000000-0000-4000-8000-000000000001', idOf(n)],
    ['add-triple', idOf(n), 'a7000000-0000-4000-8000-000000000002', text],
  ]),
];

test('no part of an answer is long, and together they are the answer', async () => {
  const world = bench();
  const writer = await world.open({ '__admin-token': adminToken });
  await writer.request({ op: 'transact', 'tx-steps': steps });
  const frames: (string | readonly string[])[] = [];
  const session = world.hub.connect({
    send: (frame) => void frames.push(frame),
    sendParts: (parts) => void frames.push(parts),
    close: () => {},
  });
  session.receive(JSON.stringify({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } }));
  await expect.poll(() => frames.length).toBe(1);
  for (const returnType of ['join-rows', 'tree']) {
    frames.length = 0;
    session.receive(JSON.stringify({ op: 'add-query', q: { notes: {} }, 'return-type': returnType }));
    session.receive(JSON.stringify({ op: 'join-room', 'room-id': 'r', 'room-type': 't', 'client-event-id': 'after' }));
    const longOne = (): unknown => frames.find((frame) => typeof frame !== 'string');
    await expect.poll(longOne).toBeDefined();
    const long = longOne() as readonly string[];
    expect(Math.max(...long.map(({ length }) => length))).toBeLessThan(1024 * 1024);
    // The first fragment decides whether a message is compressed.
    expect(long[0]?.length).toBeGreaterThan(8192);
    expect(JSON.stringify(JSON.parse(long.join('')))).toContain(texts.at(-1));
    expect(JSON.stringify(frames)).toContain('join-room-ok');
    session.receive(JSON.stringify({ op: 'remove-query', q: { notes: {} } }));
    session.receive(JSON.stringify({ op: 'leave-room', 'room-id': 'r' }));
  }
});

test('sockets, event streams and HTTP bring a long answer whole', async () => {
  const server = await createServer({ port: 0, appId, adminToken });
  servers.push(server);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}`, 'app-id': appId };
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const updates = texts.map((text, n) => ['update', 'notes', idOf(n), { text }]);
  expect((await post('/admin/transact', { steps: updates })).status).toBe(200);

  const answer = (await (await post('/admin/query', { query: { notes: {} } })).json()) as { notes: { text: string }[] };
  expect(new Set(answer.notes.map(({ text }) => text))).toEqual(new Set(texts));

  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/runtime/session?app_id=${appId}`);
  const ops: string[] = [];
  let result = '';
  socket.on('message', (data: Buffer) => {
    const { op } = JSON.parse(data.toString()) as { op: string };
    ops.push(op);
    if (op === 'add-query-ok') result = data.toString();
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId, '__admin-token': adminToken }));
  await expect.poll(() => ops).toEqual(['init-ok']);
  socket.send(JSON.stringify({ op: 'add-query', q: { notes: {} } }));
  await expect.poll(() => ops).toContain('add-query-ok');
  for (const text of [texts[0], texts.at(-1)]) expect(result).toContain(text);
  socket.terminate();

  const stream = await post('/admin/subscribe-query', { query: { notes: {} } });
  let received = '';
  const decoder = new TextDecoder();
  const reader = stream.body?.getReader();
  while (!received.includes('add-query-ok') || !received.endsWith('\n\n'))
    received += decoder.decode((await reader?.read())?.value, { stream: true });
  await reader?.cancel();
  const events = received.split('\n\n').flatMap((event) => /^data:(.*)$/m.exec(event)?.[1] ?? []);
  expect(events.map((event) => (JSON.parse(event) as { op: string }).op)).toEqual(['sse-init', 'add-query-ok']);
  expect(events[1]).toContain(texts.at(-1));
});

test('messages behind a long one wait for it, and a close sends all', () => {
  const written: string[] = [];
  let next = (): void => {};
  const output = new PartedOutput(({ text, isFirst, isLast }, done) => {
    written.push(`${isFirst ? '<' : ''}${text}${isLast ? '>' : ''}`);
    next = done;
  });
  output.send('a');
  output.send(['b', 'ö', 'd']);
  output.send('e');
  expect(written).toEqual(['<a>', '<b']);
  expect(output.waitingBytes).toBe(4);
  next();
  expect(written).toEqual(['<a>', '<b', 'ö']);
  output.flush();
  expect(written).toEqual(['<a>', '<b', 'ö', 'd>', '<e>']);
  expect(output.waitingBytes).toBe(0);
});

test('the answers over HTTP that clients do not read are bounded together', async () => {
  const part = 4000;
  const unread = new UnreadOutput<object>({ unreadBytes: 1000 * part, totalUnreadBytes: 50 * part }, new VirtualClock());
  const readerOf = (): ReadableStreamDefaultReader<Uint8Array> => {
    const body = bodyInParts(['ö'.repeat(20 * part), 'b'.repeat(40 * part), 'c'.repeat(40 * part)], unread);
    if (typeof body === 'string') throw new Error('in one piece');
    return body.getReader();
  };
  const slow = readerOf();
  const { value } = await slow.read();
  expect(unread.total).toBe(120 * part - (value?.byteLength ?? 0));
  const left = readerOf();
  await expect(slow.read()).rejects.toThrow('does not read');
  expect(unread.total).toBe(120 * part);
  await left.cancel();
  expect(unread.total).toBe(0);
  const read = readerOf();
  expect(Buffer.concat(await chunksOf(read))).toHaveLength(120 * part);
  expect(unread.total).toBe(0);
});

test('one long part is given to the connection in pieces, and no character is cut', async () => {
  const text = `${'x'.repeat(65_535)}${'😀'.repeat(100_000)}`;
  const unread = new UnreadOutput<object>({ unreadBytes: 1e9, totalUnreadBytes: 1e9 }, new VirtualClock());
  const body = bodyInParts(['[', text, ']'], unread);
  if (typeof body === 'string') throw new Error('in one piece');
  const chunks = await chunksOf(body.getReader());
  expect(Math.max(...chunks.map(({ byteLength }) => byteLength))).toBeLessThan(300_000);
  expect(Buffer.concat(chunks).toString()).toBe(`[${text}]`);
});

async function chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}
