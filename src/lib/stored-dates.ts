// Dates as the database of the original server reads them when they are stored: the forms of dates.ts, and a few that clients do not write but
// data may hold. Such a value stays as it was written, and takes its place among the others. PROTOCOL.md#dates

import { coerceToDate, utc } from './dates.ts';
import { zoneOffsetMs } from './time-zone.ts';

const dayMs = 86_400_000;
/** From 4713 BC to the year 294276. */
const first = -210_866_803_200_000;
const end = 9_224_318_016_000_000;

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const monthFirst = /^([a-z]{3,9})\s+(\d\d?),?\s+(\d{4,6})$/i;
const dayFirst = /^(\d\d?)\s+([a-z]{3,9}),?\s+(\d{4,6})$/i;
const compact = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/i;
const dayOfYear = /^(\d{4})-(\d{3})$/;
/** A day in numbers, the year first if it has four digits. */
const inNumbers = /^(?:(\d{4,})[./-](\d\d?)[./-](\d\d?)|(\d\d?)[./-](\d\d?)[./-](\d+))(?!\d)/;

/** A year of two digits is one of 1970 to 2069. */
const shortYear = /^(\d\d?[./-]\d\d?[./-])(\d\d?)(?!\d)/;

/** `Date.prototype.toString` with a zone: clients read it, the database does not. */
const withNamedOffset = /GMT[+-](?!0000$)\d{4}/;
const inZone = /^(.+?)(?:\s*([a-z_]+\/[\w/+-]+)|\[([a-z_]+\/[\w/+-]+)\])$/i;
const julianDay = /^j(\d+)$/i;
const firstJulianDay = 2_440_588;
/** The calendar repeats itself after so many years and days. */
const cycle = { years: 100_000, ms: 250 * 146_097 * dayMs };
/** A `Date` cannot hold later years. */
const lateYear = /^2[7-9]\d{4}(?=[./-])/;

/** Whether the original would store it as a date. */
export function isStorableDate(value: unknown): boolean {
  return !Number.isNaN(readStoredDate(value)) && !(typeof value === 'string' && withNamedOffset.test(value.trim()));
}

/** Milliseconds since 1970; NaN for what is no date. */
export function readStoredDate(value: unknown): number {
  // A number so small that nothing is left of its seconds is out of range as well.
  if (typeof value === 'number') return value >= first && value < end && (value === 0 || value / 1000 !== 0) ? value : NaN;
  return typeof value === 'string' ? readText(value.trim()) : NaN;
}

function readText(written: string): number {
  const [, local, name1, name2] = inZone.exec(written) ?? [];
  if (local !== undefined) return inTimeZone(readText(local), name1 ?? name2 ?? '');
  const text = written
    .replace(/^["'([]+([^"'()[\]]*)["')\]]*$/, '$1')
    .replace(/^(\d{4,}-\d\d?-\d\d?)t/, '$1T')
    .replace(shortYear, inFull);
  const [late] = lateYear.exec(text) ?? [];
  if (late !== undefined) {
    const at = readText(text.replace(late, String(Number(late) - cycle.years))) + cycle.ms;
    return at < end ? at : NaN;
  }
  const inOtherForm = readOtherForms(text);
  if (inOtherForm !== undefined) return inOtherForm;
  if (!isRealDay(text) || !isRealTime(text)) return NaN;
  try {
    return coerceToDate(text)?.getTime() ?? NaN;
  } catch {
    return NaN;
  }
}

function inFull(_written: string, day: string, year: string): string {
  return day + String(Number(year) + (Number(year) < 70 ? 2000 : 1900));
}

/** An hour alone is no time, a fraction has a point, and no zone is sixteen hours away. */
function isRealTime(text: string): boolean {
  if (/^\S+[T ]\d\d?$|:\d\d,\d|[T ].*[+-](?:1[6-9]|[2-9]\d):?\d\d$/.test(text)) return false;
  const [, hour, minute, second] = /[T ,](\d\d?):(\d\d?)(?::(\d\d?))?/.exec(text) ?? [];
  if (Number(hour) === 24 && (Number(minute) > 0 || Number(second ?? 0) > 0)) return false;
  return !(Number(minute) > 59 || Number(second) > 60);
}

/** The instant at which clocks in that zone show the time. Of two, or where they show it never, what standard time makes of it. */
function inTimeZone(local: number, timeZone: string): number {
  if (Number.isNaN(local)) return NaN;
  const offsets = [local - dayMs, local + dayMs].map((at) => zoneOffset(at, timeZone));
  const fitting = offsets.filter((offset) => zoneOffset(local - offset, timeZone) === offset);
  const [only = NaN] = fitting;
  return local - (new Set(fitting).size === 1 ? only : Math.min(...offsets));
}

/** Milliseconds east of UTC; NaN for a zone that is not known. */
function zoneOffset(at: number, timeZone: string): number {
  try {
    return zoneOffsetMs(timeZone, at);
  } catch {
    return NaN;
  }
}

/** Undefined for a text that has none of these forms. */
function readOtherForms(text: string): number | undefined {
  const [, julian] = julianDay.exec(text) ?? [];
  if (julian !== undefined) return readStoredDate((Number(julian) - firstJulianDay) * dayMs);
  const [, month, monthDay, monthYear] = monthFirst.exec(text) ?? [];
  if (month !== undefined) return instantOf(monthYear, monthNumber(month), monthDay);
  const [, day, dayMonth, dayYear] = dayFirst.exec(text) ?? [];
  if (dayMonth !== undefined) return instantOf(dayYear, monthNumber(dayMonth), day);
  const [, year, inYear, inMonth, hour = 0, minute = 0, second = 0] = compact.exec(text) ?? [];
  if (year !== undefined) return instantOf(year, inYear, inMonth) + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const [, ordinalYear, ordinal] = dayOfYear.exec(text) ?? [];
  if (ordinalYear === undefined) return undefined;
  const at = instantOf(ordinalYear, 1, 1) + (Number(ordinal) - 1) * dayMs;
  return new Date(at).getUTCFullYear() === Number(ordinalYear) ? at : NaN;
}

/** By its name or the first letters of it; NaN for what is no month. */
function monthNumber(name: string): number {
  return (
    months.findIndex(
      (month) => [month, month.slice(0, 3), 'sept'].includes(name.toLowerCase()) && month.startsWith(name.slice(0, 3).toLowerCase()),
    ) + 1 || NaN
  );
}

function instantOf(year: unknown, month: unknown, day: unknown): number {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  return isDay(y, m, d) ? utc(y, m - 1, d) : NaN;
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
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
