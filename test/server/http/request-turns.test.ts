// Many requests at once: they start a few at a time, and one network's do not delay another's.

import { expect, test } from 'vitest';
import { RequestTurns } from '../../../src/server/http/request-turns.ts';

function world() {
  const scheduled: (() => void)[] = [];
  const started: string[] = [];
  const turns = new RequestTurns((run) => void scheduled.push(run));
  const start = (network: string, count = 1): void => {
    for (let at = 0; at < count; at++) void turns.start(network, () => void started.push(`${network}${at}`));
  };
  /** Everything that is scheduled now, and what it started. */
  const nextTurn = (): string[] => {
    started.length = 0;
    for (const run of scheduled.splice(0)) run();
    return started.slice();
  };
  return { turns, start, started, nextTurn };
}

test('a few requests start immediately', () => {
  const { start, started } = world();
  start('a', 3);
  expect(started).toEqual(['a0', 'a1', 'a2']);
});

test('of 500 at once, few start in each turn, in order, and a request of another network waits for one turn', () => {
  const { start, started, nextTurn } = world();
  start('a', 500);
  expect(started).toHaveLength(8);
  start('b');
  expect(nextTurn()).toEqual(['a8', 'b0', ...[9, 10, 11, 12, 13, 14].map((at) => `a${at}`)]);
  const seen: string[] = [];
  for (let turn = nextTurn(); turn.length > 0; turn = nextTurn()) {
    expect(turn.length).toBeLessThanOrEqual(8);
    seen.push(...turn);
  }
  expect(seen).toEqual(Array.from({ length: 485 }, (_, at) => `a${at + 15}`));
});

test('results and exceptions of a request that waited reach its caller, and the others go on', async () => {
  const { turns, start, nextTurn } = world();
  start('a', 8);
  const outcomes = [
    turns.start('a', () => {
      throw new Error('at once');
    }),
    turns.start('a', () => Promise.reject(new Error('later'))),
    turns.start('a', () => 'done'),
  ].map((outcome) => Promise.resolve(outcome).catch((error: unknown) => String(error)));
  nextTurn();
  expect(await Promise.all(outcomes)).toEqual(['Error: at once', 'Error: later', 'done']);
});
