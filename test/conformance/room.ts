// What every room does, whatever backend it is on. `capabilities` says what a backend cannot do; a case asks for no more than that.

import { afterEach, expect, test } from 'vitest';

import type { Room } from '../../src/rooms/room.ts';

/** One client of a backend. */
export interface RoomPeer {
  room(name: string): Room;
  /** Ends without leaving: what a tab does that is killed. */
  kill(): Promise<void>;
}

export interface RoomBackend {
  peer(): Promise<RoomPeer>;
  /** Every connection is lost; clients come back by themselves. */
  dropAll(): void;
  /** A room of this name is refused from now on. */
  refuse(name: string): void | Promise<void>;
  /** No room is refused any more. */
  allow(): void;
}

const withinMs = 10_000;
const until = (read: () => unknown, value: unknown = true): Promise<void> => expect.poll(read, { timeout: withinMs }).toEqual(value);
const others = (room: Room): number => room.getPresence().peers.length;

/** Runs the cases on a backend. */
export function roomConformance(backend: () => RoomBackend): void {
  let peers: RoomPeer[] = [];
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.kill()));
    peers = [];
  });
  const peer = async (): Promise<RoomPeer> => {
    const made = await backend().peer();
    peers.push(made);
    return made;
  };
  const room = async (name: string): Promise<Room> => {
    const made = (await peer()).room(name);
    // Presence that is polled is polled for those who listen.
    made.onPresence(() => {});
    return made;
  };

  test('join: the client joins once and receives a snapshot of the members', async () => {
    const [ana, ben] = [await room('chat:1'), await room('chat:1')];
    expect(ana.status).toBe('idle');
    const statuses: string[] = [];
    ana.onStatus((status) => statuses.push(status));
    const first = ana.join();
    expect(ana.status).toBe('joining');
    expect((await first).peers).toEqual([]);
    expect(statuses).toEqual(['joining', 'joined']);
    await ben.join();
    await until(() => [others(ana), others(ben)], [1, 1]);
    expect(ana.getPresence().peers.every(({ self }) => !self)).toBe(true);
  });

  test('presence: each join and leave is reported once; after a reconnect the peers are the same, without stale ones', async () => {
    const ana = await room('chat:1');
    const events: string[] = [];
    ana.onPresence(({ type }) => type !== 'sync' && type !== 'update' && events.push(type));
    await ana.join();
    const ben = await peer();
    await ben.room('chat:1').join();
    await until(() => others(ana), 1);
    await ben.kill();
    await until(() => others(ana), 0);
    expect(events).toEqual(['join', 'leave']);
    const cleo = (await peer()).room('chat:1');
    await cleo.join();
    await until(() => others(ana), 1);
    const statuses: string[] = [];
    ana.onStatus((status) => statuses.push(status));
    backend().dropAll();
    await until(() => statuses.slice(0, 2), ['reconnecting', 'joined']);
    await until(() => [cleo.status, others(ana)], ['joined', 1]);
  });

  test('broadcast: every member receives each message once, in order where the backend preserves it', async () => {
    const [ana, ben, far] = [await room('chat:1'), await room('chat:1'), await room('chat:2')];
    await Promise.all([ana.join(), ben.join(), far.join()]);
    await until(() => others(ana), 1);
    const got: number[] = [];
    const wrong: unknown[] = [];
    ben.onTopic<number>('n', (n) => got.push(n));
    ben.onTopic('other', (data) => wrong.push(data));
    far.onTopic('n', (data) => wrong.push(data));
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    await Promise.all(numbers.map((n) => ana.publish('n', n)));
    await until(() => got.length, numbers.length);
    expect(ana.capabilities.ordered ? got : [...got].sort((a, b) => a - b)).toEqual(numbers);
    expect(wrong).toEqual([]);
  });

  test('the sender receives its own messages if the backend echoes them', async () => {
    const [ana, ben] = [await room('chat:1'), await room('chat:1')];
    await Promise.all([ana.join(), ben.join()]);
    const [atAna, atBen]: [unknown[], unknown[]] = [[], []];
    ana.onTopic('said', (data) => atAna.push(data));
    ben.onTopic('said', (data) => atBen.push(data));
    await ana.publish('said', { n: 1 });
    await ben.publish('said', { n: 2 });
    await until(() => [atAna, atBen].every((got) => got.length >= (ana.capabilities.selfEcho ? 2 : 1)));
    expect(atAna).toEqual(ana.capabilities.selfEcho ? expect.arrayContaining([{ n: 1 }, { n: 2 }]) : [{ n: 2 }]);
  });

  test('join() rejects when the server refuses, and can be called again', async () => {
    await backend().refuse('chat:secret');
    const secret = await room('chat:secret');
    const error: unknown = await secret.join().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: expect.any(String), channel: 'chat:secret' });
    expect([secret.status, secret.getPresence()]).toEqual(['rejected', { self: null, peers: [] }]);
    await expect(secret.publish('said', 1)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await expect(secret.join()).rejects.toBeInstanceOf(Error);
    backend().allow();
    await secret.join();
    expect(secret.status).toBe('joined');
  });

  test('presence data: present and later members see it, and it is sent again after a reconnect', async () => {
    const [ana, ben] = [await room('chat:1'), await room('chat:1')];
    await ana.join();
    if (!ana.capabilities.presenceData) {
      await expect(ana.setPresence({ name: 'Ana' })).rejects.toMatchObject({ code: 'UNSUPPORTED', channel: 'chat:1' });
      return;
    }
    await ana.setPresence({ name: 'Ana' });
    await ana.setPresence({ mood: 'well' });
    await ben.join();
    const seen = (): unknown => ben.getPresence().peers.map(({ data }) => data);
    await until(seen, [{ name: 'Ana', mood: 'well' }]);
    const lost = new Set<string>();
    ana.onStatus((status) => status === 'reconnecting' && lost.add('ana'));
    ben.onStatus((status) => status === 'reconnecting' && lost.add('ben'));
    backend().dropAll();
    await until(() => [lost.size, ana.status, ben.status], [2, 'joined', 'joined']);
    await until(seen, [{ name: 'Ana', mood: 'well' }]);
    await ana.setPresence({ mood: 'better' });
    await until(seen, [{ name: 'Ana', mood: 'better' }]);
  });

  test('the last handle to leave leaves the room', async () => {
    const ana = await room('chat:1');
    const ben = await room('chat:1');
    await Promise.all([ana.join(), ben.join(), ben.join()]);
    await until(() => others(ana), 1);
    await ben.leave();
    expect(ben.status).toBe('joined');
    await ana.publish('said', 1);
    await ben.leave();
    expect(ben.status).toBe('left');
    await until(() => others(ana), 0);
    await ben.leave();
    await ben.join();
    await until(() => others(ana), 1);
  });

  test('leave() while joining: the promise rejects, and no ghost member remains', async () => {
    const ana = await room('chat:1');
    await ana.join();
    const ben = await room('chat:1');
    const joining = ben.join();
    await ben.leave();
    await expect(joining).rejects.toMatchObject({ code: 'SUBSCRIPTION_CANCELLED' });
    await until(() => others(ana), 0);
  });

  test('no ghost after ten seconds: killed peers and reconnects leave no stale members', { timeout: 60_000 }, async () => {
    const ana = await room('chat:1');
    await ana.join();
    for (let n = 0; n < 3; n++) {
      const ghost = await peer();
      await ghost.room('chat:1').join();
      await until(() => others(ana), 1);
      await ghost.kill();
      await until(() => others(ana), 0);
    }
    for (let n = 0; n < 3; n++) {
      const statuses: string[] = [];
      const stop = ana.onStatus((status) => statuses.push(status));
      backend().dropAll();
      await until(() => statuses.includes('joined'));
      stop();
    }
    await until(() => others(ana), 0);
  });

  const circular: unknown[] = [];
  circular.push(circular);
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a bigint', 1n],
    ['a circle', circular],
    ['NaN', NaN],
    ['bytes', new Uint8Array(1)],
    ['a Set', new Set()],
  ])('%s is not a valid payload', async (_name, data) => {
    const ana = await room('chat:1');
    await ana.join();
    await expect(ana.publish('said', data)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await expect(ana.publish('', 1)).rejects.toMatchObject({ code: 'INVALID_TOPIC' });
  });

  test('a payload that is too large is rejected, and the connection stays open', async () => {
    const ana = await room('chat:1');
    await ana.join();
    await expect(ana.publish('said', 'x'.repeat(12_000_000))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(ana.status).toBe('joined');
  });

  test('every JSON value arrives unchanged', async () => {
    const [ana, ben] = [await room('chat:1'), await room('chat:1')];
    await Promise.all([ana.join(), ben.join()]);
    const values = [{ a: [1, null] }, {}, [], ['x'], '', 'text', 0, -1.5, true, false, null];
    for (const value of values) {
      const got: unknown[] = [];
      const stop = ben.onTopic('said', (data) => got.push(data));
      await ana.publish('said', value);
      await until(() => got.length, 1);
      expect(got).toEqual([value]);
      stop();
    }
  });
}
