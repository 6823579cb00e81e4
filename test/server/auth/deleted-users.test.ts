import { expect, test } from 'vitest';
import type { RowChange } from '../../../src/db/change-set.ts';
import { Row } from '../../../src/db/row.ts';
import { endedSignIns } from '../../../src/server/auth/deleted-users.ts';
import { withNetwork } from '../../../src/server/auth/known-networks.ts';
import { withToken } from '../../../src/server/auth/tokens.ts';
import { Attrs } from '../../../src/db/attrs.ts';
import { Store } from '../../../src/db/store.ts';

const idOf = (n: number): string => `0b000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

class Counted extends Map<string, unknown> {
  read = 0;
  override *[Symbol.iterator](): MapIterator<[string, unknown]> {
    for (const each of super[Symbol.iterator]()) {
      this.read++;
      yield each;
    }
  }
}

test('all that signs in deleted users ends, in one pass over the records and with breaks', () => {
  const records = new Counted();
  const users = 6000;
  const db = new Store(Attrs.empty);
  for (let n = 0; n < users; n++) {
    const made = {
      ...withToken(idOf(n), idOf(n), 1),
      ...withNetwork({ db, records, at: 1 }, idOf(n), 'net'),
      [`identity google ${n}`]: idOf(n),
    };
    for (const [name, record] of Object.entries(made)) records.set(name, record);
  }
  const row = new Row('x', 0, ['x']);
  const deleted = Array.from({ length: users / 2 }, (_, n) => [idOf(2 * n), { before: row, after: undefined }] as const);
  const changed = [idOf(1), { before: row, after: row }] as const;
  const steps = endedSignIns(new Map([['$users', new Map<string, RowChange>([...deleted, changed])]]), records);
  let breaks = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) breaks++;
  const names = Object.keys(step.value ?? {});
  expect(names).toHaveLength((3 * users) / 2);
  expect(names).toContain(`networks ${idOf(0)}`);
  expect(names).toContain('identity google 2');
  expect(names).not.toContain(`networks ${idOf(1)}`);
  expect(records.read).toBe(records.size);
  expect(breaks).toBeGreaterThan(1);
});

test('nothing is read if no user is deleted', () => {
  const records = new Counted(Object.entries(withToken('t', idOf(1), 1)));
  expect(endedSignIns(new Map(), records).next()).toEqual({ done: true, value: undefined });
  expect(records.read).toBe(0);
});
