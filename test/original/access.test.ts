// What counts as letting in more than the original: the net under the list of differences in permissions.

import { expect, test } from 'vitest';
import { permitsMore } from './access.ts';
import { openings, reasons } from './differences.ts';

const answer = (status: number, body: unknown) => ({ answer: { status, body } });
const denied = answer(400, { type: 'permission-denied' });
const done = answer(200, { 'tx-id': 1 });
const checks = (check: boolean) => answer(200, { 'check-results': [{ entity: 'a', id: '1', action: 'view', check }] });

test.each([
  ['a write that is refused there', denied, done],
  ['a row more', answer(200, { posts: [] }), answer(200, { posts: [{ id: '1' }] })],
  ['a field more', answer(200, { posts: [{ id: '1' }] }), answer(200, { posts: [{ id: '1', secret: 'x' }] })],
  [
    'a field in a nested row',
    answer(200, { a: [{ id: '1', b: [{ id: '2' }] }] }),
    answer(200, { a: [{ id: '1', b: [{ id: '2', n: 1 }] }] }),
  ],
  ['a check that passes', checks(false), checks(true)],
  ['a denial on a socket', { heard: { s: [{ op: 'error', type: 'permission-denied' }] } }, { heard: { s: [{ op: 'transact-ok' }] } }],
])('%s lets in more', (_, recorded, ours) => {
  expect(permitsMore(recorded, ours)).toBe(true);
  expect(permitsMore(ours, recorded)).toBe(false);
});

test.each([
  ['another order of rows', answer(200, { a: [{ id: '1' }, { id: '2' }] }), answer(200, { a: [{ id: '2' }, { id: '1' }] })],
  ['another refusal', denied, answer(400, { type: 'validation-failed' })],
  ['null in place of nothing', answer(200, { a: [{ id: '1' }] }), answer(200, { a: [{ id: '1', n: null }] })],
])('%s does not', (_, recorded, ours) => {
  expect(permitsMore(recorded, ours)).toBe(false);
});

test('every argument is about a reason', () => {
  expect(Object.keys(reasons())).toEqual(expect.arrayContaining(Object.keys(openings())));
});
