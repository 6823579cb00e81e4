// Results of writes by event id, against a plain map.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { IdempotencyKeys } from '../../../src/server/data/idempotency.ts';
import { check } from '../../support/runs.ts';
import type { AnsweredEvent } from '../../../src/server/storage/storage.ts';

const rejected = { status: 400, type: 'permission-denied', message: 'no', hint: { 'data-type': 'ünusual' } };
const event = fc.record(
  {
    id: fc.oneof(fc.uuid(), fc.constantFrom('a', 'b', '', '"', 'é', '\ud800')),
    by: fc.constantFrom('', 'ann', '["', 'x'.repeat(200)),
    txId: fc.nat(),
    at: fc.nat(),
    rejected: fc.constant(rejected),
  },
  { requiredKeys: ['id', 'by', 'txId', 'at'] },
);
const action = fc.oneof(
  fc.record({ do: fc.constant('add' as const), event }),
  fc.record({ do: fc.constant('remove' as const), event }),
  fc.record({ do: fc.constant('forget' as const), after: fc.nat({ max: 20 }) }),
  fc.record({ do: fc.constant('replace' as const), events: fc.array(event, { maxLength: 60 }) }),
);
const nameOf = ({ by, id }: { readonly by: string; readonly id: string }): string => JSON.stringify([by, id]);

test('they are found, listed in the order of their addition, removed, and forgotten after their time', () => {
  check(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      let now = 1_000_000;
      const windowMs = 30;
      const keys = new IdempotencyKeys(windowMs, Infinity, () => now);
      let expected = new Map<string, AnsweredEvent & { readonly since: number }>();
      const add = (each: AnsweredEvent, since: number): void => {
        expected.delete(nameOf(each));
        expected.set(nameOf(each), { ...each, since });
      };
      const forget = (): void => {
        for (const [name, { since }] of expected) {
          if (since >= now - windowMs) return;
          expected.delete(name);
        }
      };
      for (const each of actions) {
        now += 1;
        if (each.do === 'add') {
          keys.add(each.event);
          add(each.event, now);
        } else if (each.do === 'remove') {
          keys.remove(each.event);
          expected.delete(nameOf(each.event));
        } else if (each.do === 'forget') {
          now += each.after;
          keys.forget();
          forget();
        } else {
          keys.replace(each.events, 20);
          expected = new Map();
          for (const { ...copy } of each.events) add(copy, now - Math.max(0, 20 - copy.at));
          forget();
        }
        const list = [...expected.values()].map(({ since: _, ...rest }) => rest);
        expect(keys.list()).toEqual(list);
        for (const one of list) expect(keys.find(one)).toEqual(one);
        expect(keys.find({ id: 'none', by: '' })).toBeUndefined();
      }
    }),
    200,
  );
});

test('the oldest are dropped when they exceed their memory', () => {
  const keys = new IdempotencyKeys(1_000, 10_000, () => 0);
  const events = Array.from({ length: 1_000 }, (_, at) => ({ id: `event ${at}`, by: 'ann', txId: at, at }));
  for (const each of events) keys.add(each);
  const kept = keys.list();
  expect(kept).toEqual(events.slice(-kept.length));
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.length).toBeLessThan(200);
  expect(keys.find({ id: 'event 0', by: 'ann' })).toBeUndefined();
});

test('a hundred thousand are found, and again after the first were removed', () => {
  const keys = new IdempotencyKeys(1_000, Infinity, () => 0);
  const events = Array.from({ length: 100_000 }, (_, at) => ({ id: `${at}`, by: '', txId: at, at }));
  for (const each of events) keys.add(each);
  expect(events.every((each) => keys.find(each)?.txId === each.txId)).toBe(true);
  for (const each of events.slice(0, 50_000)) keys.remove(each);
  expect(events.map((each) => keys.find(each)?.txId)).toEqual(events.map(({ txId }) => (txId < 50_000 ? undefined : txId)));
  expect(keys.list()).toHaveLength(50_000);
});
