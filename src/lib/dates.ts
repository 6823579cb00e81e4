// The date formats of the data model: numbers are milliseconds, strings are parsed in the formats below. A date without a zone is UTC,
// never local time. PROTOCOL.md#dates

/** PostgreSQL's common zone abbreviations, in hours east of UTC. PM is treated as a zone 12 hours to the west. */
const zoneHours: Readonly<Record<string, number>> = {
  '': 0, AM: 0, AWST: 8, BRT: -3, BST: 1, CEST: 2, CET: 1, EEST: 3, EET: 2, GMT: 0, HKT: 8, HST: -10, JST: 9, KST: 9, MSK: 3, PKT: 5,
  PM: -12, UCT: 0, UT: 0, UTC: 0, WEST: 1, WET: 0, Z: 0, ZULU: 0,
}; // prettier-ignore

/** Prefixes of the abbreviations of zones that have standard time (-ST) and daylight time (-DT, one hour ahead). */
const regionHours: Readonly<Record<string, number>> = { A: -4, AC: 9.5, AE: 10, AK: -9, C: -6, E: -5, M: -7, NZ: 12, P: -8 };

/** A numeric day, optionally followed by a time, and then a zone. */
const numeric = /^(\d+)[./-](\d+)[./-](\d+)(?:[T, ]\s*(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:[.,](\d+))?)?)?\s*(.*))?$/s;
const offset = /^([+-])(\d\d?)(?::?(\d\d))?(?::?(\d\d))?$/;
/** The formats of JavaScript and HTTP, which every platform parses alike. */
const named = /^[A-Z][a-z]{2}(?: [A-Z][a-z]{2} \d\d \d{4}|, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4}))$/;

/**
 * Converts a value to a date as the data model does.
 *
 * @returns the date; null and undefined unchanged
 * @throws Error if the value is not a date
 *
 * @example
 * coerceToDate('2026-07-01')?.toISOString() // '2026-07-01T00:00:00.000Z'
 */
export function coerceToDate(value: unknown): Date | null | undefined {
  if (value === null || value === undefined) return value;
  if (value instanceof Date) return value;
  if (typeof value === 'number') return new Date(value);
  const at = typeof value === 'string' ? parse(value) || parse(value.trim().replace(/^"(.*)"$/, '$1')) : NaN;
  if (Number.isNaN(at)) throw new Error(`${JSON.stringify(value)} is not a date`);
  return new Date(at);
}

/** NaN if the string is not a date. */
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
  // Without a time, a day may exceed the length of its month or of the year.
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

/** NaN for an unknown zone. */
function hoursEast(zone: string): number {
  const known = zoneHours[zone];
  if (known !== undefined) return known;
  const [, sign, hours, minutes = 0, seconds = 0] = offset.exec(zone) ?? [];
  if (sign) return Number(`${sign}1`) * (Number(hours) + Number(minutes) / 60 + Number(seconds) / 3600);
  const [, region = '', season] = /^(..?)([SD])T$/.exec(zone) ?? [];
  return Number(regionHours[region]) + (season === 'D' ? 1 : 0);
}
