import { expect, test, vi } from 'vitest';

import { Emitter } from '../../src/lib/emitter.ts';

interface Events {
  said: [text: string];
  left: [];
}

test('a listener receives the arguments of its own event, until it is removed', () => {
  const emitter = new Emitter<Events>();
  const listener = vi.fn();
  const stop = emitter.on('said', listener);
  emitter.emit('said', 'a');
  emitter.emit('left');
  stop();
  emitter.emit('said', 'b');
  expect(listener.mock.calls).toEqual([['a']]);
});

test('one that is removed or added meanwhile: the event goes to those there were at its start', () => {
  const emitter = new Emitter<Events>();
  const told: string[] = [];
  const stops = [
    emitter.on('left', () => {
      told.push('first');
      stops[1]?.();
      emitter.on('left', () => told.push('third'));
    }),
    emitter.on('left', () => told.push('second')),
  ];
  emitter.emit('left');
  expect(told).toEqual(['first', 'second']);
});

test('removing a listener twice, or after `clear`, leaves later ones alone', () => {
  const emitter = new Emitter<Events>();
  const listener = vi.fn();
  const [once, cleared] = [vi.fn(), vi.fn()];
  const stopOnce = emitter.on('left', once);
  stopOnce();
  const stopCleared = emitter.on('left', cleared);
  stopOnce();
  expect(emitter.has('left', cleared)).toBe(true);
  emitter.clear();
  emitter.on('left', listener);
  stopCleared();
  emitter.emit('left');
  expect([once, cleared, listener].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 1]);
});
