// The dates the data model accepts, as instants: numbers are milliseconds, text is read in the few forms below.
// What names no zone is UTC, never local time. PROTOCOL.md#dates

/** PostgreSQL's zone abbreviations in common use, in minutes east of UTC. */
const zoneMinutes: Readonly<Record<string, number>> = {
  ACDT: 630, ACST: 570, ADT: -180, AEDT: 660, AEST: 600, AKDT: -480, AKST: -540, AST: -240, AWST: 480, BRT: -180, BST: 60, CDT: -300,
  CEST: 120, CET: 60, CST: -360, EDT: -240, EEST: 180, EET: 120, EST: -300, GMT: 0, HKT: 480, HST: -600, JST: 540, KST: 540, MDT: -360,
  MSK: 180, MST: -420, NZDT: 780, NZST: 720, PDT: -420, PKT: 300, PST: -480, UCT: 0, UT: 0, UTC: 0, WEST: 60, WET: 0, Z: 0, ZULU: 0,
}; // prettier-ignore

const dateOnly = /^(\d+)[./-](\d+)[./-](\d+)$/;
const isoLike = /^(\d{1,6})-(\d{1,2})-(\d{1,2})(?:[T ]\s*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)\s*(.*)$/;
const american = /^(\d{1,2})\/(\d{1,2})\/(\d{1,6}), (\d{1,2}):(\d{2}):(\d{2}) (AM|PM)$/;
const offset = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/;
const weekdayFirst = /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{4}$/;
const rfc1123 = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (GMT|UTC|[+-]\d{4})$/;

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
  if (typeof value !== 'string') throw new Error(`A date is a number, a text or a Date, not ${typeof value}`);
  const at = parse(value) ?? parseQuoted(value) ?? parse(value.trim());
  if (at === undefined) throw new Error(`'${value}' is no date`);
  return new Date(at);
}

function parseQuoted(text: string): number | undefined {
  try {
    const inner: unknown = JSON.parse(text);
    return typeof inner === 'string' ? parse(inner) : undefined;
  } catch {
    return undefined;
  }
}

function parse(text: string): number | undefined {
  if (text === 'epoch') return 0;
  const at = parseDay(text) ?? parseIso(text) ?? parseAmerican(text) ?? parseByPlatform(text);
  return at === undefined || Number.isNaN(at) ? undefined : at;
}

function parseDay(text: string): number | undefined {
  const parts = dateOnly.exec(text)?.slice(1).map(Number) as [number, number, number] | undefined;
  if (!parts || parts.some((part) => part <= 0)) return undefined;
  const [year, month, day] = parts[0] > 999 ? parts : [parts[2], parts[0], parts[1]];
  return Date.UTC(year, month - 1, day);
}

function parseIso(text: string): number | undefined {
  const match = isoLike.exec(text);
  if (!match) return undefined;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = ''] = match;
  const minutesEast = zoneOffset(zone);
  if (minutesEast === undefined || Number(month) > 12 || Number(day) > 31 || Number(hour) > 24 || Number(minute) > 59) return undefined;
  const ms = Math.trunc(Number(`0.${fraction || '0'}`) * 1000);
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms) - minutesEast * 60_000;
}

function zoneOffset(zone: string): number | undefined {
  if (zone === '') return 0;
  const match = offset.exec(zone);
  if (!match) return zoneMinutes[zone.toUpperCase()];
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const east = Number(hours) * 60 + Number(minutes) + Number(seconds) / 60;
  return sign === '-' ? -east : east;
}

function parseAmerican(text: string): number | undefined {
  const match = american.exec(text);
  if (!match) return undefined;
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  return Date.UTC(year, month - 1, day, (hour % 12) + (match[7] === 'PM' ? 12 : 0), minute, second);
}

/** The two forms that every platform reads alike. */
function parseByPlatform(text: string): number | undefined {
  if (weekdayFirst.test(text)) return Date.parse(`${text} UTC`);
  return rfc1123.test(text) ? Date.parse(text) : undefined;
}
