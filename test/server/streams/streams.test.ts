// Streams of text: stored before they are read, gone on with after a break, and no other's to write.

import { describe, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { bench, newId, rest } from '../bench.ts';
import { admin, append, start, textOf, token } from './stream-peers.ts';

test('a stream is read while it is written, and its end is sent to readers', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id, offset } = await start(writer);
  expect(offset).toBe(0);
  const first = await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'client-id': 'story' });
  expect(first).toEqual([
    { op: 'stream-append', 'client-event-id': 'r', 'stream-id': id, 'client-id': 'story', offset: 0, files: [], content: '' },
  ]);
  reader.heard.length = 0;
  expect(await append(writer, id, 0, ['hé', 'llo '])).toMatchObject([{ op: 'stream-flushed', 'stream-id': id, offset: 7, done: false }]);
  expect(await append(writer, id, 7, ['world'])).toMatchObject([{ op: 'stream-flushed', offset: 12 }]);
  expect(await append(writer, id, 12, [], { done: true })).toMatchObject([{ op: 'stream-flushed', offset: 12, done: true }]);
  expect(textOf(reader)).toBe('héllo world');
  expect(reader.heard.at(-1)).toMatchObject({ done: true });
  expect(reader.heard.at(-1)).not.toHaveProperty('abort-reason');
  const late = await world.open(admin);
  await late.request({ op: 'subscribe-stream', 'client-event-id': 'l', 'stream-id': id, offset: 2 });
  expect(textOf(late, 2)).toBe(Buffer.from('héllo world').subarray(2).toString());
  expect(late.heard.at(-1)).toMatchObject({ done: true });
  const { result } = await late.response('add-query-ok', { op: 'add-query', q: { $streams: {} }, 'return-type': 'tree' });
  expect(result).toMatchObject({ $streams: [{ id, clientId: 'story', size: 12, done: true }] });
});

test('the row of a stream changes at its start and its end, not with each chunk', async () => {
  const world = bench();
  const [writer, watcher] = [await world.open(admin), await world.open(admin)];
  await watcher.request({ op: 'add-query', q: { $streams: {} }, 'return-type': 'tree' });
  watcher.heard.length = 0;
  const rowsHeard = (): unknown[] =>
    watcher.heard.flatMap((message) => (message.op === 'refresh-ok' ? message.computations.map((one) => one['instaql-result']) : []));
  const { 'stream-id': id } = await start(writer);
  await append(writer, id, 0, ['one']);
  await append(writer, id, 3, ['two']);
  expect(rowsHeard()).toEqual([{ $streams: [expect.not.objectContaining({ size: expect.anything(), done: expect.anything() })] }]);
  await append(writer, id, 6, [], { done: true });
  expect(rowsHeard()).toHaveLength(2);
  expect(rowsHeard().at(-1)).toMatchObject({ $streams: [{ id, clientId: 'story', size: 6, done: true }] });
});

test('files come with the first message, and the end of a stream in a message of its own', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(writer);
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'stream-id': id });
  reader.heard.length = 0;
  await append(writer, id, 0, ['all of it'], { done: true });
  const head = { op: 'stream-append', 'client-event-id': 'r', 'stream-id': id, 'client-id': 'story' };
  expect(reader.heard).toEqual([
    { ...head, offset: 0, content: 'all of it' },
    { ...head, offset: 9, content: '', done: true },
  ]);
});

test('a stream without a client id is rejected', async () => {
  const world = bench();
  const writer = await world.open(admin);
  expect(await writer.request({ op: 'start-stream', 'client-id': ' ', 'reconnect-token': token })).toMatchObject([
    { op: 'error', status: 400, type: 'param-malformed', hint: { in: ['client-id'], 'original-input': ' ' } },
  ]);
});

test('W-36: a reader receives the abort reason of a stream, and a flush is acknowledged even for one byte', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(writer);
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'stream-id': id });
  expect(await append(writer, id, 0, ['a'])).toMatchObject([{ op: 'stream-flushed', offset: 1 }]);
  await append(writer, id, 1, [], { done: true, 'abort-reason': 'out of ideas' });
  expect(reader.heard.at(-1)).toMatchObject({ done: true, 'abort-reason': 'out of ideas' });
  const late = await reader.request({ op: 'subscribe-stream', 'client-event-id': 'again', 'stream-id': id, offset: 1 });
  expect(late).toMatchObject([{ done: true, 'abort-reason': 'out of ideas' }]);
});

test('W-36: after a reconnect the writer continues at the offset that the server has stored', async () => {
  const storage = memory();
  const world = bench({ storage });
  const writer = await world.open(admin);
  const { 'stream-id': id } = await start(writer);
  writer.send({ op: 'append-stream', 'stream-id': id, chunks: ['one '], offset: 0 });
  writer.send({ op: 'append-stream', 'stream-id': id, chunks: ['two '], offset: 4 });
  writer.session.end();
  await rest();
  await world.hub.close();
  const next = bench({ storage });
  const again = await next.open(admin);
  const { offset, 'stream-id': same } = await start(again);
  expect([offset, same]).toEqual([8, id]);
  await append(again, id, 8, ['three'], { done: true });
  const reader = await next.open(admin);
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'client-id': 'story' });
  expect(textOf(reader)).toBe('one two three');
});

test('a second writer takes over a stream, and appends of the first are rejected', async () => {
  const world = bench();
  const [first, second] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(first);
  await append(first, id, 0, ['a']);
  expect(await start(second)).toMatchObject({ 'stream-id': id, offset: 1 });
  expect(await append(first, id, 1, ['b'])).toMatchObject([{ op: 'error', 'original-event': { op: 'append-stream', 'stream-id': id } }]);
  expect(await append(second, id, 1, ['c'])).toMatchObject([{ op: 'stream-flushed', offset: 2 }]);
});

describe('is rejected', () => {
  test('another token, a wrong offset, an append after the end, an unknown stream', async () => {
    const world = bench();
    const peer = await world.open(admin);
    const { 'stream-id': id } = await start(peer);
    const failed = { status: 400, type: 'validation-failed', hint: { 'data-type': 'append-stream' } };
    const other = { op: 'start-stream', 'client-id': 'story', 'reconnect-token': newId() };
    const error = await (await world.open(admin)).response('error', other);
    expect(error).toMatchObject({ ...failed, hint: { 'data-type': 'start-stream', input: { 'client-id': 'story' } } });
    expect(JSON.stringify(error)).not.toContain(other['reconnect-token']);
    expect(await append(peer, id, 3, ['x'])).toMatchObject([failed]);
    expect(await append(peer, newId(), 0, ['x'])).toMatchObject([failed]);
    await append(peer, id, 0, ['x'], { done: true });
    expect(await append(peer, id, 1, ['x'])).toMatchObject([failed]);
    expect(await peer.request({ op: 'start-stream', 'client-id': 'story', 'reconnect-token': token })).toMatchObject([
      { ...failed, hint: { 'data-type': 'start-stream', input: { 'client-id': 'story' } } },
    ]);
    expect(await peer.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'client-id': 'nobody' })).toMatchObject([
      { type: 'validation-failed', hint: { 'data-type': 'subscribe-stream', input: { 'client-id': 'nobody', 'stream-id': null } } },
    ]);
  });

  test('a session that no rule allows', async () => {
    const world = bench();
    const { 'stream-id': id } = await start(await world.open(admin));
    const peer = await world.open();
    const denied = [{ op: 'error', status: 400, type: 'permission-denied' }];
    expect(await peer.request({ op: 'start-stream', 'client-id': 'mine', 'reconnect-token': token })).toMatchObject(denied);
    expect(await peer.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'stream-id': id })).toMatchObject(denied);
    expect(await peer.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'client-id': 'nobody' })).toMatchObject(denied);
  });

  test('more streams than the limit', async () => {
    const peer = await bench({ limits: { streams: 1 } }).open(admin);
    await start(peer);
    expect(await peer.request({ op: 'start-stream', 'client-id': 'two', 'reconnect-token': token })).toMatchObject([
      { op: 'error', hint: { 'data-type': 'limit', limit: 'streams' } },
    ]);
  });
});

test('an ended subscription receives nothing more, and a deleted stream leaves no records', async () => {
  const storage = memory();
  const world = bench({ storage });
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(writer);
  await append(writer, id, 0, ['a']);
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'stream-id': id });
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 's', 'stream-id': id });
  await reader.request({ op: 'unsubscribe-stream', 'subscribe-event-id': 'r' });
  reader.heard.length = 0;
  await append(writer, id, 1, ['b']);
  expect(reader.heard).toMatchObject([{ 'client-event-id': 's', content: 'b' }]);
  await writer.request({ op: 'transact', 'tx-steps': [['delete-entity', id, '$streams']] });
  expect(reader.heard.at(-1)).toMatchObject({ op: 'stream-append', 'client-event-id': 's', error: true });
  const app = await world.hub.app('a9900000-0000-4000-8000-000000000001');
  expect([...app.ledger.records.keys()].filter((key) => key.startsWith('stream/'))).toEqual([]);
});

test('a failed append is reported to the writer, who can repeat it', async () => {
  const plain = memory();
  let isBroken = false;
  const broken = {
    ...plain,
    open: async (id: string) => {
      const log = await plain.open(id);
      type Append = typeof log.append;
      return { ...log, append: (async (entries) => (isBroken ? Promise.reject(new Error('full')) : log.append(entries))) as Append };
    },
  };
  const world = bench({ storage: broken });
  const writer = await world.open(admin);
  const { 'stream-id': id } = await start(writer);
  isBroken = true;
  expect(await append(writer, id, 0, ['a'])).toContainEqual({ op: 'append-failed', 'stream-id': id });
  isBroken = false;
  expect(await start(writer)).toMatchObject({ offset: 0 });
  expect(await append(writer, id, 0, ['a'])).toContainEqual(expect.objectContaining({ op: 'stream-flushed', offset: 1 }));
});

test('a hundred small appends at once make few transactions, and lose nothing', async () => {
  const world = bench();
  const [writer, reader] = [await world.open(admin), await world.open(admin)];
  const { 'stream-id': id } = await start(writer);
  const app = await world.hub.app('a9900000-0000-4000-8000-000000000001');
  const before = app.ledger.txId;
  for (let n = 0; n < 100; n++) writer.send({ op: 'append-stream', 'stream-id': id, chunks: ['é'], offset: 2 * n });
  await rest();
  expect(app.ledger.txId - before).toBeLessThan(5);
  await reader.request({ op: 'subscribe-stream', 'client-event-id': 'r', 'stream-id': id });
  expect(textOf(reader)).toBe('é'.repeat(100));
});

test('resuming a stream needs the create permission in addition to its token', async () => {
  const world = bench();
  const app = await world.hub.app('a9900000-0000-4000-8000-000000000001');
  await app.rulebook.set(app.ledger, { $streams: { allow: { create: 'auth.id != null', view: 'true' } } });
  const writer = await world.open(admin);
  await start(writer);
  const guest = await world.open();
  const denied = await guest.response('error', { op: 'start-stream', 'client-id': 'story', 'reconnect-token': token });
  expect(denied).toMatchObject({
    type: 'permission-denied',
    hint: { input: ['$streams', 'create'], expected: 'has-streams-permission?' },
  });
  expect(await start(writer)).toMatchObject({ offset: 0 });
});
