// Files in memory: all together have a limit, whether they are complete or not.

import { expect, test } from 'vitest';
import { memoryFiles } from '../../../src/server/files/memory-files.ts';

async function* bytes(...sizes: readonly number[]): AsyncIterable<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

test('an upload beyond the limit is rejected and leaves room for others', async () => {
  const files = memoryFiles(1000);
  await files.write('app', 'a', bytes(300, 300));
  await expect(files.write('app', 'b', bytes(300, 300))).rejects.toMatchObject({ hint: { limit: 'memoryFileBytes', most: 1000 } });
  expect(await files.write('app', 'c', bytes(400))).toEqual({ key: 'c', size: 400 });
  await files.remove('app', 'a');
  await files.remove('app', 'a');
  expect(await files.write('app', 'd', bytes(600))).toEqual({ key: 'd', size: 600 });
  await expect(files.write('app', 'e', bytes(1))).rejects.toMatchObject({ hint: { limit: 'memoryFileBytes' } });
});

test('uploads that never end count, too', async () => {
  const files = memoryFiles(1000);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  async function* slow(): AsyncIterable<Uint8Array> {
    yield new Uint8Array(900);
    await ended;
  }
  const first = files.write('app', 'a', slow());
  await expect(files.write('app', 'b', bytes(200))).rejects.toMatchObject({ hint: { limit: 'memoryFileBytes' } });
  end();
  expect(await first).toEqual({ key: 'a', size: 900 });
});
