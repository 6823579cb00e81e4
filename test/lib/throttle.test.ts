// One call per span of time, and the last one always.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { throttle } from '../../src/lib/throttle.ts';

let ran: number[];
beforeEach(() => {
  ran = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test('calls at once, then once per interval, and always with the last value', () => {
  const call = throttle((value: number) => void ran.push(value), 50);
  for (let value = 1; value <= 10; value += 1) {
    call(value);
    vi.advanceTimersByTime(20);
  }
  expect(ran).toEqual([1, 3, 5, 8, 10]);
  call(10.5);
  vi.advanceTimersByTime(1000);
  expect(ran).toEqual([1, 3, 5, 8, 10, 10.5]);
  expect(vi.getTimerCount()).toBe(0);
  call(11);
  expect(ran.at(-1)).toBe(11);
});

test('flush() runs the pending call early', () => {
  const call = throttle((value: number) => void ran.push(value), 50);
  call(1);
  call(2);
  call.flush();
  expect(ran).toEqual([1, 2]);
  call.flush();
  expect([ran, vi.getTimerCount()]).toEqual([[1, 2], 0]);
});
