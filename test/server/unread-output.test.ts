import { expect, test } from 'vitest';
import { UnreadOutput } from '../../src/server/unread-output.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';

/** Connections that read only when told to: all else that is sent stays buffered. */
function world(unreadBytes: number, totalUnreadBytes: number) {
  const clock = new VirtualClock();
  const unread = new UnreadOutput<string>({ unreadBytes, totalUnreadBytes }, clock);
  const buffered = new Map<string, number>();
  const disconnected: string[] = [];
  return {
    clock,
    unread,
    disconnected,
    send(name: string, bytes: number): void {
      const cut = (): void => {
        disconnected.push(name);
        buffered.delete(name);
        unread.remove(name);
      };
      unread.admit(name, buffered.get(name) ?? 0, bytes, cut);
      if (!disconnected.includes(name)) buffered.set(name, (buffered.get(name) ?? 0) + bytes);
    },
    read(name: string, bytes: number): void {
      buffered.set(name, (buffered.get(name) ?? 0) - bytes);
      unread.update(name, buffered.get(name) ?? 0);
    },
  };
}

test('a connection with too much unread is disconnected before more is sent', () => {
  const { send, disconnected } = world(100, 1000);
  send('a', 90);
  send('a', 20);
  expect(disconnected).toEqual([]);
  send('a', 1);
  expect(disconnected).toEqual(['a']);
});

test('above the total, clients that have stopped reading are disconnected, the largest backlog first', () => {
  const { send, read, unread, disconnected, clock } = world(100, 200);
  for (const [at, name] of [...'abcd'].entries()) send(name, 40 + at);
  clock.elapse(4000);
  read('d', 1);
  send('e', 50);
  expect(disconnected).toEqual(['c']);
  expect(unread.total).toBeLessThanOrEqual(200);
});

test('a short peak of many backlogs disconnects no client; twice the total is never exceeded', () => {
  const { send, unread, disconnected } = world(100, 200);
  for (const name of 'abcdefgh') send(name, 50);
  expect(disconnected).toEqual([]);
  for (const name of 'ijklm') send(name, 60);
  expect(disconnected).not.toEqual([]);
  expect(unread.total).toBeLessThanOrEqual(400);
});

test('backlog that was read no longer counts', () => {
  const { send, read, unread, disconnected } = world(100, 100);
  for (let round = 0; round < 50; round++) {
    send('a', 60);
    read('a', 60);
  }
  expect([unread.total, disconnected]).toEqual([0, []]);
});

test('a client that reads may be sent a frame above the total', () => {
  const { send, disconnected } = world(100, 100);
  send('a', 500);
  expect(disconnected).toEqual([]);
});
