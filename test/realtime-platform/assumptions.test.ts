// Each assumption about what the documentation leaves open can be replaced by its option: the adapter then speaks the other form.

import { createHmac } from 'node:crypto';

import { expect, test } from 'vitest';

import { verifyPlatformWebhook } from '../../src/realtime-platform/index.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { platformToken } from './double.ts';
import { platformWorld, until } from './world.ts';

const world = platformWorld();

test.each(['wsUrl', 'wire.wsUrl'])('A2: the address of the plain WebSocket is the one that %s builds', async (option) => {
  const token = platformToken();
  const address = (given: string | undefined): string => `${world.double.url.replace('http', 'ws')}/ws?token=${given}&via=${option}`;
  const options =
    option === 'wsUrl' ? { wsUrl: address } : { wire: { wsUrl: (_url: string, given: string | undefined) => address(given) } };
  const urls: string[] = [];
  world.double.http.on('upgrade', ({ url = '' }: { url?: string }) => urls.push(url));
  await world.client({ transport: 'ws', getToken: () => token, ...options }).connect();
  expect(urls).toEqual([`/ws?token=${token}&via=${option}`]);
});

test.each(['socketio', 'ws'] as const)('A3: an event over %s is what wire.parseEvent returns', async (transport) => {
  const got: unknown[] = [];
  const client = world.client({
    transport,
    wire: { parseEvent: (body, topic) => ({ topic: topic ?? 'a.b', payload: { wrapped: body }, raw: body }) },
  });
  await client.subscribe({ topic: 'a.b' }, ({ payload }) => got.push(payload)).ready;
  world.double.event('a.b', { n: 1 });
  await until(() => got.length, 1);
  expect(got[0]).toMatchObject({ wrapped: transport === 'ws' ? { n: 1 } : { topic: 'a.b', payload: { n: 1 } } });
});

test('A5, A6: documents can be watched on other topics and found under another key', async () => {
  const client = world.client({
    wire: {
      syncTopics: (service) => [`documents.${service}`],
      syncDocId: ({ payload }) => (payload as { key?: string }).key,
    },
  });
  const { id } = await client.sync.create('board', { n: 0 });
  const got: unknown[] = [];
  client.sync.watch<{ n: number }>('board', id, (document) => got.push(document?.data.n));
  await until(() => world.double.subscribes, [{ topic: 'documents.board' }]);
  await until(() => got, [0]);
  world.double.event('documents.board', { key: 'another', revision: 2, data: { n: 7 } });
  world.double.event('documents.board', { key: id, revision: 2, data: { n: 1 } });
  await until(() => got, [0, 1]);
});

test('A7: wire.selfEcho decides whether the sender receives its own messages', () => {
  expect(world.client().channel('board:1').capabilities.selfEcho).toBe(true);
  expect(world.client({ wire: { selfEcho: false } }).channel('board:1').capabilities.selfEcho).toBe(false);
});

test('A8: a validation can have another body and another response', async () => {
  const bodies: unknown[] = [];
  const { schemas } = world.client({
    fetch: (_url, init) => {
      bodies.push(JSON.parse(init?.body as string));
      return Promise.resolve(Response.json({ outcome: 'bad', problems: ['n is missing'] }));
    },
    wire: {
      validation: { body: (payload) => ({ document: payload }), valid: (answer) => (answer as { outcome?: string }).outcome === 'good' },
    },
  }).rest;
  expect(await schemas.validate('a.b', { m: 1 })).toMatchObject({ valid: false, raw: { outcome: 'bad', problems: ['n is missing'] } });
  expect(bodies).toEqual([{ document: { m: 1 } }]);
});

test('A9: a webhook can be signed under other header names, in another format', () => {
  const now = 1_790_000_000_000;
  const signature = createHmac('sha256', 's').update(`v1:${now}:{"n":1}`).digest('base64');
  const scheme = {
    signatureHeader: 'x-platform-signature',
    timestampHeader: 'x-platform-time',
    encoding: 'base64',
    signed: (at: string, body: string) => `v1:${at}:${body}`,
  } as const;
  const headers = { 'x-platform-signature': signature, 'x-platform-time': String(now) };
  expect(verifyPlatformWebhook('{"n":1}', headers, 's', { now, scheme })).toEqual({ n: 1 });
  expect(() => verifyPlatformWebhook('{"n":2}', headers, 's', { now, scheme })).toThrow('signature');
});

test('A10: topics can have other names', async () => {
  await expect(world.client().rest.topics.get('Orders/Changed')).rejects.toThrow(TypeError);
  // A pattern with the flag `g` remembers where it stopped: it is asked anew each time.
  const { topics } = world.client({ wire: { topicName: /^[A-Za-z/]+$/g } }).rest;
  for (let time = 0; time < 3; time++) await expect(topics.get('Orders/Changed')).rejects.toMatchObject({ status: 404 });
  expect(world.double.requests.map(({ path }) => path)).toEqual(Array(3).fill('/api/topics/Orders%2FChanged'));
});

test('A11: a deleted document can be marked by another field', async () => {
  const { sync } = world.client({ wire: { isDeleted: (document) => 'tombstone' in document } });
  const { id } = await sync.create('board', { n: 0 });
  const stored = world.double.space().documents.get(`board/${id}`);
  if (stored) stored.deleted = true;
  expect(await sync.get('board', id)).toMatchObject({ data: { n: 0 } });
  if (stored) Object.assign(stored, { tombstone: 1 });
  expect(await sync.get('board', id)).toBeNull();
});

test('a document recreated under the id of a deleted one is shown', async () => {
  const { sync } = world.client();
  const { id } = await sync.create('board', { n: 0 }, { id: 'doc_1' });
  const got: unknown[] = [];
  sync.watch<{ n: number }>('board', id, (document) => got.push(document && document.data.n));
  await until(() => world.double.subscribes.length, 3);
  for (const n of [1, 2]) await sync.replace('board', id, { n });
  await until(() => got.at(-1), 2);
  await sync.delete('board', id);
  await until(() => got.at(-1), null);
  world.double.space().documents.delete(`board/${id}`);
  await sync.create('board', { n: 9 }, { id });
  await until(() => got.at(-1), 9);
});

test('a plain WebSocket whose pings get no response is reopened; one whose pings get a response is kept', async () => {
  const clock = new VirtualClock(Date.now());
  const client = world.client({ transport: 'ws', clock });
  const connected = client.connect();
  for (let time = 0; time < 60 && client.status !== 'connected'; time++) await passed(clock, 5);
  await connected;
  await passed(clock, 25_000);
  await passed(clock, 19_000);
  expect([client.status, world.double.handshakes.length]).toEqual(['connected', 1]);
  world.double.pongs = false;
  await passed(clock, 25_000);
  await passed(clock, 19_000);
  expect(client.status).toBe('connected');
  await passed(clock, 2_000);
  for (let time = 0; time < 60 && world.double.handshakes.length < 2; time++) await passed(clock, 5);
  await expect.poll(() => client.status).toBe('connected');
  expect(world.double.handshakes).toHaveLength(2);
});

/** The clock moves, then the real socket gets time to carry what was sent. */
async function passed(clock: VirtualClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
