// Messages to other servers while the database does not answer.

import { expect, test } from 'vitest';
import type { Database } from '../../../../src/server/storage/postgres/database.ts';
import { NotifyQueue } from '../../../../src/server/storage/postgres/notify-queue.ts';

test('messages above 32 MiB that the database has not taken are dropped, and the loss is reported once', async () => {
  const taken: string[] = [];
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const query = async (_sql: string, values: readonly unknown[]): Promise<never[]> => {
    taken.push(...values.flat().filter((value): value is string => typeof value === 'string' && value.startsWith('[')));
    await answered;
    return [];
  };
  const queue = new NotifyQueue({ schema: 'triplane', query } as unknown as Database, 'news', 'me', () => false);
  const text = 'x'.repeat(1024 * 1024);
  for (let count = 0; count < 50; count++) queue.send('app', text);
  expect(queue.resetLossy()).toBe(true);
  expect(queue.resetLossy()).toBe(false);
  answer();
  await queue.close();
  expect(taken.filter((payload) => payload.includes('letter'))).toHaveLength(31);
  // There is room again.
  queue.send('app', text);
  expect(queue.resetLossy()).toBe(false);
  await queue.close();
});
