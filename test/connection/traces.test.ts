// Random lives of a connection, with lines that go on speaking after they were closed, under what must always hold.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import type { ChannelEvents, Transport } from '../../src/connection/transport.ts';
import { TriplaneError } from '../../src/errors.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { VirtualConnectivity } from '../../src/testing/virtual/connectivity.ts';
import { check } from '../support/runs.ts';

type ChannelDoing = 'opened' | 'init-ok' | 'message' | 'activity' | 'fault' | 'closed' | '400' | '500';
type OwnDoing = 'start' | 'restart' | 'stop' | 'send' | 'online' | 'offline' | 'resumed' | 'lie' | 'breakOpen' | 'breakSend';
type Step =
  | { readonly line: ChannelDoing; readonly back: number }
  | { readonly own: OwnDoing }
  | { readonly elapse: number }
  | { readonly jump: number };

interface NastyChannel {
  readonly number: number;
  readonly on: ChannelEvents;
  readonly sent: ClientMessage[];
  isOpen: boolean;
  wasReady: boolean;
}

const init: ClientMessage = { op: 'init', 'app-id': 'a9900000-0000-4000-8000-000000000001' };
const probe: ClientMessage = { op: 'remove-query', q: { ping: {} } };
const write: ClientMessage = { op: 'transact', 'tx-steps': [] };

class World {
  readonly clock = new VirtualClock();
  readonly network = new VirtualConnectivity();
  readonly lines: NastyChannel[] = [];
  readonly connection: Connection;
  canOpen = true;
  canSend = true;
  isStopped = false;
  #hearing: NastyChannel | undefined;
  #notified = 'connecting';
  #isUp = false;

  constructor(seed: number) {
    const next = randomFrom(seed);
    const transports = [this.#transport('ws'), this.#transport('sse')];
    this.connection = new Connection(
      { transports, clock: this.clock, random: { ...systemRandom, next }, network: this.network, log: silent, probe: () => probe },
      {
        opened: () => this.#send(init),
        message: (message) => this.#take(message),
        down: () => {
          expect(this.#isUp && !this.isStopped).toBe(true);
          this.#isUp = false;
        },
        status: (status) => {
          expect(status).not.toBe(this.#notified);
          this.#notified = status;
        },
        fault: ({ cause }) => {
          // An expectation that failed in `message` comes back as the cause of a fault.
          if (cause instanceof Error && cause.name === 'AssertionError') throw cause;
          expect(this.isStopped).toBe(false);
        },
      },
    );
  }

  get newest(): NastyChannel | undefined {
    return this.lines.at(-1);
  }

  /** What a line does, whether or not it is the newest, and whether or not it was closed. */
  act(doing: ChannelDoing, back: number): void {
    const channel = this.lines.at(-1 - back);
    if (!channel) return;
    this.#hearing = channel;
    if (doing === 'opened') channel.on.opened();
    else if (doing === 'activity') channel.on.activity();
    else if (doing === 'fault') channel.on.fault(new TriplaneError('frame-malformed', 'not JSON'));
    else if (doing === 'closed') {
      channel.isOpen = false;
      channel.on.closed({ code: 1006, reason: '' });
    } else channel.on.message(this.#message(doing));
    this.#hearing = undefined;
  }

  #message(doing: 'init-ok' | 'message' | '400' | '500'): ServerMessage {
    if (doing === 'init-ok') return { op: 'init-ok', 'session-id': 's' };
    if (doing === 'message') return { op: 'remove-query-ok', q: {} };
    return { op: 'error', status: doing === '400' ? 400 : 500, type: null, message: 'no' };
  }

  own(doing: OwnDoing): void {
    if (doing === 'send') this.#trySend();
    else if (doing === 'online') this.network.goOnline();
    else if (doing === 'offline') this.network.goOffline();
    else if (doing === 'resumed') this.network.resume();
    else if (doing === 'lie') this.network.claim(!this.network.isOnline());
    else if (doing === 'breakOpen') this.canOpen = !this.canOpen;
    else if (doing === 'breakSend') this.canSend = !this.canSend;
    else {
      if (doing === 'stop') this.isStopped = true;
      void this.connection[doing]();
    }
  }

  check(): void {
    const { status } = this.connection;
    expect(status).toBe(this.#notified);
    expect(this.clock.timers).toBeLessThanOrEqual(1);
    expect(this.lines.filter(({ isOpen }) => isOpen).length).toBeLessThanOrEqual(1);
    expect(this.connection.isReady).toBe(status === 'authenticated');
    if (!this.isStopped) expect(this.#isUp).toBe(this.connection.isReady);
    for (const { sent, wasReady } of this.lines) {
      expect(sent.slice(1).every(({ op }) => op !== 'init')).toBe(true);
      if (sent.length > 0) expect(sent[0]?.op).toBe('init');
      if (!wasReady) expect(sent.length).toBeLessThanOrEqual(1);
    }
    if (!this.isStopped) return;
    expect([this.clock.timers, this.network.listeners, this.lines.filter(({ isOpen }) => isOpen).length]).toEqual([0, 0, 0]);
  }

  #take(message: ServerMessage): void {
    expect(this.isStopped).toBe(false);
    expect(this.#hearing).toBe(this.newest);
    expect(this.newest?.isOpen).toBe(true);
    // No server says so unless it was asked.
    const wasRequested = (this.newest?.sent.length ?? 0) > 0;
    if (message.op === 'init-ok' && wasRequested && !this.connection.isReady) {
      this.connection.ready();
      this.#isUp = true;
      if (this.newest) this.newest.wasReady = true;
    }
    if (message.op !== 'error') return;
    this.connection.rejected(new TriplaneError(message.status === 400 ? 'refused' : 'server-failed', 'no'));
  }

  #trySend(): void {
    if (this.connection.isReady) this.#send(write);
    else expect(() => this.connection.send(write)).toThrow(expect.objectContaining({ code: 'unreachable' }));
  }

  #send(message: ClientMessage): void {
    if (this.canSend) this.connection.send(message);
    else {
      // The caller never sees an error of the channel: the connection gives the channel up.
      this.connection.send(message);
      expect(this.connection.isReady).toBe(false);
    }
  }

  #transport(name: 'ws' | 'sse'): Transport {
    return {
      name,
      open: (on) => {
        if (!this.canOpen) throw new Error('SecurityError');
        const channel: NastyChannel = { number: this.lines.length, on, sent: [], isOpen: true, wasReady: false };
        this.lines.push(channel);
        return {
          send: (message) => {
            if (!this.canSend || !channel.isOpen) throw new TriplaneError('unreachable', 'The socket is not open');
            channel.sent.push(message);
          },
          close: () => void (channel.isOpen = false),
        };
      },
    };
  }
}

/** Weyl's sequence: all that is needed of chance here is that it repeats. */
function randomFrom(seed: number): () => number {
  let at = seed;
  return () => (at = (at + 0.618_033_988_75) % 1);
}

const channelStep = fc.record({
  line: fc.constantFrom<ChannelDoing[]>('opened', 'opened', 'init-ok', 'init-ok', 'message', 'activity', 'fault', 'closed', '400', '500'),
  back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
});
const ownStep = fc.record({
  own: fc.constantFrom<OwnDoing[]>(
    'restart',
    'send',
    'send',
    'online',
    'offline',
    'resumed',
    'lie',
    'breakOpen',
    'breakSend',
    'start',
    'stop',
  ),
});
const time = fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 1_000, max: 70_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: channelStep },
  { weight: 3, arbitrary: ownStep },
  { weight: 3, arbitrary: fc.record({ elapse: time }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: -3_600_000, max: 3_600_000 }) }) },
);

function take(world: World, each: Step): void {
  if ('line' in each) world.act(each.line, each.back);
  else if ('own' in each) world.own(each.own);
  else if ('elapse' in each) world.clock.elapse(each.elapse);
  else world.clock.jump(each.jump);
  world.check();
}

const chance = fc.double({ min: 0, max: 0.999, noNaN: true });

test('in any sequence of events: one timer, one connection, only init before ready, old connections ignored, nothing left after stop', () => {
  check(
    fc.property(chance, fc.array(step, { maxLength: 80 }), (seed, steps) => {
      const world = new World(seed);
      world.own('start');
      for (const each of steps) take(world, each);
      world.own('stop');
      world.check();
      for (const doing of ['opened', 'message', 'closed'] as const) world.act(doing, 0);
      world.clock.elapse(600_000);
      world.check();
    }),
    3_000,
  );
});

test('after any sequence of events, the connection is ready within a minute once network and server work', () => {
  check(
    fc.property(chance, fc.array(step, { maxLength: 60 }), (seed, steps) => {
      const world = new World(seed);
      world.own('start');
      for (const each of steps) if (!('own' in each && each.own === 'stop')) take(world, each);
      world.canOpen = true;
      world.canSend = true;
      world.network.goOnline();
      for (let second = 0; second < 60 && !world.connection.isReady; second += 1) {
        world.act('opened', 0);
        world.act('init-ok', 0);
        world.clock.elapse(1_000);
      }
      // A line that is ready but dead is found out only by asking it; here every line answers.
      expect(world.connection.isReady).toBe(true);
    }),
    1_000,
  );
});
