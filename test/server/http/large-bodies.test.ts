// Large bodies are handled a few at a time.

import { expect, test } from 'vitest';
import { LargeBodies } from '../../../src/server/http/large-bodies.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const rest = async (): Promise<void> => {
  for (let turns = 0; turns < 6; turns++) await turn();
};

interface Entered {
  readonly order: string[];
  readonly leave: Map<string, () => void>;
  enter(name: string, network: string, bytes: number): void;
}

function entering(bodies: LargeBodies): Entered {
  const [order, leave]: [string[], Map<string, () => void>] = [[], new Map()];
  const enter = (name: string, network: string, bytes: number): void =>
    void bodies.enter(network, bytes).then(
      (left) => {
        order.push(name);
        leave.set(name, left);
      },
      () => order.push(`${name} refused`),
    );
  return { order, leave, enter };
}

test('as many as have room together, in the order of their arrival; a network has half of it', async () => {
  const { order, leave, enter } = entering(new LargeBodies(100, new VirtualClock()));
  enter('a1', 'a', 30);
  enter('a2', 'a', 20);
  enter('a3', 'a', 10);
  enter('b1', 'b', 40);
  enter('c1', 'c', 20);
  enter('c2', 'c', 5);
  await rest();
  expect(order).toEqual(['a1', 'a2', 'b1']);
  leave.get('a2')?.();
  await rest();
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'c1']);
  leave.get('a1')?.();
  await rest();
  expect(order.at(-1)).toBe('c2');
});

test('one that is larger than the room is handled alone', async () => {
  const { order, leave, enter } = entering(new LargeBodies(100, new VirtualClock()));
  enter('a', 'a', 1);
  enter('vast', 'b', 500);
  enter('c', 'c', 1);
  await rest();
  expect(order).toEqual(['a']);
  leave.get('a')?.();
  await rest();
  expect(order).toEqual(['a', 'vast']);
  leave.get('vast')?.();
  await rest();
  expect(order).toEqual(['a', 'vast', 'c']);
});

test('one that waits for too long is refused, and the others go on', async () => {
  const clock = new VirtualClock();
  const { order, enter } = entering(new LargeBodies(100, clock));
  enter('a', 'a', 60);
  enter('b', 'b', 60);
  enter('c', 'c', 40);
  await rest();
  expect(order).toEqual(['a']);
  await clock.advance(60_001);
  await rest();
  expect(order).toContain('b refused');
});
