// A line over event streams, from a real server; and when a connection falls back to it.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../../../src/connection/connection.ts';
import { eventSourceTransport } from '../../../src/connection/sse/transport.ts';
import { lazyTransport } from '../../../src/connection/lazy-transport.ts';
import type { Channel, Transport } from '../../../src/connection/transport.ts';
import { silent } from '../../../src/lib/log.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { ClientMessage, Init } from '../../../src/protocol/client-message.ts';
import type { EventSourceType } from '../../../src/types/ports.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';
import { type FakeChannel, FakeTransport } from '../../support/fake-line.ts';
import { VirtualConnectivity } from '../../../src/testing/virtual/connectivity.ts';
import { SseServer, sseHead } from '../../support/sse-server.ts';

const init: Init = { op: 'init', 'client-event-id': 'e1', 'app-id': 'a9900000-0000-4000-8000-000000000001' };
const probe: ClientMessage = { op: 'remove-query', 'client-event-id': 'e2', q: {} };
const join: ClientMessage = { op: 'join-room', 'client-event-id': 'e3', 'room-id': 'r' };

let server: SseServer;
let clock: VirtualClock;
let url: string;

beforeEach(async () => {
  server = new SseServer();
  clock = new VirtualClock();
  url = `${await server.start()}/runtime/sse?app_id=${init['app-id']}`;
});
afterEach(() => server.stop());

function open(transport: Transport = eventSourceTransport({ url, clock })): {
  line: Channel;
  told: string[];
  until: (last: string) => Promise<void>;
} {
  const notified: string[] = [];
  const channel = transport.open({
    opened: () => notified.push('opened'),
    message: (message) => notified.push(message.op === 'error' ? `error ${message.message}` : message.op),
    activity: () => notified.push('activity'),
    fault: ({ code }) => notified.push(`! ${code}`),
    closed: ({ code, reason }) => notified.push(`closed ${code} ${reason}`),
  });
  return { line: channel, told: notified, until: (last) => eventually(() => expect(notified.at(-1)).toMatch(last)) };
}

const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { interval: 2, timeout: 2_000 });

describe('receiving', () => {
  test('sse-init opens the connection and is not passed on; messages, comments and faults follow', async () => {
    const { told: notified, until } = open();
    await until('opened');
    server.stream.write(': keep-alive\n\n');
    server.send([
      { op: 'init-ok', 'session-id': 's' },
      { op: 'remove-query-ok', q: {} },
    ]);
    server.send({ op: 'later' });
    server.stream.write('data: not json\n\n');
    await until('malformed');
    expect(notified).toEqual(['opened', 'activity', 'init-ok', 'remove-query-ok', 'activity', '! frame-malformed']);
  });

  test('a character split by the network is decoded correctly', async () => {
    const { told: notified, until } = open();
    await until('opened');
    const bytes = Buffer.from(`data: {"op":"error","message":"für"}\n\n`);
    const cut = bytes.indexOf(0xc3) + 1;
    server.stream.write(bytes.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.stream.write(bytes.subarray(cut));
    await until('error');
    expect(notified).toEqual(['opened', 'error für']);
  });

  test.each<[string, SseServer['greet'], RegExp]>([
    ['an error status', (stream) => void stream.writeHead(400).end('{}'), /^closed 400 /],
    ['a sign-in page', (stream) => void stream.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), /not an event stream/],
    ['a broken connection', (stream) => void stream.destroy(), /^closed 1006 /],
    ['the end of the stream', (stream) => void stream.writeHead(200, { 'content-type': 'text/event-stream' }).end(), /ended/],
    [
      'a message before sse-init',
      (stream) => void stream.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"op":"init-ok","session-id":"s"}\n\n'),
      /before/,
    ],
  ])('%s closes the connection', async (_, greet, notified) => {
    server.greet = greet;
    const channel = open();
    await channel.until('closed');
    expect(channel.told).toEqual([expect.stringMatching(notified)]);
    expect(() => channel.line.send(init)).toThrow(expect.objectContaining({ code: 'unreachable' }));
  });

  test('a closed connection emits nothing more, and closes the stream', async () => {
    const { line: channel, told: notified, until } = open();
    await until('opened');
    const left = new Promise((resolve) => server.stream.on('close', resolve));
    void channel.close();
    await left;
    expect(notified).toEqual(['opened']);
    expect(() => channel.send(init)).toThrow(expect.objectContaining({ code: 'unreachable' }));
  });

  test('the transport uses a given EventSource', async () => {
    const made: Source[] = [];
    class Source implements EventSourceType {
      static readonly CONNECTING = 0;
      static readonly OPEN = 1;
      static readonly CLOSED = 2;
      readonly readyState = 1;
      readonly url: string;
      onopen = null;
      onmessage: EventSourceType['onmessage'] = null;
      onerror: EventSourceType['onerror'] = null;
      readonly close = vi.fn();
      constructor(address: string) {
        this.url = address;
        made.push(this);
      }
    }
    const { told: notified, line: channel } = open(eventSourceTransport({ url, EventSource: Source, clock }));
    const [source] = made;
    source?.onmessage?.({ data: JSON.stringify(sseHead) } as MessageEvent);
    channel.send(init);
    await eventually(() => expect(server.received).toEqual(['init']));
    source?.onerror?.({} as Event);
    expect([notified, source?.url, source?.close.mock.calls.length]).toEqual([['opened', 'closed 1006 The event source failed'], url, 1]);
  });
});

describe('sending', () => {
  test('messages of one task are sent in one POST, with the ids of the stream', async () => {
    const { line: channel, until } = open();
    await until('opened');
    channel.send(init);
    channel.send(probe);
    await eventually(() => expect(server.posts).toHaveLength(1));
    expect(server.posts[0]?.url).toBe(new URL(url).pathname + new URL(url).search);
    expect(server.posts[0]?.body).toEqual({
      machine_id: sseHead['machine-id'],
      session_id: sseHead['session-id'],
      sse_token: sseHead['sse-token'],
      messages: [init, probe],
    });
  });

  test('the client sends one POST at a time; messages sent meanwhile go into the next', async () => {
    server.take = () => {};
    const { line: channel, until } = open();
    await until('opened');
    channel.send(init);
    await eventually(() => expect(server.posts).toHaveLength(1));
    channel.send(probe);
    channel.send(join);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.posts).toHaveLength(1);
    server.posts[0]?.answer(200, '{}');
    await eventually(() => expect(server.posts).toHaveLength(2));
    expect(server.received).toEqual(['init', 'remove-query', 'join-room']);
  });

  test('many messages are sent in several POSTs', async () => {
    const { line: channel, until } = open();
    await until('opened');
    for (let n = 0; n < 450; n += 1) channel.send({ ...probe, 'client-event-id': `e${n}` });
    await eventually(() => expect(server.received).toHaveLength(450));
    expect(server.posts.map(({ body }) => body.messages.length)).toEqual([200, 200, 50]);
  });

  test('a message that cannot be serialized throws in the caller, and causes no event', async () => {
    const { line: channel, until, told: notified } = open();
    await until('opened');
    expect(() => channel.send({ op: 'set-presence', 'room-id': 'r', data: 1n })).toThrow(
      expect.objectContaining({ code: 'frame-malformed' }),
    );
    channel.send(init);
    await eventually(() => expect(server.received).toEqual(['init']));
    expect(notified).toEqual(['opened']);
  });

  test.each<[string, (post: SseServer['posts'][number]) => void]>([
    ['is interrupted', ({ drop }) => drop()],
    ['gets status 503', ({ answer }) => answer(503)],
    ['gets status 429', ({ answer }) => answer(429)],
  ])('W-21: a POST that %s is retried with the same messages, in order, on the same connection', async (_, fail) => {
    let failures = 2;
    server.take = (post) => (failures-- > 0 ? fail(post) : post.answer(200, '{}'));
    const { line: channel, until, told: notified } = open();
    await until('opened');
    channel.send(init);
    await eventually(() => expect(clock.timers).toBe(1));
    await vi.waitFor(() => expect(server.posts).toHaveLength(1));
    channel.send(join);
    await eventually(async () => {
      await clock.advance(250);
      expect(server.received).toEqual(['init', 'init', 'init', 'join-room']);
    });
    expect([notified, clock.timers]).toEqual([['opened'], 0]);
  });

  test('a connection that is closed while a POST waits for its retry sends no more POSTs', async () => {
    server.take = (post) => post.answer(503);
    const { line: channel, until } = open();
    await until('opened');
    channel.send(init);
    await eventually(() => expect([server.posts.length, clock.timers]).toEqual([1, 1]));
    await channel.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([server.posts.length, clock.timers]).toEqual([1, 0]);
  });

  test('a POST without a response is retried after 10 s', async () => {
    server.take = (post) => server.posts.length > 1 && post.answer(200, '{}');
    const { line: channel, until } = open();
    await until('opened');
    channel.send(init);
    await eventually(() => expect(server.posts).toHaveLength(1));
    await clock.advance(10_000);
    await eventually(async () => {
      await clock.advance(250);
      expect(server.received).toEqual(['init', 'init']);
    });
  });

  test('a session that no longer exists closes the connection', async () => {
    server.take = (post) => post.answer(400, '{"type":"session-missing"}');
    const { line: channel, until, told: notified } = open();
    await until('opened');
    channel.send(init);
    await until('closed');
    expect([notified.length, server.posts.length, clock.timers]).toEqual([2, 1, 0]);
  });

  test('the connection closes after eight failed POSTs', async () => {
    server.take = (post) => post.answer(500);
    const { line: channel, told: notified, until } = open();
    await until('opened');
    channel.send(init);
    await eventually(async () => {
      await clock.advance(5_000);
      expect(notified.at(-1)).toMatch('closed');
    });
    expect(server.posts).toHaveLength(8);
  });
});

describe('falling back', () => {
  let notified: string[] = [];
  const network = new VirtualConnectivity();
  const dead = (channel: FakeChannel): void => channel.on.closed({ code: 1006, reason: '' });
  const well = (channel: FakeChannel): void => {
    channel.on.opened();
    channel.on.message({ op: 'init-ok', 'session-id': 's' });
  };

  function connect(...transports: Transport[]): Connection {
    notified = [];
    const named = transports.map((transport): Transport => ({
      ...transport,
      open: (on) => {
        notified.push(transport.name);
        return transport.open(on);
      },
    }));
    const connection: Connection = new Connection(
      { transports: named, clock, network, log: silent, random: { ...systemRandom, next: () => 0.5 }, probe: () => probe },
      {
        opened: () => connection.send(init),
        message: ({ op }) => void (op === 'init-ok' && connection.ready()),
        down: () => {},
        status: (status) => notified.push(`(${status})`),
        fault: () => {},
      },
    );
    connection.start();
    return connection;
  }

  function fakes(
    ws: (channel: FakeChannel) => void,
    sse: (channel: FakeChannel) => void,
  ): { connection: Connection; ws: FakeTransport; sse: FakeTransport } {
    const both = { ws: new FakeTransport(ws), sse: new FakeTransport(sse, 'sse') };
    const transports = [both.ws, both.sse].map((each): Transport => ({ name: each.name, open: (on) => each.open(on) }));
    return { ...both, connection: connect(...transports) };
  }
  const tried = (): string[] => notified.filter((each) => !each.startsWith('('));

  test('W-22: after three failures in a row the client uses an event stream, whose module is loaded on demand', async () => {
    const load = vi.fn(() => Promise.resolve(eventSourceTransport({ url, clock })));
    const ws = new FakeTransport(dead);
    const connection = connect(
      { name: 'ws', open: (on) => ws.open(on) },
      lazyTransport('sse', load, (error) => expect.unreachable(error.message)),
    );
    server.take = (post) => {
      post.answer(200, '{}');
      if (post.body.messages[0]?.op === 'init') server.send({ op: 'init-ok', 'session-id': 's' });
    };
    await clock.advance(500);
    expect(load).not.toHaveBeenCalled();
    await clock.advance(5_000);
    await eventually(() => expect(connection.isReady).toBe(true));
    expect([tried(), server.received]).toEqual([['ws', 'ws', 'ws', 'sse'], ['init']]);
    void connection.stop();
  });

  test('W-22: while the server is down every fourth attempt uses HTTP, and the client reconnects over WebSocket', async () => {
    let isUp = false;
    const { connection } = fakes((channel) => (isUp ? well(channel) : dead(channel)), dead);
    await clock.advance(20_000);
    expect(tried().slice(0, 9)).toEqual(['ws', 'ws', 'ws', 'sse', 'ws', 'ws', 'ws', 'sse', 'ws']);
    isUp = true;
    await clock.advance(20_000);
    expect([connection.isReady, tried().at(-1)]).toEqual([true, 'ws']);
    void connection.stop();
  });

  test('W-22: failures without a network do not count against WebSockets', async () => {
    const { connection } = fakes(dead, well);
    network.claim(false);
    await clock.advance(120_000);
    network.claim(true);
    void connection.stop();
    expect(new Set(tried().slice(1))).toEqual(new Set(['ws']));
  });

  test('W-22: once a network has needed event streams, one failure is enough, until the network changes', async () => {
    const { connection, sse } = fakes(dead, well);
    await clock.advance(5_000);
    expect(connection.isReady).toBe(true);
    notified.length = 0;
    sse.channel.on.closed({ code: 1006, reason: '' });
    await clock.advance(5_000);
    expect([tried(), connection.isReady]).toEqual([['ws', 'sse'], true]);
    notified.length = 0;
    sse.channel.on.closed({ code: 1006, reason: '' });
    await clock.advance(0);
    network.goOnline();
    await clock.advance(20_000);
    expect(tried()).toEqual(['ws', 'ws', 'ws', 'sse']);
    void connection.stop();
  });

  test('a connection without sse-init is closed after 10 s', async () => {
    server.greet = (stream) => void stream.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const connection = connect(eventSourceTransport({ url, clock }));
    await eventually(() => expect(server.streams).toHaveLength(1));
    const left = new Promise((resolve) => server.stream.on('close', resolve));
    await clock.advance(9_999);
    expect(connection.status).toBe('connecting');
    await clock.advance(1);
    expect(connection.status).toBe('closed');
    await left;
    void connection.stop();
  });

  test('a module that cannot be loaded closes the channel, and is reported once', async () => {
    const errors: Error[] = [];
    const missing = lazyTransport(
      'sse',
      () => Promise.reject(new Error('offline')),
      (error) => void errors.push(error),
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { told: received, line: channel } = open(missing);
      expect(() => channel.send(init)).toThrow(expect.objectContaining({ code: 'unreachable' }));
      await eventually(() => expect(received).toEqual(['closed 1006 Could not load the transport: Error: offline']));
    }
    expect(errors).toEqual([expect.objectContaining({ message: 'offline' })]);
  });
});
