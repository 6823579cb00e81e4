import { expect, test } from 'vitest';

import { Events } from '../../src/lib/events.ts';

interface Told {
  readonly came: readonly [name: string, at: number];
  readonly left: readonly [];
}

test('who listens is told, in the order they came, of that event only', () => {
  const events = new Events<Told>();
  const told: unknown[] = [];
  events.on('came', (name, at) => told.push(['first', name, at]));
  events.on('came', (name) => told.push(['second', name]));
  events.on('left', () => told.push('left'));
  events.emit('came', 'ann', 1);
  expect(told).toEqual([
    ['first', 'ann', 1],
    ['second', 'ann'],
  ]);
});

test('who comes or goes meanwhile is heeded from the next time on', () => {
  const events = new Events<Told>();
  const told: string[] = [];
  const last = (): void => void told.push('last');
  const late = (): void => void told.push('late');
  events.on('left', () => {
    events.off('left', last);
    events.on('left', late);
  });
  events.on('left', last);
  events.emit('left');
  expect(told).toEqual(['last']);
  events.emit('left');
  expect(told).toEqual(['last', 'late']);
});

test('after clear nobody listens, and anybody may begin to', () => {
  const events = new Events<Told>();
  const told: string[] = [];
  events.on('left', () => told.push('old'));
  events.clear();
  expect(events.listeners('left')).toEqual([]);
  events.on('left', () => told.push('new'));
  events.emit('left');
  expect(told).toEqual(['new']);
});
