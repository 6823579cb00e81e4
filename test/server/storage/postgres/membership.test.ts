// Who is known to be there, and who is gone.

import { expect, test } from 'vitest';
import { Membership } from '../../../../src/server/storage/postgres/membership.ts';

const member = (id: string, polls = false) => ({ id, readsWal: true, polls });

test('who was seen and is not seen any more is gone', () => {
  const membership = new Membership();
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewMember: true });
  expect(membership.replace([member('b')])).toEqual({ gone: ['a'], hasNewMember: false });
  expect(membership.replace([member('b')])).toEqual({ gone: [], hasNewMember: false });
});

test('who was heard of is seen at the second look at the latest, or is gone', () => {
  const membership = new Membership();
  for (const id of ['a', 'b', 'c']) membership.markSeen(id);
  expect(membership.replace([member('a')])).toEqual({ gone: [], hasNewMember: true });
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: ['c'], hasNewMember: true });
  expect(membership.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewMember: false });
});

test('who is heard of after it was gone is gone again', () => {
  const membership = new Membership();
  membership.replace([member('a')]);
  membership.markSeen('a');
  expect(membership.replace([])).toMatchObject({ gone: ['a'] });
  membership.markSeen('a');
  expect(membership.replace([])).toMatchObject({ gone: [] });
  expect(membership.replace([])).toMatchObject({ gone: ['a'] });
});

test('when nothing is known any more all are gone, whether they were seen, doubted, or only heard of', () => {
  const membership = new Membership();
  membership.markSeen('doubted');
  membership.replace([member('seen')]);
  membership.markSeen('heard');
  expect(membership.clear().sort()).toEqual(['doubted', 'heard', 'seen']);
  expect(membership.clear()).toEqual([]);
});

test('notices are needed unless all that were seen read the log themselves', () => {
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

test('letters go by the table while one of the others reads them there', () => {
  const membership = new Membership();
  membership.replace([member('a'), member('b', true)]);
  expect(membership.isPolled).toBe(true);
  membership.replace([member('a'), member('b')]);
  expect(membership.isPolled).toBe(false);
});
