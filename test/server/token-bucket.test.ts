import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bucket } from '../../src/server/rules/rate-limits.ts';
import { RateLimiter } from '../../src/server/session/message-rate.ts';
import { TokenBucket } from '../../src/server/token-bucket.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { check } from '../support/runs.ts';

test('a bucket never has more than its capacity, and refills at its rate', () => {
  check(
    fc.property(
      fc.record({
        capacity: fc.nat(20),
        amount: fc.integer({ min: 1, max: 10 }),
        periodMs: fc.integer({ min: 1, max: 1000 }),
        isGreedy: fc.boolean(),
      }),
      fc.array(fc.record({ afterMs: fc.nat(3000), tokens: fc.integer({ min: 1, max: 5 }) }), { maxLength: 50 }),
      (limit, spends) => {
        const bucket = new TokenBucket(limit, 0);
        let [now, spent] = [0, 0];
        for (const { afterMs, tokens } of spends) {
          now += afterMs;
          const wait = bucket.waitMs(tokens, now);
          const has = bucket.has(tokens, now);
          if (!has && tokens <= limit.capacity) expect(bucket.has(tokens, now + bucket.waitMs(tokens, now) + 1)).toBe(true);
          if (has) expect(wait >= 0).toBe(true);
          if (!has) return;
          bucket.spend(tokens);
          spent += tokens;
          expect(spent).toBeLessThanOrEqual(limit.capacity + (now / limit.periodMs) * limit.amount + 1e-6);
        }
      },
    ),
  );
});

test.each([-60_000, 20_000, -3_600_000_000])('a jump of the wall clock by %i ms changes no rate', (jumpMs) => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, 10);
  const rule = new Bucket([{ capacity: 50, amount: 10, periodMs: 1000, isGreedy: true }], clock);
  for (let n = 0; n < 50; n++) expect([limiter.check(), rule.limit('k', 1)]).toEqual(['ok', true]);
  clock.jump(jumpMs);
  expect(limiter.check()).toBe('limited');
  expect(() => rule.limit('k', 1)).toThrow(expect.objectContaining({ hint: expect.objectContaining({ 'retry-after': 1 }) as unknown }));
  clock.elapse(1000);
  for (let n = 0; n < 10; n++) expect([limiter.check(), rule.limit('k', 1)]).toEqual(['ok', true]);
  expect(limiter.check()).toBe('limited');
});
