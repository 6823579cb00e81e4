// The retry policy, and that it is the only one.

import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { backoffMs, isTransientStatus, rejectedBackoff, unreachableBackoff } from '../../src/lib/retry.ts';

const almostOne = 1 - Number.EPSILON;

describe('the delay', () => {
  it.each([
    [unreachableBackoff, [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]],
    [rejectedBackoff, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ])('doubles with each failure, up to a limit: %o', (limits, most) => {
    const delays = most.map((_, failures) => backoffMs(limits, failures, almostOne) + 1);
    expect(delays).toEqual(most);
  });

  it('is random, starting at 0', () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs({ initialMs: 100, maxMs: 1_000 }, 1, random))).toEqual([0, 50, 100]);
  });

  it('is added to the delay that the server requested', () => {
    expect(backoffMs({ initialMs: 100, maxMs: 1_000 }, 0, 0.5, 3_000)).toBe(3_050);
  });

  it('stays finite after any number of failures', () => {
    expect(backoffMs(rejectedBackoff, 5_000, 0.5)).toBe(15_000);
  });
});

it('a request is retried after 408, 425, 429 and server errors only', () => {
  const statuses = [200, 301, 400, 401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504];
  expect(statuses.filter(isTransientStatus)).toEqual([408, 425, 429, 500, 502, 503, 504]);
});

it('no other file of a client computes a delay or lists statuses of its own', () => {
  const root = new URL('../../src/', import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.tsx?$/.test(path) && !path.startsWith('server'),
  );
  const own = files.filter((path) =>
    /delay\w*\s*\*\s*2 \*\*|Pause\w*\s*\*\s*2 \*\*|\b250 \* 2|\[408|\b429\b/i.test(
      readFileSync(new URL(path, root), 'utf8').replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, ''),
    ),
  );
  expect(own.map((path) => path.replaceAll('\\', '/'))).toEqual(['lib/retry.ts']);
});
