// What a server behind a pooler reads of the table of messages.

import { expect, test } from 'vitest';
import type { Database } from '../../../../src/server/storage/postgres/database.ts';
import { LetterPoller } from '../../../../src/server/storage/postgres/letter-poller.ts';
import { silent } from '../../../../src/lib/log.ts';

const MiB = 1024 * 1024;

function world() {
  const letters = new Map<string, { readonly at: string; readonly bytes: number; readonly body: string }>();
  const reads: string[][] = [];
  const warned: unknown[] = [];
  const received: unknown[] = [];
  const state = { fails: false, polls: 0 };
  const query = async (_sql: string, values: readonly (readonly string[])[] = []): Promise<object[]> => {
    const [ids] = values;
    if (!ids) state.polls++;
    if (state.fails) throw new Error('the database is down');
    if (!ids) return [...letters].map(([id, { at, bytes }]) => ({ id, at, bytes }));
    reads.push([...ids]);
    return ids.map((id) => ({ id, body: letters.get(id)?.body }));
  };
  const poller = new LetterPoller({
    database: { schema: 'triplane', query } as unknown as Database,
    everyMs: 1,
    logger: { ...silent, warn: (...parts) => void warned.push(parts) },
    received: (payload) => void received.push(payload[2]),
  });
  const add = (id: string, bytes = 10, at = 'first'): void =>
    void letters.set(id, { at, bytes, body: JSON.stringify(['letter', 'other', id]) });
  const polled = async (): Promise<void> => {
    const from = state.polls;
    await expect.poll(() => state.polls, { interval: 1 }).toBeGreaterThan(from + 2);
  };
  return { poller, add, reads, warned, received, state, polled };
}

test('each message is read once, and no more at once than fits in memory', async () => {
  const { poller, add, reads, received, polled } = world();
  add('1', 5 * MiB);
  add('2', 2 * MiB);
  add('3', 16 * MiB);
  add('4');
  poller.start();
  await polled();
  add('5');
  await polled();
  await poller.stop();
  expect(reads).toEqual([['1', '2'], ['3'], ['4'], ['5']]);
  expect(received).toEqual(['1', '2', '3', '4', '5']);
});

test('an outage is logged once, and what was sent meanwhile is read after it', async () => {
  const { poller, add, warned, received, state, polled } = world();
  poller.start();
  for (const id of ['1', '2']) {
    state.fails = true;
    await polled();
    add(id);
    state.fails = false;
    await polled();
  }
  await poller.stop();
  expect(warned).toHaveLength(2);
  expect(received).toEqual(['1', '2']);
});

test('after a failover, ids begin again: what was sent since is read, although the ids were seen before', async () => {
  const { poller, add, received, polled } = world();
  add('1');
  poller.start();
  await polled();
  add('1', 10, 'later');
  await polled();
  await poller.stop();
  expect(received).toEqual(['1', '1']);
});
