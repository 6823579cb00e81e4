import { expect, test } from 'vitest';
import { systemRandom } from '../../src/lib/random.ts';
import { isUuid } from '../../src/lib/uuid.ts';

test('numbers lie between nought and one, and ids differ', () => {
  const numbers = Array.from({ length: 1_000 }, () => systemRandom.next());
  expect(numbers.every((each) => each >= 0 && each < 1)).toBe(true);
  const uuids = Array.from({ length: 1_000 }, () => systemRandom.uuid());
  expect(uuids.every(isUuid)).toBe(true);
  const ids = Array.from({ length: 1_000 }, () => systemRandom.eventId());
  expect([new Set(uuids).size, new Set(ids).size]).toEqual([1_000, 1_000]);
});
