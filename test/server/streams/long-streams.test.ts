// Long streams, slow storages and many readers: what is held for them is limited, and others are served meanwhile.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { init } from '../../../src/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';
import { type Bench, bench, blob, newId, rest, type TestPeer } from '../bench.ts';
import { admin, append, start, textOf } from './stream-peers.ts';

/** A storage whose appends wait while `isStuck`. */
function stuckStorage(): { storage: Storage; isStuck: boolean; goOn: () => void } {
  const plain = memory();
  let waiting: (() => void)[] = [];
  const made = {
    isStuck: false,
    goOn: (): void => {
      made.isStuck = false;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    storage: {
      ...plain,
      open: async (id: string) => {
        const log = await plain.open(id);
        const append: typeof log.append = async (entries) => {
          if (made.isStuck) await new Promise<void>((resolve) => waiting.push(resolve));
          return log.append(entries);
        };
        return { ...log, append };
      },
    },
  };
  return made;
}

const appOf = (world: Bench) => world.hub.app('a9900000-0000-4000-8000-000000000001');

test('text that waits to be stored counts as memory of the session, also when the session is gone', async () => {
  const stuck = stuckStorage();
  const world = bench({ storage: stuck.storage, limits: { sessionBytes: 1_000_000 } });
  const writer = await world.open(admin);
  const { 'stream-id': id } = await start(writer);
  const app = await appOf(world);
  stuck.isStuck = true;
  const chunk = 'x'.repeat(300_000);
  for (let n = 0; n < 3; n++) writer.send({ op: 'append-stream', 'stream-id': id, chunks: [chunk], offset: n * 300_000 });
  expect(app.memory.used).toBe(900_000);
  expect(await append(writer, id, 900_000, [chunk])).toMatchObject([{ op: 'error', type: 'rate-limited' }]);
  writer.session.end();
  expect(app.memory.used).toBe(900_000);
  stuck.goOn();
  await rest();
  expect(app.memory.used).toBe(0);
  expect(await start(await world.open(admin))).toMatchObject({ offset: 900_000 });
});

test('so do writes that wait to be stored', async () => {
  const stuck = stuckStorage();
  const world = bench({ storage: stuck.storage });
  const writer = await world.open(admin);
  const app = await appOf(world);
  const notes = blob('notes', 'text');
  await writer.request({ op: 'transact', 'tx-steps': [['add-attr', notes]] });
  stuck.isStuck = true;
  for (let n = 0; n < 3; n++)
    writer.send({ op: 'transact', 'client-event-id': newId(), 'tx-steps': [['add-triple', newId(), notes.id, 'x'.repeat(100_000)]] });
  writer.session.end();
  expect(app.memory.used).toBeGreaterThan(300_000);
  stuck.goOn();
  await rest();
  expect(app.memory.used).toBe(0);
});

test('many readings of one session are served in turns, and each reads everything in messages of limited length', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(writer);
  for (let n = 0; n < 300; n++) await reader.request({ op: 'subscribe-stream', 'client-event-id': `r${n}`, 'client-id': 'story' });
  reader.heard.length = 0;
  const text = `x${'😀'.repeat(150_000)}`;
  writer.send({ op: 'append-stream', 'stream-id': id, chunks: [text], offset: 0, done: true });
  let inOneTurn = 0;
  for (let before = 0; reader.heard.filter((each) => 'done' in each).length < 300; before = reader.heard.length) {
    await new Promise((resolve) => setImmediate(resolve));
    inOneTurn = Math.max(inOneTurn, reader.heard.length - before);
  }
  expect(inOneTurn).toBeLessThan(100);
  const first = reader.heard.filter((message) => 'client-event-id' in message && message['client-event-id'] === 'r7');
  expect(first.map((message) => ('content' in message ? message.content?.length : undefined))).toEqual([262_145, 37_856, 0]);
  expect(textOf({ ...reader, heard: first } as TestPeer)).toBe(text);
});

type Message = Readonly<Record<string, string>>;

describe('a stream that is longer than what may be unread', () => {
  const length = 3_000_000;
  let server: TriplaneServer;

  beforeEach(async () => {
    const rules = { $streams: { allow: { $default: 'true' } } };
    server = await createServer({ rules, limits: { unreadBytes: 2_500_000, totalUnreadBytes: 2_500_000 } });
    const writing = connected();
    const writer = writing.streams.createWriteStream({ clientId: 'long' }).getWriter();
    for (let n = 0; n < 4; n++) await writer.write(String(n).repeat(length));
    await writer.close();
    await writing.close();
  });
  afterEach(() => server.close());

  const connected = () => init({ appId: server.appId, apiURI: server.apiURI, websocketURI: server.websocketURI });

  test('is read over a socket', async () => {
    const reading = connected();
    const reader = reading.streams.createReadStream({ clientId: 'long' }).getReader();
    let read = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
    expect(read).toBe(4 * length);
    await reading.close();
  });

  test('is read over an event stream', async () => {
    const url = `${server.apiURI}/runtime/sse?app_id=${server.appId}`;
    const say = (messages: readonly object[]): Promise<Response> => {
      const about = { machine_id: key['machine-id'], session_id: key['session-id'], sse_token: key['sse-token'] };
      const body = JSON.stringify({ ...about, messages });
      return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    };
    let key: Message = {};
    let read = 0;
    let text = '';
    const aborted = new AbortController();
    const { body } = await fetch(url, { signal: aborted.signal });
    const reader = body?.getReader();
    while (read < 4 * length) {
      const bytes = (await reader?.read())?.value;
      if (!bytes) break;
      text += Buffer.from(bytes).toString('latin1');
      if (!text.endsWith('\n\n')) continue;
      const heard = text.split('\n\n').filter((event) => event.startsWith('data:'));
      text = '';
      for (const message of heard.map((event) => JSON.parse(event.slice('data:'.length)) as Message | Message[]).flat()) {
        if (message.op === 'sse-init') {
          key = message;
          await say([
            { op: 'init', 'app-id': server.appId, 'client-event-id': 'i' },
            { op: 'subscribe-stream', 'client-event-id': 'r', 'client-id': 'long' },
          ]);
        }
        read += message.content?.length ?? 0;
      }
    }
    aborted.abort();
    expect(read).toBe(4 * length);
  });
});
