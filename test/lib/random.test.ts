import { expect, test } from 'vitest';
import { systemRandom } from '../../src/lib/random.ts';
import { isUuid } from '../../src/lib/uuid.ts';

test('numbers are between 0 and 1, and ids are unique', () => {
  const numbers = Array.from({ length: 1_000 }, () => systemRandom.next());
  expect(numbers.every((each) => each >= 0 && each < 1)).toBe(true);
  const uuids = Array.from({ length: 1_000 }, () => systemRandom.uuid());
  expect(uuids.every(isUuid)).toBe(true);
  const ids = Array.from({ length: 1_000 }, () => systemRandom.eventId());
  expect([new Set(uuids).size, new Set(ids).size]).toEqual([1_000, 1_000]);
});
