// Streams against a scripted server: the writer's and the reader's dialogues, and the platform's streams on top.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedConfig } from '../../../src/client/config.ts';
import type { ServerMessage, StreamAppend } from '../../../src/protocol/server-message.ts';
import { Streams } from '../../../src/client/streams.ts';
import { testClient, type TestClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';

const streamId = '57000000-0000-4000-8000-000000000001';
const initOk: ServerMessage = { op: 'init-ok', 'session-id': '5e550000-0000-4000-8000-00000000000a', attrs: [] };

let client: TestClient;
let streams: Streams;
let files: Record<string, (range: string | undefined) => Response | Promise<Response>>;
let fetched: string[];

beforeEach(async () => {
  client = testClient();
  files = {};
  fetched = [];
  const send = (url: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('range') ?? undefined;
    fetched.push(range ? `${url} ${range}` : url);
    return Promise.resolve(files[url]?.(range) ?? new Response('', { status: 404 }));
  };
  streams = new Streams(client.reactor, { fetch: send as typeof fetch } as unknown as ResolvedConfig);
  await loaded();
  await client.receive(initOk);
});
afterEach(() => client.reactor.shutdown());

/** When promises have run, the loading of modules among them. */
async function loaded(): Promise<void> {
  await import('../../../src/reactor/streams/stream-api.ts');
  await settled();
}

/** On a line that lives. */
async function halfMinute(): Promise<void> {
  for (let n = 0; n < 6; n += 1) {
    await client.clock.advance(5_000);
    client.transport.channel.on.activity();
  }
}

async function reconnect(): Promise<void> {
  client.transport.channel.on.closed({ code: 1006, reason: '' });
  await client.clock.advance(2_000);
  await client.receive(initOk);
}

const startStreams = () => client.sentMessages('start-stream');
const lastStart = () => startStreams().at(-1)?.['client-event-id'] ?? '';
const startOk = (offset: number): ServerMessage => ({
  op: 'start-stream-ok',
  'client-event-id': lastStart(),
  'client-id': 'story',
  'stream-id': streamId,
  offset,
});
const flushed = (offset: number, done = false): ServerMessage => ({ op: 'stream-flushed', 'stream-id': streamId, offset, done });
const appends = () =>
  client
    .sentMessages('append-stream')
    .map(({ chunks, offset, done, 'abort-reason': reason }) => [offset, chunks.join('|'), done, reason ?? '']);
const rejectedAppend = (type = 'validation-failed'): ServerMessage => {
  const last = client.sentMessages('append-stream').at(-1);
  return {
    op: 'error',
    status: 400,
    type,
    message: 'no',
    'client-event-id': last?.['client-event-id'] ?? '',
    'original-event': { op: 'append-stream' },
  };
};

/** A writer whose stream the server knows. */
async function write(): Promise<{ stream: ReturnType<Streams['createWriteStream']>; writer: WritableStreamDefaultWriter<string> }> {
  const stream = streams.createWriteStream({ clientId: 'story' });
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  await loaded();
  await client.receive(startOk(0));
  return { stream, writer };
}

const stateOf = async (promise: Promise<unknown>): Promise<string> => {
  let state = 'waits';
  promise.then(
    () => (state = 'done'),
    (error: Error) => (state = error.message),
  );
  await settled();
  return state;
};

describe('writing', () => {
  test('offsets count bytes; the end is sent last, and close waits until everything is stored', async () => {
    const { stream, writer } = await write();
    expect(startStreams()).toEqual([
      {
        op: 'start-stream',
        'client-event-id': lastStart(),
        'client-id': 'story',
        'reconnect-token': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      },
    ]);
    expect(await stream.streamId()).toBe(streamId);
    await writer.write('héllo');
    await writer.write('');
    await writer.write(' 👋');
    const closed = writer.close();
    await settled();
    expect(appends()).toEqual([
      [0, 'héllo', false, ''],
      [6, ' 👋', false, ''],
      [11, '', true, ''],
    ]);
    expect(await stateOf(closed)).toBe('waits');
    await client.receive(flushed(11, true));
    expect([await stateOf(closed), await stateOf(stream.done)]).toEqual(['done', 'done']);
  });

  test('a character written in two halves is sent whole, and a lone half as the replacement character', async () => {
    const { writer } = await write();
    await writer.write('a\ud83d');
    await writer.write('\ude00b');
    await writer.write('\ude00\ud83d');
    void writer.close().catch(() => {});
    await settled();
    expect(appends()).toEqual([
      [0, 'a', false, ''],
      [1, '😀b', false, ''],
      [6, '\ufffd', false, ''],
      [9, '\ufffd', true, ''],
    ]);
  });

  test('text written before the server has responded is sent in one message afterwards', async () => {
    const stream = streams.createWriteStream({ clientId: 'story', ruleParams: { key: 1 } });
    const writer = stream.getWriter();
    await writer.write('one');
    await writer.write('two');
    expect(appends()).toEqual([]);
    await client.receive(startOk(0));
    expect([startStreams()[0]?.['rule-params'], appends()]).toEqual([{ key: 1 }, [[0, 'one|two', false, '']]]);
  });

  test('after a reconnect the writer sends the same token, and resends unstored text from the exact byte', async () => {
    const { writer } = await write();
    await writer.write('one');
    await writer.write('zwölf');
    await client.receive(flushed(3));
    const before = startStreams()[0];
    await reconnect();
    expect(startStreams()).toHaveLength(1);
    expect(startStreams()[0]).toMatchObject({ 'client-id': 'story', 'reconnect-token': before?.['reconnect-token'] });
    await writer.write('!');
    expect(appends()).toEqual([]);
    await client.receive(startOk(7));
    expect(appends()).toEqual([[7, 'lf|!', false, '']]);
  });

  test.each([
    ['inside a character', 6],
    ['before the buffered text', 2],
    ['past the written text', 10],
  ])('the stream fails if the server resumes at a byte %s', async (_, offset) => {
    const { stream, writer } = await write();
    await writer.write('one');
    await writer.write('zwölf');
    await client.receive(flushed(3));
    await reconnect();
    await client.receive(startOk(offset));
    expect(await stateOf(stream.done)).toMatch(/not what was written/);
    expect(await stateOf(writer.write('x'))).toMatch(/not what was written/);
  });

  test('W-36 a: the end is resent after a reconnect', async () => {
    const { stream, writer } = await write();
    await writer.write('one');
    const closed = writer.close();
    await settled();
    await reconnect();
    await client.receive(startOk(0));
    expect(appends()).toEqual([[0, 'one', true, '']]);
    await client.receive(flushed(3, true));
    expect([await stateOf(closed), await stateOf(stream.done)]).toEqual(['done', 'done']);
  });

  test('W-36 a: an end written while disconnected is sent on the next connection', async () => {
    const { writer } = await write();
    client.transport.channel.on.closed({ code: 1006, reason: '' });
    await settled();
    void writer.close().catch(() => {});
    await client.clock.advance(2_000);
    await client.receive(initOk);
    await client.receive(startOk(0));
    expect(appends()).toEqual([[0, '', true, '']]);
  });

  test('a stream whose end was sent counts as stored when the server says that it is closed', async () => {
    const { stream, writer } = await write();
    void writer.close();
    await settled();
    await reconnect();
    const error = { op: 'error', status: 400, type: 'validation-failed', message: 'closed', 'client-event-id': lastStart() } as const;
    await client.receive({ ...error, 'original-event': { op: 'start-stream' } });
    expect(await stateOf(stream.done)).toBe('done');
    await reconnect();
    expect(startStreams()).toEqual([]);
  });

  test.each<[unknown, string]>([
    ['changed my mind', 'changed my mind'],
    [new Error('tired'), 'tired'],
    [undefined, 'aborted'],
    [{ code: 1 }, 'aborted'],
  ])('W-36 c: aborting with %s sends the reason to the server, also after a reconnect', async (reason, notified) => {
    const { stream, writer } = await write();
    await writer.write('one');
    await writer.abort(reason);
    await settled();
    expect(appends()).toEqual([
      [0, 'one', false, ''],
      [3, '', true, notified],
    ]);
    await reconnect();
    await client.receive(startOk(3));
    expect(appends()).toEqual([[3, '', true, notified]]);
    await client.receive(flushed(3, true));
    expect(await stateOf(stream.done)).toBe('done');
  });

  test('W-36 d: write waits while 4 MiB are not stored', async () => {
    const { writer } = await write();
    const mega = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 3; n += 1) await writer.write(mega);
    const fourth = writer.write(mega);
    expect([await stateOf(fourth), writer.desiredSize]).toEqual(['waits', 0]);
    await client.receive(flushed(1024 * 1024));
    expect([await stateOf(fourth), writer.desiredSize]).toEqual(['done', 1]);
    const longest = Math.max(...client.sentMessages('append-stream').flatMap(({ chunks }) => chunks.map(({ length }) => length)));
    expect(longest).toBe(65_536);
  });

  test('an append that is rejected or not stored restarts the stream, the second time after a delay', async () => {
    const { writer } = await write();
    await writer.write('one');
    await client.receive(rejectedAppend());
    await client.receive(rejectedAppend());
    expect(startStreams()).toHaveLength(2);
    await client.receive(startOk(0));
    expect(appends().at(-1)).toEqual([0, 'one', false, '']);
    await client.receive({ op: 'append-failed', 'stream-id': streamId });
    expect(startStreams()).toHaveLength(2);
    await client.clock.advance(1_000);
    expect(startStreams()).toHaveLength(3);
    expect(client.errors).toEqual([]);
  });

  test('a stream fails when the server rejects its appends repeatedly', async () => {
    const { stream, writer } = await write();
    await writer.write('one');
    for (let n = 0; n < 11; n += 1) {
      await client.receive(rejectedAppend());
      await halfMinute();
      await client.receive(startOk(0));
    }
    expect(await stateOf(stream.done)).toBe('no');
  });

  test('a start that is rejected permanently fails the stream; one rejected temporarily is retried', async () => {
    const stream = streams.createWriteStream({ clientId: 'story' });
    await loaded();
    const reject = (type: string): Promise<void> =>
      client.receive({
        op: 'error',
        status: 400,
        type,
        message: type,
        'client-event-id': lastStart(),
        'original-event': { op: 'start-stream' },
      });
    await reject('rate-limited');
    await client.clock.advance(1_000);
    expect(startStreams()).toHaveLength(2);
    await reject('permission-denied');
    expect(await stateOf(stream.done)).toBe('permission-denied');
    expect(await stateOf(stream.streamId())).toBe('permission-denied');
    expect(await stateOf(stream.getWriter().write('x'))).toBe('permission-denied');
  });

  test('waitUntil receives a promise that is pending until everything is stored', async () => {
    let waits: Promise<unknown> = Promise.resolve();
    const stream = streams.createWriteStream({ clientId: 'story', waitUntil: (promise) => void (waits = promise) });
    await loaded();
    await client.receive(startOk(0));
    void stream.close();
    expect(await stateOf(waits)).toBe('waits');
    await client.receive(flushed(0, true));
    expect(await stateOf(waits)).toBe('done');
  });

  test('shutting down fails open streams', async () => {
    const { stream, writer } = await write();
    client.reactor.shutdown();
    expect(await stateOf(stream.done)).toMatch(/shut down|was closed/);
    expect(await stateOf(writer.write('x'))).toMatch(/shut down|was closed/);
    expect(() => streams.createWriteStream({ clientId: 'x' })).toThrow(/shut down|was closed/);
  });

  test('invalid stream options are rejected; a chunk that is not text is rejected by write', async () => {
    expect(() => streams.createWriteStream({ clientId: ' ' })).toThrow(/clientId/);
    expect(() => streams.createReadStream({})).toThrow(/clientId.*streamId/);
    expect(await stateOf(streams.createReadStream({ clientId: 'x', byteOffset: -1 }).getReader().read())).toMatch(/byteOffset/);
    const { writer } = await write();
    expect(await stateOf(writer.write(new Uint8Array() as unknown as string))).toMatch(/takes text/);
  });
});

describe('reading', () => {
  const subscribes = () => client.sentMessages('subscribe-stream');
  const lastSubscribe = () => subscribes().at(-1)?.['client-event-id'] ?? '';
  const send = (fields: Omit<StreamAppend, 'op'>): Promise<void> =>
    client.receive({ op: 'stream-append', 'client-event-id': lastSubscribe(), 'stream-id': streamId, ...fields });

  interface Read {
    readonly stream: ReturnType<Streams['createReadStream']>;
    readonly texts: string[];
    /** All of it, or why not. */
    readonly end: Promise<string>;
  }

  async function read(opts: Parameters<Streams['createReadStream']>[0] = { clientId: 'story' }): Promise<Read> {
    const stream = streams.createReadStream(opts);
    const texts: string[] = [];
    const all = async (): Promise<string> => {
      const reader = stream.getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return texts.join('');
        texts.push(value);
      }
    };
    const end = all().catch((error: Error) => `! ${error.message}`);
    await loaded();
    return { stream, texts, end };
  }

  test('the reader receives existing text, appended text and the end', async () => {
    const { stream, texts, end } = await read({ clientId: 'story', ruleParams: { key: 1 } });
    expect(subscribes()).toEqual([
      { op: 'subscribe-stream', 'client-event-id': lastSubscribe(), 'client-id': 'story', 'rule-params': { key: 1 } },
    ]);
    await send({ offset: 0, files: [], content: 'one ' });
    expect(await stream.streamId()).toBe(streamId);
    await send({ offset: 4, content: 'two' });
    expect(texts).toEqual(['one ', 'two']);
    await send({ done: true });
    expect([await end, await stream.abortReason()]).toEqual(['one two', undefined]);
  });

  test('W-36 c: the reader receives the abort reason, and no error', async () => {
    const { stream, end } = await read();
    await send({ offset: 0, content: 'one' });
    await send({ done: true, 'abort-reason': 'tired' });
    expect([await end, await stream.abortReason()]).toEqual(['one', 'tired']);
  });

  test('reading from a byte offset skips earlier bytes and a partial character', async () => {
    const { end } = await read({ streamId, byteOffset: 2 });
    expect(subscribes()[0]).toMatchObject({ 'stream-id': streamId, offset: 2 });
    await send({ offset: 0, content: 'hé' });
    await send({ offset: 3, content: 'llo' });
    await send({ done: true });
    expect(await end).toBe('llo');
  });

  test('files are read in order from the requested byte, then the content', async () => {
    files['a'] = (range) => new Response(range === 'bytes=1-' ? 'ne ' : 'one ', { status: range ? 206 : 200 });
    files['b'] = () => new Response('two ');
    const { end } = await read({ clientId: 'story', byteOffset: 1 });
    const parts = [
      { id: 'a', size: 4, url: 'a' },
      { id: 'b', size: 4, url: 'b' },
    ];
    await send({ offset: 0, files: parts, content: 'three' });
    await send({ done: true });
    expect([await end, fetched]).toEqual(['ne two three', ['a bytes=1-', 'b']]);
  });

  test('files before the offset are not fetched; a server that ignores ranges is supported', async () => {
    files['b'] = () => new Response('zwei');
    const { end } = await read({ clientId: 'story', byteOffset: 5 });
    const parts = [
      { id: 'a', size: 4, url: 'a' },
      { id: 'b', size: 4, url: 'b' },
    ];
    await send({ offset: 0, files: parts, done: true, 'abort-reason': null });
    expect([await end, fetched]).toEqual(['wei', ['b bytes=1-']]);
  });

  test('W-36 b: a character split across files or network chunks is read whole', async () => {
    const bytes = new TextEncoder().encode('aé👋b');
    const stream = (part: Uint8Array): Response =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            for (const byte of part) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
      );
    files['a'] = () => stream(bytes.subarray(0, 5));
    files['b'] = () => stream(bytes.subarray(5));
    const { end } = await read();
    const parts = [
      { id: 'a', size: 5, url: 'a' },
      { id: 'b', size: bytes.length - 5, url: 'b' },
    ];
    await send({ offset: 0, files: parts, content: 'ü' });
    await send({ done: true });
    expect(await end).toBe('aé👋bü');
  });

  test('after a reconnect the reader resumes from its last byte', async () => {
    const { end } = await read();
    await send({ offset: 0, content: 'zwölf' });
    await reconnect();
    expect(subscribes()).toMatchObject([{ 'client-id': 'story', offset: 6 }]);
    await send({ offset: 2, content: 'ölf Boxkämpfer' });
    await send({ done: true });
    expect(await end).toBe('zwölf Boxkämpfer');
  });

  test('the reader retries when the server requests it: at once, then after a delay', async () => {
    const { end } = await read();
    await send({ offset: 0, content: 'one' });
    const trouble = { error: true, retry: true, 'error-type': 'writer-disconnected' };
    await send(trouble);
    expect(subscribes().map(({ offset }) => offset)).toEqual([undefined, 3]);
    await send(trouble);
    expect(subscribes()).toHaveLength(2);
    await client.clock.advance(1_000);
    expect(subscribes()).toHaveLength(3);
    await send({ offset: 3, content: '!', done: true });
    expect(await end).toBe('one!');
  });

  test('W-36 e: a permanent failure is an error that names its type', async () => {
    const { end } = await read();
    await send({ error: true, 'error-type': 'rate-limit' });
    expect(await end).toBe('! The stream cannot be read: rate-limit');
  });

  test('a gap in the content is an error', async () => {
    const { end } = await read();
    await send({ offset: 0, content: 'one' });
    await send({ offset: 4, content: 'two' });
    expect(await end).toMatch(/^! .*3 bytes came.*begins at 4/);
    expect(client.sentMessages('unsubscribe-stream')).toHaveLength(1);
  });

  test('the reader requests an incomplete file again from the missing byte, even after the end', async () => {
    files['a'] = () => new Response('one');
    const { texts, end } = await read();
    const part = { id: 'a', size: 6, url: 'a' };
    await send({ offset: 0, files: [part], done: true });
    expect(texts).toEqual(['one']);
    expect(subscribes().map(({ offset }) => offset)).toEqual([undefined, 3]);
    files['a'] = () => new Response('two', { status: 206 });
    await send({ offset: 0, files: [part], done: true });
    expect([await end, fetched]).toEqual(['onetwo', ['a', 'a bytes=3-']]);
  });

  test('the reader requests a missing file again after a delay', async () => {
    const { end } = await read();
    const part = { id: 'a', size: 3, url: 'a' };
    for (const times of [1, 2, 3]) {
      expect(subscribes()).toHaveLength(times);
      if (times === 3) files['a'] = () => new Response('one');
      await send({ offset: 0, files: [part], done: true });
      await client.clock.advance(1_000);
    }
    expect(await end).toBe('one');
  });

  test('a file that can never be fetched is an error', async () => {
    const { end } = await read();
    for (let n = 0; n < 11; n += 1) {
      await send({ offset: 0, files: [{ id: 'a', size: 3, url: 'a' }] });
      await halfMinute();
    }
    expect([await end, fetched.length]).toEqual(['! A file of the stream could not be fetched', 11]);
  });

  test('a rejection fails both the stream and its id', async () => {
    const { stream, end } = await read();
    await client.receive({
      op: 'error',
      status: 400,
      type: 'validation-failed',
      message: 'Stream is missing.',
      'client-event-id': lastSubscribe(),
      'original-event': { op: 'subscribe-stream' },
    });
    expect(await end).toBe('! Stream is missing.');
    await expect(stream.streamId()).rejects.toMatchObject({ code: 'refused' });
    expect(client.errors).toEqual([]);
  });

  test('a reader that cancels unsubscribes from the stream', async () => {
    const stream = streams.createReadStream({ clientId: 'story' });
    await loaded();
    const eventId = lastSubscribe();
    await stream.cancel();
    expect(client.sentMessages('unsubscribe-stream')).toMatchObject([{ 'subscribe-event-id': eventId }]);
    await reconnect();
    expect(subscribes()).toEqual([]);
  });

  test('a reader that is too slow unsubscribes from the stream, and resumes it later', async () => {
    const stream = streams.createReadStream({ clientId: 'story' });
    await loaded();
    const mega = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 6; n += 1) await send({ offset: n * mega.length, content: mega });
    expect(client.sentMessages('unsubscribe-stream')).toHaveLength(1);
    const reader = stream.getReader();
    let size = 0;
    for (let n = 0; n < 4; n += 1) size += (await reader.read()).value?.length ?? 0;
    await settled();
    const offset = subscribes().at(-1)?.offset ?? 0;
    expect([subscribes().length, offset]).toEqual([2, 6 * mega.length]);
    await send({ offset, content: 'end', done: true });
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      size += value.length;
    }
    expect(size).toBe(offset + 3);
  });
});
