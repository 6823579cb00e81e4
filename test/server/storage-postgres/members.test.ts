// Who is known to be there, and who is gone.

import { expect, test } from 'vitest';
import { Members } from '../../../src/server/storage-postgres/members.ts';

const member = (id: string): { readonly id: string; readonly readsWal: boolean } => ({ id, readsWal: true });

test('who was seen and is not seen any more is gone', () => {
  const members = new Members();
  expect(members.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewcomer: true });
  expect(members.replace([member('b')])).toEqual({ gone: ['a'], hasNewcomer: false });
  expect(members.replace([member('b')])).toEqual({ gone: [], hasNewcomer: false });
});

test('who was heard of is seen at the second look at the latest, or is gone', () => {
  const members = new Members();
  for (const id of ['a', 'b', 'c']) members.hear(id);
  expect(members.replace([member('a')])).toEqual({ gone: [], hasNewcomer: true });
  expect(members.replace([member('a'), member('b')])).toEqual({ gone: ['c'], hasNewcomer: true });
  expect(members.replace([member('a'), member('b')])).toEqual({ gone: [], hasNewcomer: false });
});

test('who is heard of after it was gone is gone again', () => {
  const members = new Members();
  members.replace([member('a')]);
  members.hear('a');
  expect(members.replace([])).toMatchObject({ gone: ['a'] });
  members.hear('a');
  expect(members.replace([])).toMatchObject({ gone: [] });
  expect(members.replace([])).toMatchObject({ gone: ['a'] });
});

test('when nothing is known any more all are gone, whether they were seen, doubted, or only heard of', () => {
  const members = new Members();
  members.hear('doubted');
  members.replace([member('seen')]);
  members.hear('heard');
  expect(members.clear().sort()).toEqual(['doubted', 'heard', 'seen']);
  expect(members.clear()).toEqual([]);
});

test('notices are needed unless all that were seen read the log themselves', () => {
  const members = new Members();
  expect(members.needNotices).toBe(true);
  members.replace([member('a')]);
  expect(members.needNotices).toBe(false);
  members.replace([member('a'), { id: 'b', readsWal: false }]);
  expect(members.needNotices).toBe(true);
  members.remove('b');
  expect(members.needNotices).toBe(false);
  members.clear();
  expect(members.needNotices).toBe(true);
});
