import { expect, test, vi } from 'vitest';
import { endWithSignal, onAbort, untilAborted } from '../../src/lib/abort.ts';

/** A signal that counts who listens. */
function counted(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, 'addEventListener');
  const remove = vi.spyOn(controller.signal, 'removeEventListener');
  return { controller, signal: controller.signal, listeners: () => add.mock.calls.length - remove.mock.calls.length };
}

const never = new Promise<never>(() => {});

test('untilAborted settles with the abort reason or with the promise, whichever comes first', async () => {
  const { controller, signal } = counted();
  const waiting = untilAborted(never, signal);
  const shared = untilAborted(Promise.resolve(1), signal);
  await expect(shared).resolves.toBe(1);
  controller.abort('enough');
  await expect(waiting).rejects.toBe('enough');
  await expect(untilAborted(never, signal)).rejects.toBe('enough');
  await expect(untilAborted(Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow('no');
});

test('without a signal untilAborted returns the promise itself', () => {
  expect(untilAborted(never, undefined)).toBe(never);
});

test('a hundred calls under one signal share one listener, which is removed when all have ended', async () => {
  const { signal, listeners } = counted();
  const calls = Array.from({ length: 100 }, (_, at) => untilAborted(Promise.resolve(at), signal));
  expect(listeners()).toBe(1);
  await Promise.all(calls);
  expect(listeners()).toBe(0);
  await untilAborted(Promise.resolve(), signal);
  expect(listeners()).toBe(0);
});

test('a removed callback does not run, the others run once each', () => {
  const { controller, signal } = counted();
  const runs: string[] = [];
  const both = (reason: unknown): void => void runs.push(`twice, ${String(reason)}`);
  onAbort(signal, () => runs.push('never'))();
  onAbort(signal, both);
  onAbort(signal, both);
  controller.abort('late');
  expect(runs).toEqual(['twice, late', 'twice, late']);
});

test('the last callback runs first, and can remove another one', () => {
  const { controller, signal } = counted();
  const runs: string[] = [];
  onAbort(signal, () => runs.push('first'));
  const takeBack = onAbort(signal, () => runs.push('never'));
  onAbort(signal, () => {
    runs.push('last');
    takeBack();
  });
  controller.abort();
  expect(runs).toEqual(['last', 'first']);
});

test('endWithSignal ends when it is called or when the signal aborts', () => {
  const { controller, signal, listeners } = counted();
  const end = vi.fn();
  endWithSignal(signal, end)();
  expect([end.mock.calls.length, listeners()]).toEqual([1, 0]);
  endWithSignal(signal, end);
  controller.abort();
  expect(end).toHaveBeenCalledTimes(2);
});
