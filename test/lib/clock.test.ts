import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { eventually } from '../support/eventually.ts';

test('the system clock runs timers that are not cleared', async () => {
  const ran: string[] = [];
  systemClock.clearTimeout(systemClock.setTimeout(() => ran.push('cleared'), 0));
  systemClock.clearTimeout(undefined);
  systemClock.setTimeout(() => ran.push('ran'), 1);
  await eventually(() => expect(ran).toEqual(['ran']));
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});

test('the virtual clock runs timers in order, including timers that are set meanwhile, and their promise callbacks', async () => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  clock.setTimeout(() => ran.push(`b ${clock.now()}`), 20);
  clock.setTimeout(() => {
    ran.push(`a ${clock.now()}`);
    void Promise.resolve().then(() => clock.setTimeout(() => ran.push(`c ${clock.now()}`), 5));
  }, 10);
  const never = clock.setTimeout(() => ran.push('never'), 12);
  clock.clearTimeout(never);
  await clock.advance(19);
  expect(ran).toEqual(['a 10', 'c 15']);
  await clock.advance(1);
  expect([ran.at(-1), clock.timers, clock.now()]).toEqual(['b 20', 0, 20]);
});

test('a jump changes the time and runs no timer', async () => {
  const clock = new VirtualClock(0);
  const ran: number[] = [];
  clock.setTimeout(() => ran.push(clock.now()), 10);
  clock.jump(1_000);
  await clock.advance(9);
  expect(ran).toEqual([]);
  await clock.advance(1);
  expect(ran).toEqual([1_010]);
});
