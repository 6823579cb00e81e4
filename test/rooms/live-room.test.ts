// A room's count of holders: who has joined it keeps it, whatever happens to the joins of others.

import { beforeEach, describe, expect, test } from 'vitest';

import { LiveRoom } from '../../src/rooms/live-room.ts';
import type { RoomDriver } from '../../src/rooms/room-driver.ts';
import { RoomApi } from '../../src/rooms/room-api.ts';
import { RoomError } from '../../src/rooms/room-error.ts';

class Driver implements RoomDriver {
  readonly Failure = RoomError;
  readonly capabilities = {
    publish: true,
    presence: 'live',
    presenceData: true,
    selfEcho: false,
    publishAck: 'none',
    ordered: true,
  } as const;
  readonly calls: string[] = [];
  subscribe(): void {
    this.calls.push('subscribe');
  }
  unsubscribe(): void {
    this.calls.push('unsubscribe');
  }
  async publish(): Promise<void> {}
}

let driver: Driver;
let room: LiveRoom;
beforeEach(() => {
  driver = new Driver();
  room = new LiveRoom('chat:1', driver, { sharePresence: true });
});
const failure = (code: 'SUBSCRIBE_TIMEOUT' | 'AUTH_FAILED'): RoomError => new RoomError(code, 'no');

describe('join and leave', () => {
  test('a join that times out does not release earlier joins', async () => {
    const first = room.join();
    room.opened([], undefined);
    await first;
    room.lost();
    const second = room.join();
    room.failed(failure('SUBSCRIBE_TIMEOUT'));
    await expect(second).rejects.toMatchObject({ code: 'SUBSCRIBE_TIMEOUT' });
    const third = room.join();
    room.opened([], undefined);
    await third;
    await room.leave();
    expect(room.status).toBe('joined');
    await room.leave();
    expect(room.status).toBe('left');
  });

  test('after a rejection one join and one leave are enough', async () => {
    const first = room.join();
    const second = room.join();
    room.refused(failure('AUTH_FAILED'));
    await expect(first).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    await expect(second).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    const third = room.join();
    room.opened([], undefined);
    await third;
    await room.leave();
    expect(room.status).toBe('left');
  });
});

describe('handles and components', () => {
  test('each keeps the room through a rejection, until the last one releases it', () => {
    const api = new RoomApi(() => room);
    const [one, two] = [api.acquire('chat', 'chat:1'), api.acquire('chat', 'chat:1')];
    room.refused(failure('AUTH_FAILED'));
    room.retry();
    room.opened([], undefined);
    expect(room.status).toBe('joined');
    one();
    one();
    expect(room.status).toBe('joined');
    two();
    expect(room.status).toBe('left');
  });

  test('one that is acquired after a rejection joins again', () => {
    const api = new RoomApi(() => room);
    const one = api.acquire('chat', 'chat:1');
    room.refused(failure('AUTH_FAILED'));
    api.acquire('chat', 'chat:1');
    expect([room.status, driver.calls]).toEqual(['joining', ['subscribe', 'subscribe']]);
    room.opened([], undefined);
    one();
    expect(room.status).toBe('joined');
  });

  test('a join() and a handle are counted separately', async () => {
    const api = new RoomApi(() => room);
    const release = api.acquire('chat', 'chat:1');
    const joining = room.join();
    room.opened([], undefined);
    await joining;
    await room.leave();
    await room.leave();
    expect(room.status).toBe('joined');
    release();
    expect(room.status).toBe('left');
  });

  test('an unused room has no listeners, so that it can be dropped', () => {
    const api = new RoomApi(() => room);
    const release = api.acquire('chat', 'chat:1');
    api.subscribePresence('chat:1', {}, () => {})();
    release();
    expect([room.isWanted, room.hasListeners]).toEqual([false, false]);
  });

  test('presence data that JSON cannot represent is rejected, and changes nothing', async () => {
    const api = new RoomApi(() => room);
    const errors: Error[] = [];
    room.onError((error) => errors.push(error));
    const release = api.acquire('chat', 'chat:1', { name: 'Ana' });
    room.opened([{ id: 'me', kind: 'user' }], 'me');
    api.publishPresence('chat:1', { age: 1n });
    await expect.poll(() => errors).toMatchObject([{ code: 'INVALID_PAYLOAD', channel: 'chat:1' }]);
    await expect(room.setPresence({ bad: () => {} })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(room.getPresence().self?.data).toEqual({ name: 'Ana' });
    expect(api.presence('chat:1', {})?.user).toEqual({ name: 'Ana', peerId: 'me' });
    api.subscribePresence('chat:1', {}, () => {})();
    release();
  });
});
