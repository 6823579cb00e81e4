import { expect, test } from 'vitest';
import { isStorableDate } from '../../../src/lib/stored-dates.ts';
import { isQueryDate } from '../../../src/server/queries/query-date.ts';

test.each([
  '2024-01-05',
  ' 2024-01-05 ',
  '"2024-01-05"',
  '01-05-2024',
  '1/5/2024',
  '1/5/2024, 10:20:30 AM',
  '2024-01-05T10:20',
  '2024-01-05T10:20:30.123456789Z',
  '2024-01-05t10:20:30z',
  '2024-01-05 10:20:30+02',
  '2024-01-05T24:00:00Z',
  'Fri Jan 05 2024 10:20:30 GMT+0200',
  'Fri, 5 Jan 2024 10:20:30 +0200',
  'epoch',
  '2024-02-30',
  1704450030123,
])('a query may name %j', (date) => {
  expect(isQueryDate(date, false)).toBe(true);
});

test.each([
  '2024-1-5',
  '1-5-2024',
  '5.1.2024',
  '2024/01/05',
  '20240105',
  '20240105T102030Z',
  '2024-005',
  'Jan 5, 2024',
  '5 January 2024',
  '1/5/2024, 10:20 AM',
  '2024-01-05 10:20:30 UTC',
  '2024-01-05T10:20:30 +02:00',
  '2024-01-05T23:59:60Z',
])('%j can be stored, and a query may not name it', (date) => {
  expect(isStorableDate(date)).toBe(true);
  expect(isQueryDate(date, true)).toBe(false);
});

test.each(['2024-13-01', '2024-01-32', '10:20:30', '2024', 'x', '', '2024-01-05T10', true, null])('%j is no date in a query', (date) => {
  expect(isQueryDate(date, true)).toBe(false);
});

test('an instant that passes can only be a bound', () => {
  expect([isQueryDate('today', true), isQueryDate('today', false), isQueryDate('infinity', false)]).toEqual([true, false, true]);
});
