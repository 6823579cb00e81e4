import { afterEach, expect, test, vi } from 'vitest';
import { consoleLog, silent } from '../../src/lib/log.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(levels)('%s: the console log prints with our name, the silent log prints nothing', (level) => {
  const sent = vi.spyOn(console, level).mockImplementation(() => {});
  silent[level]('a', 1);
  expect(sent).not.toHaveBeenCalled();
  consoleLog[level]('a', 1);
  expect(sent.mock.calls).toEqual([['[triplane]', 'a', 1]]);
});
