// The tests of docs/testing.md, as a reader takes them over: they compile in a strict project, and pass.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Guide, openGuide } from '../support/guide.ts';

let guide: Guide;

beforeAll(() => void (guide = openGuide('docs/testing.md')));
afterAll(() => guide.remove());

test('the guide has all its programs', () => {
  expect(guide.names).toEqual(['notes.test.mts', 'shop.test.mts', 'bookings.test.mts']);
});

test('the programs compile', () => {
  expect(guide.complaints()).toEqual([]);
});

test('the tests of the guide pass', async () => {
  const printed = await guide.test(guide.names);
  expect(Number(/^# pass (\d+)$/m.exec(printed)?.[1])).toBe(6);
  expect(printed).toMatch(/^# (fail|skipped|cancelled) 0$/m);
});
