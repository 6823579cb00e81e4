// The dates the data model accepts, as instants: numbers are milliseconds, text is read in the few forms below.
// What names no zone is UTC, never local time. PROTOCOL.md#dates

/** PostgreSQL's zone abbreviations in common use, in hours east of UTC. To an hour of the afternoon twelve are added: as if it were west. */
const zoneHours: Readonly<Record<string, number>> = {
  '': 0, AM: 0, AWST: 8, BRT: -3, BST: 1, CEST: 2, CET: 1, EEST: 3, EET: 2, GMT: 0, HKT: 8, HST: -10, JST: 9, KST: 9, MSK: 3, PKT: 5,
  PM: -12, UCT: 0, UT: 0, UTC: 0, WEST: 1, WET: 0, Z: 0, ZULU: 0,
}; // prettier-ignore

/** By what the abbreviations of both begin with: the zones that have a standard time, -ST, and an hour ahead of it in summer, -DT. */
const regionHours: Readonly<Record<string, number>> = { A: -4, AC: 9.5, AE: 10, AK: -9, C: -6, E: -5, M: -7, NZ: 12, P: -8 };

/** A day in numbers, and perhaps a time, and after it perhaps a zone. */
const numeric = /^(\d+)[./-](\d+)[./-](\d+)(?:[T, ]\s*(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:[.,](\d+))?)?)?\s*(.*))?$/s;
const offset = /^([+-])(\d\d?)(?::?(\d\d))?(?::?(\d\d))?$/;
/** As JavaScript and HTTP write it, which every platform reads alike. */
const named = /^[A-Z][a-z]{2}(?: [A-Z][a-z]{2} \d\d \d{4}|, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4}))$/;

/**
 * A date as the data model accepts it.
 *
 * @returns the instant; null and undefined as they are
 * @throws Error for what is no date
 * @example coerceToDate('2026-07-01')?.toISOString() // '2026-07-01T00:00:00.000Z'
 */
export function coerceToDate(value: unknown): Date | null | undefined {
  if (value === null || value === undefined) return value;
  if (value instanceof Date) return value;
  if (typeof value === 'number') return new Date(value);
  const at = typeof value === 'string' ? parse(value) || parse(value.trim().replace(/^"(.*)"$/, '$1')) : NaN;
  if (Number.isNaN(at)) throw new Error(`${JSON.stringify(value)} is no date`);
  return new Date(at);
}

/** NaN for what is no date. */
function parse(text: string): number {
  if (text === 'epoch') return 0;
  const numbers = numeric.exec(text);
  if (numbers) return parseNumbers(numbers);
  const [isNamed, zone] = named.exec(text) ?? [];
  return isNamed ? Date.parse(zone ? text : `${text} UTC`) : NaN;
}

function parseNumbers([, first = '', second, third, hour, minute, seconds, fraction, zone = '']: RegExpExecArray): number {
  const [year, month, day] =
    first.length > 3 ? [Number(first), Number(second), Number(third)] : [Number(third), Number(first), Number(second)];
  if (year === 0 || month === 0 || day === 0) return NaN;
  // A day alone may be beyond the end of its month, or of the year.
  if (hour === undefined) return utc(year, month, day);
  if (month > 12 || day > 31 || Number(hour) > 24 || Number(minute) > 59) return NaN;
  const name = zone.toUpperCase();
  const hours = Number(hour) % (name.endsWith('M') ? 12 : 25);
  const ms = Number(`0.${fraction ?? ''}`) * 1000;
  return utc(year, month, day, hours, Number(minute ?? 0), Number(seconds ?? 0), ms) - hoursEast(name) * 3_600_000;
}

/** `Date.UTC`, but a year below 100 is that year, not one of the twentieth century. */
function utc(year: number, month: number, day: number, hours = 0, minutes = 0, seconds = 0, ms = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hours, minutes, seconds, ms);
}

/** NaN for a zone that is not known. */
function hoursEast(zone: string): number {
  const known = zoneHours[zone];
  if (known !== undefined) return known;
  const [, sign, hours, minutes = 0, seconds = 0] = offset.exec(zone) ?? [];
  if (sign) return Number(`${sign}1`) * (Number(hours) + Number(minutes) / 60 + Number(seconds) / 3600);
  const [, region = '', season] = /^(..?)([SD])T$/.exec(zone) ?? [];
  return Number(regionHours[region]) + (season === 'D' ? 1 : 0);
}
