// Clients without sockets behind a load balancer: each request may reach another process.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createServer, postgres, type TriplaneServer } from '../../../src/server/index.ts';
import { startPostgres } from '../../support/postgres.ts';

let database: Awaited<ReturnType<typeof startPostgres>>;
const running: TriplaneServer[] = [];
beforeAll(async () => {
  database = await startPostgres();
}, 180_000);
afterAll(() => database.stop());
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function pair(): Promise<[TriplaneServer, TriplaneServer]> {
  const app = { appId: crypto.randomUUID(), adminToken: crypto.randomUUID() };
  const schema = `e${running.length}${app.appId.slice(0, 8)}`;
  const start = async (): Promise<TriplaneServer> => {
    const server = await createServer({ ...app, storage: await postgres(database.url, { schema }) });
    running.push(server);
    return server;
  };
  return [await start(), await start()];
}

interface Message {
  readonly op: string;
  readonly [field: string]: unknown;
}

async function* messagesOf(server: TriplaneServer, stop: AbortSignal): AsyncGenerator<Message> {
  const { body } = await fetch(`${server.url}/runtime/sse?app_id=${server.appId}`, { signal: stop });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data:')) yield* [JSON.parse(line.slice(5)) as Message | Message[]].flat();
  }
}

async function push(server: TriplaneServer, init: Message, messages: object[], changes: object = {}) {
  const body = { machine_id: init['machine-id'], session_id: init['session-id'], sse_token: init['sse-token'], messages, ...changes };
  const answer = await fetch(`${server.url}/runtime/sse?app_id=${server.appId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Message };
}

test('messages posted to another process reach the session', { timeout: 60_000 }, async () => {
  const [a, b] = await pair();
  const stop = new AbortController();
  const stream = messagesOf(a, stop.signal);
  const next = async (op: string): Promise<Message> => {
    for (;;) {
      const { value } = await stream.next();
      if ((value as Message).op === op) return value as Message;
    }
  };
  const init = await next('sse-init');
  expect(await push(b, init, [{ op: 'init', 'app-id': a.appId, 'client-event-id': 'i' }])).toEqual({ status: 200, body: {} });
  expect(await next('init-ok')).toMatchObject({ 'client-event-id': 'i' });
  const big = 'x'.repeat(100_000);
  expect(
    await push(b, init, [
      { op: 'add-query', q: { notes: { $: { where: { text: big } } } } },
      { op: 'join-room', 'room-id': 'r' },
    ]),
  ).toMatchObject({ status: 200 });
  expect(await next('add-query-ok')).toBeDefined();
  expect(await next('join-room-ok')).toMatchObject({ 'room-id': 'r' });
  for (let n = 0; n < 20; n++)
    await push(n % 2 ? a : b, init, [{ op: 'client-broadcast', 'room-id': 'r', topic: 't', data: n, 'client-event-id': `b${n}` }]);
  for (let n = 0; n < 20; n++) expect(await next('client-broadcast-ok')).toMatchObject({ 'client-event-id': `b${n}` });
  expect(await push(b, init, [], { sse_token: crypto.randomUUID() })).toMatchObject({ status: 400 });
  expect(await push(b, init, [], { session_id: crypto.randomUUID() })).toMatchObject({ status: 400 });
  stop.abort();
  await expect.poll(async () => (await push(b, init, [])).status).toBe(400);
});
