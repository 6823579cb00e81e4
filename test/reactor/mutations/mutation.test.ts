// Records of writes on a device: written in today's words, and read in those of version 0.1.0 too.

import { expect, test } from 'vitest';

import { InstantAPIError } from '../../../src/errors.ts';
import { type Mutation, mutationPrefix, mutationRecord, mutationRecordKey, readMutation } from '../../../src/reactor/mutations/mutation.ts';

const write = { eventId: 'e', owner: 'ana', order: 7, steps: [['add-triple', 'g', 'a', 1]], createdMs: 5, sends: 2 } as const;
const body = { type: 'permission-denied', message: 'no' } as const;
const error = new InstantAPIError({ status: 400, body });

const states: readonly (readonly [string, Mutation, Partial<Mutation>])[] = [
  ['pending', { ...write, state: 'pending' }, { state: 'pending' }],
  ['sent before the end of the last process', { ...write, state: 'inflight' }, { state: 'pending', sends: 2 }],
  ['never sent, as far as the record says', { ...write, sends: 0, state: 'persisting' }, { state: 'pending', sends: 1 }],
  ['acknowledged', { ...write, state: 'acknowledged', txId: 3, isn: '1/0/3' }, { state: 'acknowledged', txId: 3, isn: '1/0/3' }],
  ['rejected', { ...write, state: 'rejected', error, rejectedAtMs: 9 }, { state: 'rejected', error, rejectedAtMs: 9 }],
];

test.each(states)('a write that is %s is read back', (_name, mutation, expected) => {
  const stored: unknown = JSON.parse(JSON.stringify(mutationRecord(mutation)));
  expect(readMutation(stored)).toMatchObject({ ...write, ...expected });
});

test('a rejected write of version 0.1.0 is read with the time of its rejection', () => {
  const stored = { ...write, refusedAtMs: 1782864004000, reason: { body, status: 400 } };
  const read = readMutation(stored);
  expect(read).toMatchObject({ state: 'rejected', rejectedAtMs: 1782864004000, error: { type: 'permission-denied', status: 400 } });
  expect(read).not.toHaveProperty('refusedAtMs');
});

test('keys are those of version 0.1.0', () => {
  expect(mutationPrefix('ana')).toBe('write/ana/');
  expect(mutationPrefix('ana', 'rejected')).toBe('refused/ana/');
  expect(mutationRecordKey({ ...write, state: 'blocked' })).toBe('write/ana/0000000000000007/e');
  expect(mutationRecordKey({ ...write, state: 'rejected' })).toBe('refused/ana/0000000000000007/e');
});

test.each([
  [undefined],
  [null],
  [3],
  [{}],
  [{ ...write, order: 'x' }],
  [{ ...write, steps: [3] }],
  [{ ...write, steps: [[]] }],
  [{ ...write, reason: ['x'] }],
])('an invalid record (%j) is ignored', (value) => expect(readMutation(value)).toBeUndefined());
