// Which dates a query may name: fewer forms than can be stored, since InstantDB reads them with another reader. PROTOCOL.md#dates

import { coerceToDate } from '../../lib/dates.ts';
import { readStoredDate } from '../../lib/stored-dates.ts';
import { namedInstant } from '../../query/query-dates.ts';

/** Whether a condition may name it; `isBound`: of a comparison. An instant that passes while one looks is no value to be equal to. */
export function isQueryDate(value: unknown, isBound: boolean): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const named = namedInstant(value);
  if (named !== undefined) return isBound || !Number.isFinite(named);
  if (typeof value === 'number') return Math.abs(value) < numbersEnd;
  const text = value.trim().replace(/^"(.*)"$/, '$1');
  return forms.some((form) => form.test(text)) && (!Number.isNaN(readStoredDate(value)) || isDayForClients(text));
}

/** Whole numbers of 64 bits. One beyond the years that can be stored is an instant before or after all of them. */
const numbersEnd = 2 ** 63;
const day = /^\d+-(\d\d)-(\d\d)$/;

const forms: readonly RegExp[] = [
  /^\d+-\d\d-\d+$/,
  /^\d\d?\/\d\d?\/\d{4}(?:, \d\d?:\d\d:\d\d [AP]M)?$/,
  // ISO 8601 and SQL.
  /^\d{4,}-\d\d-\d\d[Tt ]\d\d:\d\d(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?$/,
  // JavaScript and HTTP.
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4}(?: \d\d:\d\d:\d\d GMT[+-]\d{4})?$/,
  /^[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})$/,
  /^epoch$/,
];

/** Clients read a day beyond the end of its month, and a year at the end. A month 13 is an error. */
function isDayForClients(text: string): boolean {
  const [, month, monthDay] = day.exec(text) ?? [];
  if (month === undefined || Number(month) > 12 || Number(monthDay) > 31) return false;
  try {
    return coerceToDate(text) instanceof Date;
  } catch {
    return false;
  }
}
