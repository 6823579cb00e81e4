// Who is known to be there, and who is gone.

import { expect, test } from 'vitest';
import { Membership } from '../../../../src/server/storage/postgres/membership.ts';

const member = (id: string, polls = false) => ({ id, readsWal: true, polls });

test('a member that was listed and is no longer listed has left', () => {
  const membership = new Membership();
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewMember: true });
  expect(membership.replace([member('b')])).toEqual({ gone: ['a'], hasNewMember: false });
  expect(membership.replace([member('b')])).toEqual({ gone: [], hasNewMember: false });
});

test('a server known from a message has left if it is missing from the second list', () => {
  const membership = new Membership();
  for (const id of ['a', 'b', 'c']) membership.markSeen(id);
  expect(membership.replace([member('a')])).toEqual({ gone: [], hasNewMember: true });
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: ['c'], hasNewMember: true });
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewMember: false });
});

test('a server that sends a message after it left can leave again', () => {
  const membership = new Membership();
  membership.replace([member('a')]);
  membership.markSeen('a');
  expect(membership.replace([])).toMatchObject({ gone: ['a'] });
  membership.markSeen('a');
  expect(membership.replace([])).toMatchObject({ gone: [] });
  expect(membership.replace([])).toMatchObject({ gone: ['a'] });
});

test('clear() returns all servers: listed, missing once, or known only from a message', () => {
  const membership = new Membership();
  membership.markSeen('doubted');
  membership.replace([member('seen')]);
  membership.markSeen('heard');
  expect(membership.clear().sort()).toEqual(['doubted', 'heard', 'seen']);
  expect(membership.clear()).toEqual([]);
});

test('notifications are needed unless all listed members read the WAL', () => {
  const membership = new Membership();
  expect(membership.needNotifications).toBe(true);
  membership.replace([member('a')]);
  expect(membership.needNotifications).toBe(false);
  membership.replace([member('a'), { id: 'b', readsWal: false, polls: false }]);
  expect(membership.needNotifications).toBe(true);
  membership.remove('b');
  expect(membership.needNotifications).toBe(false);
  membership.clear();
  expect(membership.needNotifications).toBe(true);
});

test('messages are polled while one of the members polls', () => {
  const membership = new Membership();
  membership.replace([member('a'), member('b', true)]);
  expect(membership.isPolled).toBe(true);
  membership.replace([member('a'), member('b')]);
  expect(membership.isPolled).toBe(false);
});

test('a member that begins to poll counts as new: what it was sent before is lost', () => {
  const membership = new Membership();
  membership.replace([member('a'), member('b')]);
  expect(membership.replace([member('a'), member('b', true)])).toEqual({ gone: [], hasNewMember: true });
  expect(membership.replace([member('a'), member('b', true)])).toEqual({ gone: [], hasNewMember: false });
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewMember: false });
});
