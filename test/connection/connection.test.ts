// Dialogues: a connection, and the worlds it may meet. Time is the test's own.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection, type ConnectionConfig, type ConnectionEvents } from '../../src/connection/connection.ts';
import { InstantAPIError, type TriplaneError } from '../../src/errors.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { type FakeChannel, FakeTransport } from '../support/fake-line.ts';
import { VirtualConnectivity } from '../../src/testing/virtual/connectivity.ts';
import { accepts, dropsAfterInit, dropsAtOnce, inTurn, rejects, ScriptedServer, type World } from '../support/scripted-socket.ts';
import { eventually } from '../support/eventually.ts';

const init: ClientMessage = { op: 'init', 'client-event-id': 'init', 'app-id': 'a9900000-0000-4000-8000-000000000001' };
const probe: ClientMessage = { op: 'remove-query', 'client-event-id': 'probe', q: { ping: {} } };

let clock: VirtualClock;
let network: VirtualConnectivity;
beforeEach(() => {
  clock = new VirtualClock();
  network = new VirtualConnectivity();
});

/** A connection whose owner does the least: says `init`, and hears the answer. It notes what it was told. */
function connect(transports: ConnectionConfig['transports'], next = (): number => 0.5): { connection: Connection; told: string[] } {
  const notified: string[] = [];
  const on: ConnectionEvents = {
    opened: () => connection.send(init),
    message(message) {
      notified.push(message.op);
      if (message.op === 'init-ok') connection.ready();
      if (message.op === 'error') connection.rejected(new InstantAPIError({ body: {}, status: message.status ?? 500 }));
    },
    down: () => notified.push('down'),
    status: (status) => notified.push(`(${status})`),
    fault: ({ code }) => notified.push(`! ${code}`),
  };
  const config = { transports, clock, network, log: silent, random: { ...systemRandom, next }, probe: () => probe };
  const connection = new Connection(config, on);
  connection.start();
  return { connection, told: notified };
}

describe('the server', () => {
  let server: ScriptedServer;
  const meet = (world: World): ReturnType<typeof connect> => {
    server = new ScriptedServer(world);
    return connect([server.transport]);
  };
  afterEach(() => server.stop());

  const until = (notified: readonly string[], last: string, times = 1): Promise<void> =>
    eventually(() => expect(notified.filter((each) => each === last).length).toBe(times));

  test('accepts init, and the connection becomes authenticated', async () => {
    const { connection, told: notified } = meet(accepts());
    await until(notified, '(authenticated)');
    expect(notified).toEqual(['(opened)', 'init-ok', '(authenticated)']);
    void connection.stop();
    const visit = await server.visit(1);
    await eventually(() => expect(visit.isOver).toBe(true));
    expect(visit.said).toEqual([init]);
    expect([clock.timers, network.listeners, notified.at(-1)]).toEqual([0, 0, '(closed)']);
  });

  test('rejects init with 400: the client retries after about a minute, and at once after restart()', async () => {
    const { connection, told: notified } = meet(inTurn(rejects(400), rejects(400), accepts()));
    await until(notified, '(errored)');
    await clock.advance(44_000);
    expect(server.visits).toHaveLength(1);
    await clock.advance(1_000);
    await until(notified, '(errored)', 2);
    connection.restart();
    await until(notified, '(authenticated)');
    expect(server.visits).toHaveLength(3);
    void connection.stop();
  });

  test('rejects init with 500: the client retries soon', async () => {
    const { connection, told: notified } = meet(inTurn(rejects(500), accepts()));
    await until(notified, '(closed)');
    await clock.advance(250);
    await until(notified, '(authenticated)');
    void connection.stop();
  });

  test('closes the connection after init: the client reconnects', async () => {
    const { connection, told: notified } = meet(inTurn(dropsAfterInit, accepts()));
    await until(notified, '(closed)');
    expect(notified).toEqual(['(opened)', 'init-ok', '(authenticated)', 'down', '(closed)']);
    await clock.advance(250);
    await until(notified, '(authenticated)', 2);
    void connection.stop();
  });

  test('closes the connection at once, goes down and comes up again: the client reconnects', async () => {
    const { connection, told: notified } = meet(inTurn(dropsAtOnce, accepts()));
    await until(notified, '(closed)');
    server.isUp = false;
    await clock.advance(250);
    await until(notified, '(closed)', 2);
    server.isUp = true;
    await clock.advance(500);
    await until(notified, '(authenticated)');
    void connection.stop();
  });

  test('sends malformed frames: the client reports them and keeps the connection', async () => {
    const { connection, told: notified } = meet(accepts());
    await until(notified, '(authenticated)');
    const visit = await server.visit(1);
    for (const frame of ['{', '7', '{"op":7}', '{"op":"init-ok"}']) visit.sendText(frame);
    visit.sendText('{"op":"of-a-later-version"}');
    visit.send({ op: 'remove-query-ok', q: {} });
    await until(notified, 'remove-query-ok');
    expect(notified.slice(3)).toEqual([...Array<string>(4).fill('! frame-malformed'), 'remove-query-ok']);
    void connection.stop();
  });

  test('is silent: the client probes it, and the response keeps the connection', async () => {
    const { connection, told: notified } = meet(accepts());
    await until(notified, '(authenticated)');
    await clock.advance(10_000);
    expect(await (await server.visit(1)).receives('remove-query')).toEqual(probe);
    await until(notified, 'remove-query-ok');
    await clock.advance(9_999);
    expect(connection.isReady).toBe(true);
    void connection.stop();
  });
});

const welcome = (channel: FakeChannel): void => {
  channel.on.opened();
  channel.on.message({ op: 'init-ok', 'session-id': 's' });
};

describe('dead connections', () => {
  test('a ready connection that is dead is detected within 15 s', async () => {
    const transport = new FakeTransport(welcome);
    const { told: notified } = connect([transport]);
    await clock.advance(14_999);
    expect(notified.at(-1)).toBe('(authenticated)');
    await clock.advance(1);
    expect(notified.slice(-2)).toEqual(['down', '(closed)']);
    expect(transport.channels[0]?.isClosed).toBe(true);
    await clock.advance(125);
    expect([transport.channels.length, notified.at(-1)]).toEqual([2, '(authenticated)']);
  });

  test('after the device was asleep, the connection is probed at once, with a timeout of 4 s', async () => {
    const transport = new FakeTransport(welcome);
    const { connection } = connect([transport]);
    await settled();
    clock.jump(3_600_000);
    await clock.advance(10_000);
    expect(transport.channel.sent).toEqual([init, probe]);
    await clock.advance(3_999);
    expect(connection.isReady).toBe(true);
    await clock.advance(1);
    expect(connection.isReady).toBe(false);
  });

  test('a connection that fails to send the probe is closed at once', async () => {
    const transport = new FakeTransport((channel) => {
      welcome(channel);
      void channel.close();
    });
    const { told: notified } = connect([transport]);
    await clock.advance(10_000);
    expect(notified.at(-1)).toBe('(closed)');
  });

  test.each([
    ['does not open', 10_000, () => {}],
    ['opens, and does not respond to init', 15_000, (channel: FakeChannel) => channel.on.opened()],
  ])('a connection that %s is closed after %d ms', async (_, ms, greet) => {
    const transport = new FakeTransport(greet);
    connect([transport]);
    await clock.advance(ms - 1);
    expect(transport.channel.isClosed).toBe(false);
    await clock.advance(1);
    expect(transport.channels[0]?.isClosed).toBe(true);
  });

  test('a transport that throws on open is treated as a closed connection', async () => {
    let opened = 0;
    const broken = {
      name: 'ws' as const,
      open() {
        opened += 1;
        throw new Error('SecurityError');
      },
    };
    const { told: notified } = connect([broken]);
    expect(notified).toEqual(['! unreachable', '(closed)']);
    await clock.advance(125);
    expect(opened).toBe(2);
  });
});

describe('the network', () => {
  test('when the platform reports offline, the connection is probed, because the platform may be wrong', async () => {
    const transport = new FakeTransport(welcome);
    const { connection } = connect([transport]);
    await settled();
    network.goOffline();
    expect(transport.channel.sent).toEqual([init, probe]);
    transport.channel.on.message({ op: 'remove-query-ok', q: {} });
    await clock.advance(9_000);
    expect([connection.isReady, transport.channels.length]).toEqual([true, 1]);
  });

  test('a connection lost while offline is retried slowly, and at once when the network is back', async () => {
    const transport = new FakeTransport(welcome);
    const { connection } = connect([transport]);
    await settled();
    network.goOffline();
    transport.channel.on.closed({ code: 1006, reason: '' });
    await clock.advance(11_249);
    expect(transport.channels.length).toBe(1);
    await clock.advance(1);
    expect([transport.channels.length, connection.isReady]).toEqual([2, true]);
    transport.channel.on.closed({ code: 1006, reason: '' });
    await clock.advance(1_000);
    network.goOnline();
    await settled();
    expect([transport.channels.length, connection.isReady, clock.timers]).toEqual([3, true, 1]);
    await clock.advance(5_000);
    expect(transport.channels.length).toBe(3);
  });

  test('the client connects even if the platform reports that there is no network', async () => {
    network.claim(false);
    const { connection } = connect([new FakeTransport(welcome)]);
    await settled();
    expect(connection.isReady).toBe(true);
  });
});

describe('sending', () => {
  const write: ClientMessage = { op: 'transact', 'tx-steps': [] };
  const unreachable = expect.objectContaining({ code: 'unreachable' }) as Error;

  test('only init can be sent before the session is ready', async () => {
    const transport = new FakeTransport((channel) => channel.on.opened());
    const { connection } = connect([transport]);
    expect(() => connection.send(init)).toThrow(unreachable);
    await settled();
    expect(() => connection.send(write)).toThrow(unreachable);
    transport.channel.on.message({ op: 'init-ok', 'session-id': 's' });
    connection.send(write);
    expect(transport.channel.sent).toEqual([init, write]);
    void connection.stop();
    expect(() => connection.send(write)).toThrow(unreachable);
  });

  test('a message listener that throws gets a fault event, and receives the next message', async () => {
    const transport = new FakeTransport();
    const faults: TriplaneError[] = [];
    const taken: string[] = [];
    const config = { transports: [transport], clock, network, log: silent, random: systemRandom, probe: () => probe };
    const connection = new Connection(config, {
      opened: () => connection.send(init),
      message({ op }) {
        taken.push(op);
        throw new Error('mine');
      },
      down: () => {},
      status: () => {},
      fault: (error) => faults.push(error),
    });
    connection.start();
    transport.channel.on.opened();
    transport.channel.on.message({ op: 'init-ok', 'session-id': 's' });
    transport.channel.on.message({ op: 'remove-query-ok', q: {} });
    expect(taken).toEqual(['init-ok', 'remove-query-ok']);
    expect(faults.map(({ cause }) => cause)).toEqual([new Error('mine'), new Error('mine')]);
  });
});
