// A program whose clients are closed ends by itself: no timer, no socket, no request is left, whatever they were doing.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { InsforgeDouble } from '../insforge/double.ts';
import { PlatformDouble, platformToken } from '../realtime-platform/double.ts';

const root = join(import.meta.dirname, '../..');

test('closed clients let the process exit', { timeout: 40_000 }, async () => {
  const [insforge, platform] = [new InsforgeDouble(), new PlatformDouble()];
  insforge.define('chat:%');
  insforge.delivers = false;
  await Promise.all([insforge.listen(), platform.listen()]);
  try {
    const program = join(import.meta.dirname, 'closed-clients.ts');
    const args = ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), program, insforge.url, platform.url, platformToken()];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    expect(stderr).toBe('');
    expect(stdout.trim().split(' ').sort()).toEqual([...Array<string>(6).fill('CLOSED'), 'SUBSCRIPTION_CANCELLED']);
  } finally {
    await Promise.all([insforge.close(), platform.close()]);
  }
});
