// Reads the dates of the data model as instants: numbers are milliseconds since 1970, text has one of the forms below. Text without a zone is
// UTC, never local time. PROTOCOL.md#dates

/** PostgreSQL's zone abbreviations in common use, in hours east of UTC. PM adds twelve hours, as a zone twelve hours west of UTC would. */
const zoneHours: Readonly<Record<string, number>> = {
  '': 0, AM: 0, AWST: 8, BRT: -3, BST: 1, CEST: 2, CET: 1, EEST: 3, EET: 2, GMT: 0, HKT: 8, HST: -10, JST: 9, KST: 9, MSK: 3, PKT: 5,
  PM: -12, UCT: 0, UT: 0, UTC: 0, WEST: 1, WET: 0, Z: 0, ZULU: 0,
}; // prettier-ignore

/** Prefixes of the abbreviations of zones that have standard time (-ST) and daylight time (-DT, one hour ahead). */
const regionHours: Readonly<Record<string, number>> = { A: -4, AC: 9.5, AE: 10, AK: -9, C: -6, E: -5, M: -7, NZ: 12, P: -8 };

/** A day in numbers, optionally a time, and after it optionally a zone. */
const numeric = /^(\d+)[./-](\d+)[./-](\d+)(?:[T, ]\s*(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:[.,](\d*))?)?)?\s*(.*))?$/s;
/** ISO 8601 without separators. */
const compact = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z|[+-].*)?)?$/;
/** A month by name: `Jan 31, 2024`, `31 Jan 2024`. */
const monthNamed = /^(?:([A-Z][a-z]{2,8}) (\d\d?),|(\d\d?) ([A-Z][a-z]{2,8})) (\d{4,})$/;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const offset = /^([+-])(\d\d?)(?::?(\d\d))?(?::?(\d\d))?$/;
/** `Date.prototype.toString`, with or without its time. */
const javaScript = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d{4})(?: (\d\d):(\d\d):(\d\d) GMT([+-]\d{4})(?: \([^)]{1,80}\))?)?$/;
/** An HTTP date. */
const http = /^[A-Z][a-z]{2}, (\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (GMT|UTC|[+-]\d{4})$/;

/**
 * A date as the data model accepts it. PROTOCOL.md#dates
 *
 * @returns the instant; null and undefined are returned unchanged
 * @throws Error if the value is not a date in one of the accepted forms
 * @example coerceToDate('2026-07-01')?.toISOString() // '2026-07-01T00:00:00.000Z'
 */
export function coerceToDate(value: unknown): Date | null | undefined {
  if (value === null || value === undefined) return value;
  if (value instanceof Date) return value;
  const at = typeof value === 'string' ? parse(value) || parse(value.trim().replace(/^"(.*)"$/, '$1')) : value;
  const date = new Date(typeof at === 'number' ? at : NaN);
  if (Number.isNaN(date.getTime())) throw new Error(`${JSON.stringify(value)} is not a date`);
  if (typeof value === 'number' && date.getTime() !== value) fractional.set(date, value);
  return date;
}

/** The numbers that dates were made of which a `Date` cannot hold. */
const fractional = new WeakMap<Date, number>();

/** Milliseconds since 1970, as the server compares them: numbers with their fraction. */
export function writtenMs(date: Date): number {
  return fractional.get(date) ?? date.getTime();
}

/** NaN for text that is not a date. */
function parse(text: string): number {
  if (text === 'epoch') return 0;
  const numbers = numeric.exec(text);
  if (numbers) return parseNumbers(numbers);
  const iso = compact.exec(text);
  if (iso) return parseCompact(iso);
  const byMonth = monthNamed.exec(text);
  if (byMonth) return parseMonthNamed(byMonth);
  const [, month = '', day, year, ...time] = javaScript.exec(text) ?? [];
  if (month) return parseNamed(year, month, day, time);
  const [, httpDay, httpMonth = '', httpYear, ...httpTime] = http.exec(text) ?? [];
  return httpMonth ? parseNamed(httpYear, httpMonth, httpDay, httpTime) : NaN;
}

function parseNamed(year: string | undefined, month: string, day: string | undefined, time: readonly (string | undefined)[]): number {
  const [hour = '00', minute = '00', second = '00', zone = ''] = time;
  return parse(`${year}-${months.indexOf(month) + 1}-${day} ${hour}:${minute}:${second}${zone}`);
}

function parseCompact([, year, month, day, hour, minute, second, zone]: RegExpExecArray): number {
  const time = hour === undefined ? '' : `T${hour}:${minute ?? ''}:${second ?? '00'}${zone ?? ''}`;
  return parse(`${year}-${month}-${day}${time}`);
}

function parseMonthNamed([, first, firstDay, secondDay, second, year]: RegExpExecArray): number {
  const name = first ?? second ?? '';
  const month = months.indexOf(name.slice(0, 3));
  const isKnown = month >= 0 && (name.length === 3 || isFullMonth(name, month));
  return isKnown ? utc(Number(year), month, Number(firstDay ?? secondDay)) : NaN;
}

const restOfMonths = ['uary', 'ruary', 'ch', 'il', '', 'e', 'y', 'ust', 'tember', 'ober', 'ember', 'ember'];

function isFullMonth(name: string, month: number): boolean {
  return name.slice(3) === restOfMonths[month];
}

function parseNumbers([, first = '', second, third, hour, minute, seconds, fraction, zone = '']: RegExpExecArray): number {
  const [year, month, day] =
    first.length > 3 ? [Number(first), Number(second), Number(third)] : [Number(third), Number(first), Number(second)];
  if (year === 0 || month === 0 || day === 0) return NaN;
  // A day alone may be beyond the end of its month, or of the year.
  if (hour === undefined) return utc(year, month - 1, day);
  if (month > 12 || day > 31 || Number(hour) > 24 || Number(minute) > 59) return NaN;
  const name = zone.toUpperCase();
  const hours = Number(hour) % (name.endsWith('M') ? 12 : 25);
  const ms = Number(`0.${fraction || '0'}`) * 1000;
  return utc(year, month - 1, day, hours, Number(minute ?? 0), Number(seconds ?? 0), ms) - hoursEast(name) * 3_600_000;
}

/** `Date.UTC`, which reads the years 1 to 99 as 1901 to 1999, without that exception. */
export function utc(year: number, month: number, day: number, hours = 0, minutes = 0, seconds = 0, ms = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.setUTCHours(hours, minutes, seconds, ms);
}

/** NaN for an unknown zone. */
function hoursEast(zone: string): number {
  const known = zoneHours[zone];
  if (known !== undefined) return known;
  const [, sign, hours, minutes = 0, seconds = 0] = offset.exec(zone) ?? [];
  if (sign) return Number(`${sign}1`) * (Number(hours) + Number(minutes) / 60 + Number(seconds) / 3600);
  const [, region = '', season] = /^(..?)([SD])T$/.exec(zone) ?? [];
  return Number(regionHours[region]) + (season === 'D' ? 1 : 0);
}
