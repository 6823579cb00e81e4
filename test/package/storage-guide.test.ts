// The storages of docs/storage.md, as a reader takes them over: they compile in a strict project and pass the cases that are shown with them.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Guide, openGuide } from '../support/guide.ts';

let guide: Guide;

beforeAll(() => void (guide = openGuide('docs/storage.md')));
afterAll(() => guide.remove());

test('the guide has all its programs', () => {
  expect(guide.names).toEqual(['sqlite-store.mts', 'encrypted.mts', 'storage.test.mts']);
});

test('the programs compile', () => {
  expect(guide.complaints()).toEqual([]);
});

test('the tests of the guide pass', async () => {
  const printed = await guide.test(['storage.test.mts']);
  expect(Number(/^# pass (\d+)$/m.exec(printed)?.[1])).toBeGreaterThan(60);
  expect(printed).toMatch(/^# (fail|skipped|cancelled) 0$/m);
});
