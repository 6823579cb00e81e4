// Dates as the database of the original server reads them when they are stored: the forms of dates.ts, and a few that clients do not write but
// data may hold. Such a value stays as it was written, and takes its place among the others. PROTOCOL.md#dates

import { coerceToDate } from './dates.ts';

const dayMs = 86_400_000;
/** From 4713 BC to the year 294276. */
const first = -210_866_803_200_000;
const last = 9_224_318_015_999_999;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthFirst = /^([a-z]{3,9})\.?\s+(\d\d?),?\s+(\d{4,6})$/i;
const dayFirst = /^(\d\d?)\s+([a-z]{3,9})\.?,?\s+(\d{4,6})$/i;
const compact = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/i;
const dayOfYear = /^(\d{4})-(\d{3})$/;
/** A day in numbers, the year first if it has four digits. */
const inNumbers = /^(?:(\d{4,})[./-](\d\d?)[./-](\d\d?)|(\d\d?)[./-](\d\d?)[./-](\d+))(?!\d)/;

/** Milliseconds since 1970; NaN for what the database would not store as a date. */
export function readStoredDate(value: unknown): number {
  if (typeof value === 'number') return value >= first && value <= last ? value : NaN;
  if (typeof value !== 'string') return NaN;
  const text = value
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .replace(/^(\d{4,}-\d\d?-\d\d?)t/, '$1T');
  const inOtherForm = readOtherForms(text);
  if (inOtherForm !== undefined) return inOtherForm;
  // An hour alone is no time, a fraction has a point, and no zone is sixteen hours away.
  if (!isRealDay(text) || /^\S+[T ]\d\d?$|:\d\d,\d|[T ].*[+-](?:1[6-9]|[2-9]\d):?\d\d$/.test(text)) return NaN;
  try {
    return coerceToDate(text)?.getTime() ?? NaN;
  } catch {
    return NaN;
  }
}

/** Undefined for a text that has none of these forms. */
function readOtherForms(text: string): number | undefined {
  const [, month, monthDay, monthYear] = monthFirst.exec(text) ?? [];
  if (month !== undefined) return instantOf(monthYear, monthNumber(month), monthDay);
  const [, day, dayMonth, dayYear] = dayFirst.exec(text) ?? [];
  if (dayMonth !== undefined) return instantOf(dayYear, monthNumber(dayMonth), day);
  const [, year, inYear, inMonth, hour = 0, minute = 0, second = 0] = compact.exec(text) ?? [];
  if (year !== undefined) return instantOf(year, inYear, inMonth) + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const [, ordinalYear, ordinal] = dayOfYear.exec(text) ?? [];
  if (ordinalYear === undefined) return undefined;
  const at = Date.UTC(Number(ordinalYear), 0, 1) + (Number(ordinal) - 1) * dayMs;
  return new Date(at).getUTCFullYear() === Number(ordinalYear) ? at : NaN;
}

/** By its name or the first three letters of it; NaN for what is no month. */
function monthNumber(name: string): number {
  return months.indexOf(name.slice(0, 3).toLowerCase()) + 1 || NaN;
}

function instantOf(year: unknown, month: unknown, day: unknown): number {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  return isDay(y, m, d) ? Date.UTC(y, m - 1, d) : NaN;
}

/** `Date.prototype.toString` and HTTP dates, up to their year. */
const named = /^[A-Z][a-z]{2},? (?:([A-Z][a-z]{2}) (\d\d)|(\d\d?) ([A-Z][a-z]{2})) (\d{4})/;

/** False for a day that no calendar has. */
function isRealDay(text: string): boolean {
  const [, month1, day1, day2, month2, namedYear] = named.exec(text) ?? [];
  if (namedYear !== undefined) return isDay(Number(namedYear), monthNumber(month1 ?? month2 ?? ''), Number(day1 ?? day2));
  const [, year, month, day, firstMonth, firstDay, lastYear] = inNumbers.exec(text) ?? [];
  if (year !== undefined) return isDay(Number(year), Number(month), Number(day));
  return lastYear === undefined || isDay(Number(lastYear), Number(firstMonth), Number(firstDay));
}

function isDay(year: number, month: number, day: number): boolean {
  // The day before the first of the next month is the last of this one.
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
