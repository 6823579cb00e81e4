// Frames are taken some at a time, those of one connection in order.

import { expect, test } from 'vitest';
import { silent } from '../../src/lib/log.ts';
import { FrameLine, FrameTurns } from '../../src/server/frame-turns.ts';
import { guard } from '../../src/server/guarded.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
const MiB = 1024 * 1024;
const lineOf = (turns: FrameTurns): FrameLine => new FrameLine(turns, { pause: () => {}, resume: () => {} });

test('of thousands of short frames that arrive together, some hundreds are taken in a turn, and another connection has its turn soon', async () => {
  const turns = new FrameTurns(guard(silent));
  let taken = 0;
  for (let connection = 0; connection < 100; connection++) {
    const line = lineOf(turns);
    for (let n = 0; n < 20; n++) line.take(200, () => void taken++);
  }
  expect(taken).toBeLessThan(300);
  let before = 0;
  lineOf(turns).take(200, () => void (before = taken));
  for (let last = taken; taken < 2000; last = taken) {
    await turn();
    expect(taken - last).toBeLessThan(300);
  }
  expect(before).toBeLessThan(500);
});

test('of long frames that arrive together, one is taken in a turn; short ones of other connections do not wait', async () => {
  const turns = new FrameTurns(guard(silent));
  const taken: string[] = [];
  for (let n = 0; n < 20; n++) lineOf(turns).take(2 * MiB, () => taken.push(`long ${n}`));
  lineOf(turns).take(100, () => taken.push('short'));
  expect(taken).toEqual(['long 0', 'short']);
  for (let n = 1; n < 20; n++) {
    await turn();
    expect(taken).toHaveLength(n + 2);
  }
  expect(taken.at(-1)).toBe('long 19');
});

test('frames of one connection, and its end, stay in order, and connections take turns', async () => {
  const turns = new FrameTurns(guard(silent));
  const taken: string[] = [];
  const [one, other] = [lineOf(turns), lineOf(turns)];
  for (const name of ['a', 'b', 'c']) {
    one.take(MiB, () => taken.push(`one ${name}`));
    one.take(10, () => taken.push(`one ${name} short`));
    other.take(MiB, () => taken.push(`other ${name}`));
  }
  one.take(0, () => taken.push('one ends'));
  for (let turnsTaken = 0; turnsTaken < 20; turnsTaken++) await turn();
  expect(taken.filter((name) => name.startsWith('one'))).toEqual([
    ...['one a', 'one a short', 'one b', 'one b short', 'one c', 'one c short', 'one ends'],
  ]);
  expect(taken.filter((name) => name.startsWith('other'))).toEqual(['other a', 'other b', 'other c']);
  expect(taken.indexOf('other b')).toBeLessThan(taken.indexOf('one c'));
});

test('a connection is not read while its frames wait', async () => {
  const turns = new FrameTurns(guard(silent));
  const said: string[] = [];
  const line = new FrameLine(turns, { pause: () => said.push('pause'), resume: () => said.push('resume') });
  for (const name of ['a', 'b', 'c']) line.take(2 * MiB, () => said.push(name));
  for (let taken = 0; taken < 4; taken++) await turn();
  await turn();
  line.take(10, () => said.push('d'));
  expect(said).toEqual(['a', 'pause', 'b', 'c', 'resume', 'd']);
});

test('a frame that throws stops neither those behind it nor other connections', async () => {
  const turns = new FrameTurns(guard(silent));
  const taken: string[] = [];
  const [one, other] = [lineOf(turns), lineOf(turns)];
  one.take(2 * MiB, () => taken.push('one'));
  other.take(2 * MiB, () => {
    throw new Error('failed');
  });
  other.take(100, () => taken.push('other'));
  one.take(2 * MiB, () => taken.push('one again'));
  for (let n = 0; n < 6; n++) await turn();
  expect(taken).toEqual(['one', 'one again', 'other']);
});
