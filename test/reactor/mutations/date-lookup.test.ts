// An entity that is found by a date: however the date is written, and although two `Date` objects are never the same one.

import { expect, test } from 'vitest';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import { lookup } from '../../../src/transact/chunk.ts';
import { listener, testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { initOk, nodes } from '../../support/goals.ts';

const attr = (at: number, label: string, more: Partial<WireAttr> = {}): WireAttr => ({
  id: `a7000000-0000-4000-8000-00000000000${at}`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`1d000000-0000-4000-8000-00000000000${at}`, 'days', label],
  'unique?': false,
  'index?': false,
  catalog: 'user',
  ...more,
});
const attrs = [
  attr(1, 'id', { 'unique?': true }),
  attr(2, 'at', { 'unique?': true, 'index?': true, 'checked-data-type': 'date' }),
  attr(3, 'text'),
];
const day = '2027-01-02T00:00:00.000Z';
const known = '90a10000-0000-4000-8000-000000000001';
const triples = [
  [known, attrs[0]!.id, known, 1],
  [known, attrs[1]!.id, day, 1],
] as const;

test.each([
  ['a Date', new Date(day)],
  ['a string', '2027-01-02'],
  ['a number', Date.parse(day)],
])('a lookup by date given as %s finds the entity', async (_, written) => {
  const client = testClient({ useDates: true });
  await settled();
  await client.receive(initOk({ attrs }));
  const received = listener();
  client.reactor.queries.subscribe({ days: {} }, received);
  const processed = { 'processed-tx-id': 5 };
  await client.receive({ op: 'add-query-ok', q: { days: {} }, result: nodes(triples), ...processed });
  expect(received.last?.data['days']).toEqual([{ id: known, at: new Date(day) }]);
  const update = (text: string): unknown => ({ __ops: [['update', 'days', lookup('at', written), { text }]], __etype: 'days' });
  void client.reactor.writes.transact(update('found'));
  await settled();
  expect(received.last?.data['days']).toEqual([{ id: known, at: new Date(day), text: 'found' }]);
  // Also above a row that has a write on it.
  void client.reactor.writes.transact(update('again'));
  await settled();
  expect(received.last?.data['days']).toEqual([{ id: known, at: new Date(day), text: 'again' }]);
  client.reactor.shutdown();
});
