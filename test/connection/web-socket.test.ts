// A line over a real socket of `ws`, and over one that a test holds in its hand.

import { execFile } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { Channel, ChannelEvents, CloseReason } from '../../src/connection/transport.ts';
import { webSocketTransport, type WebSocketLike } from '../../src/connection/web-socket.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { eventually } from '../support/eventually.ts';

const init: ClientMessage = { op: 'init', 'app-id': 'a9900000-0000-4000-8000-000000000001' };

function listen(): { on: ChannelEvents; told: string[] } {
  const notified: string[] = [];
  const on: ChannelEvents = {
    opened: () => notified.push('opened'),
    message: ({ op }) => notified.push(op),
    activity: () => notified.push('activity'),
    fault: ({ code }) => notified.push(`! ${code}`),
    closed: ({ code, reason }) => notified.push(`closed ${code} ${reason}`.trim()),
  };
  return { on, told: notified };
}

// The types are those that a browser, `ws` and mock-socket give: this must compile.
const _browser = (socket: WebSocket): WebSocketLike => socket;

class HandSocket implements WebSocketLike {
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  readonly sent: string[] = [];
  readonly send = (frame: string): void => void this.sent.push(frame);
  readonly close = vi.fn();

  open(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  say(data: unknown): void {
    this.onmessage?.({ data } as never);
  }
}

function openByHand(): { socket: HandSocket; line: Channel; told: string[] } {
  const socket = new HandSocket();
  const { on, told: notified } = listen();
  return { socket, told: notified, line: webSocketTransport({ url: 'wss://x', create: () => socket }).open(on) };
}

test('messages of a frame are emitted one by one, in order; an invalid frame is rejected as a whole', () => {
  const { socket, told: notified } = openByHand();
  socket.open();
  socket.say('[{"op":"remove-query-ok","q":{}},{"op":"later"},{"op":"transact-ok","tx-id":1}]');
  socket.say('{"op":"later"}');
  socket.say('[]');
  socket.say('[{"op":"transact-ok","tx-id":1},{"op":"transact-ok"}]');
  socket.say(new Uint8Array([123, 125]));
  expect(notified).toEqual(['opened', 'remove-query-ok', 'transact-ok', 'activity', 'activity', '! frame-malformed', '! frame-malformed']);
});

test('a closed connection emits nothing more, not even the rest of a frame', () => {
  const { socket, told: notified, line: channel } = openByHand();
  socket.open();
  const { on, told: short } = listen();
  const other = new HandSocket();
  const otherChannel = webSocketTransport({ url: 'wss://x', create: () => other }).open({
    ...on,
    message: () => void otherChannel.close(),
  });
  other.open();
  other.say('[{"op":"remove-query-ok","q":{}},{"op":"remove-query-ok","q":{}}]');
  expect([short, other.close.mock.calls]).toEqual([['opened'], [[1000, '']]]);
  void channel.close();
  void channel.close();
  socket.open();
  socket.say('{"op":"later"}');
  socket.onerror?.({} as never);
  socket.onclose?.({ code: 1006 } as never);
  expect([notified, socket.close.mock.calls.length]).toEqual([['opened'], 1]);
});

test('sending throws before the connection is open and after it is closed', () => {
  const { socket, line: channel } = openByHand();
  const unreachable = expect.objectContaining({ code: 'unreachable' }) as Error;
  expect(() => channel.send(init)).toThrow(unreachable);
  socket.open();
  channel.send(init);
  expect(socket.sent).toEqual([JSON.stringify(init)]);
  socket.onclose?.({ code: 1006 } as never);
  expect(() => channel.send(init)).toThrow(unreachable);
});

test('a message that cannot be serialized throws in the caller, and the connection stays open', () => {
  const { socket, line: channel } = openByHand();
  socket.open();
  const q: Record<string, unknown> = {};
  q.q = q;
  expect(() => channel.send({ op: 'remove-query', q })).toThrow(expect.objectContaining({ code: 'frame-malformed' }) as Error);
  channel.send(init);
  expect(socket.sent).toHaveLength(1);
});

test('a socket whose peer ignores the close is terminated after a second of the injected clock', async () => {
  const socket = Object.assign(new HandSocket(), { terminate: vi.fn() });
  const clock = new VirtualClock();
  const channel = webSocketTransport({ url: 'wss://x', create: () => socket, clock }).open(listen().on);
  socket.open();
  let isReleased = false;
  const closing = Promise.resolve(channel.close()).then(() => (isReleased = true));
  await clock.advance(999);
  expect([isReleased, socket.terminate.mock.calls.length]).toEqual([false, 0]);
  await clock.advance(1);
  await closing;
  expect([socket.terminate.mock.calls.length, clock.timers]).toEqual([1, 0]);
});

let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
});
afterEach(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});
const urlOf = (of: WebSocketServer | Server): string => `ws://127.0.0.1:${(of.address() as AddressInfo).port}/runtime/session`;

test('the transport works over a real socket', async () => {
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      expect(JSON.parse((data as Buffer).toString())).toEqual(init);
      socket.send('{"op":"init-ok","session-id":"s"}');
      socket.send(Buffer.from('{}'), { binary: true });
      socket.close(3000, 'enough');
    });
  });
  const { on, told: notified } = listen();
  const channel = webSocketTransport({ url: urlOf(server) }).open({
    ...on,
    opened() {
      on.opened();
      channel.send(init);
    },
  });
  await eventually(() => expect(notified).toEqual(['opened', 'init-ok', '! frame-malformed', 'closed 3000 enough']));
});

test('without a server the connection closes, without an unhandled error', async () => {
  const url = urlOf(server);
  server.close();
  const { on, told: notified } = listen();
  webSocketTransport({ url }).open(on);
  await eventually(() => expect(notified).toEqual(['closed 1006']));
});

test('a connection closed while opening causes no unhandled error', async () => {
  const { on, told: notified } = listen();
  void webSocketTransport({ url: urlOf(server) })
    .open(on)
    .close();
  await new Promise((resolve) => setImmediate(resolve));
  await eventually(() => expect(server.clients.size).toBe(0));
  expect(notified).toEqual([]);
});

/** A Node process of its own: opens a line, closes it, and has nothing more to do. */
async function runOpenAndClose(url: string): Promise<string> {
  const program = `
    import { webSocketTransport } from ${JSON.stringify(new URL('../../src/connection/web-socket.ts', import.meta.url).href)};
    const closeSoon = () => setTimeout(() => { line.close(); process.stdout.write('closed'); }, 20);
    const ignore = () => {};
    const line = webSocketTransport({ url: process.argv[1] }).open({ opened: closeSoon, message: ignore, received: ignore, fault: ignore, closed: ignore });
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program, url];
  return (await promisify(execFile)(process.execPath, args, { timeout: 10_000 })).stdout;
}

test('a closed connection lets a Node process exit', async () => {
  expect(await runOpenAndClose(urlOf(server))).toBe('closed');
});

test('a closed connection whose server no longer responds lets a Node process exit', async () => {
  const sockets: Socket[] = [];
  // Passes on what opens the socket, and from then on nothing that the client says.
  const deaf = createServer((client) => {
    sockets.push(client);
    const { port } = server.address() as AddressInfo;
    const upstream = connect(port, '127.0.0.1');
    sockets.push(upstream);
    client.once('data', (head) => upstream.write(head));
    upstream.on('data', (data) => client.write(data));
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const started = Date.now();
  expect(await runOpenAndClose(urlOf(deaf))).toBe('closed');
  expect(Date.now() - started).toBeLessThan(8_000);
  for (const socket of sockets) socket.destroy();
  deaf.close();
});

test('without WebSocket on the platform, the error says how to pass a constructor', async () => {
  vi.doMock('isomorphic-ws', () => ({ default: null }));
  const reason = await new Promise<CloseReason>((closed) => webSocketTransport({ url: 'wss://x' }).open({ ...listen().on, closed }));
  expect(reason.reason).toContain('pass a constructor to init as `webSocket`');
  vi.doUnmock('isomorphic-ws');
});

test('with no socket factory the transport uses the platform’s WebSocket', async () => {
  const nothing = null as unknown as undefined;
  const reason = await new Promise<CloseReason>((closed) =>
    webSocketTransport({ url: 'no address', create: nothing }).open({ ...listen().on, closed }),
  );
  expect(reason.reason).toMatch(/URL/i);
});
