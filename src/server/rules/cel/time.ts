// Timestamps and durations with nanosecond precision.

import { coerceToDate } from '../../../lib/dates.ts';
import { readStoredDate } from '../../../lib/stored-dates.ts';
import { zoneOffsetMs } from '../../../lib/time-zone.ts';
import { namedInstant } from '../../../query/query-dates.ts';
import type { Definition } from './overloads.ts';
import { Duration, EvaluationError, Timestamp } from './values.ts';

const second = 1_000_000_000n;
const milli = 1_000_000n;
/** Years 1 to 9999. */
const [leastTime, mostTime] = [-62_135_596_800n * second, 253_402_300_800n * second - 1n];
const mostDuration = 315_576_000_000n * second;

export function checkedTimestamp(nanos: bigint): Timestamp {
  if (nanos < leastTime || nanos > mostTime) throw new EvaluationError('the timestamp is out of the years 1 to 9999', 'INTERNAL_ERROR');
  return new Timestamp(nanos);
}

export function checkedDuration(nanos: bigint): Duration {
  if (nanos > mostDuration || nanos < -mostDuration) throw new EvaluationError('the duration is longer than 10,000 years', 'BAD_FORMAT');
  return new Duration(nanos);
}

export function timestampOfMs(ms: number | bigint): Timestamp {
  if (typeof ms === 'bigint') return checkedTimestamp(ms * milli);
  const whole = Math.floor(ms);
  if (!Number.isFinite(ms)) throw new EvaluationError('the timestamp is out of the years 1 to 9999', 'INTERNAL_ERROR');
  return checkedTimestamp(BigInt(whole) * milli + BigInt(Math.floor((ms - whole) * Number(milli))));
}

/** A date in any form that can be stored, with all fractional digits. */
function timestampOfText(text: string): Timestamp {
  const ms = namedInstant(text) ?? msOfText(text);
  if (Number.isNaN(ms)) throw new EvaluationError(`timestamp: '${text}' is no date`, 'BAD_FORMAT');
  const [, fraction] = /:\d\d?[.,](\d+)/.exec(text) ?? [];
  if (fraction === undefined) return timestampOfMs(ms);
  return checkedTimestamp(BigInt(Math.floor(ms / 1000)) * second + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

function msOfText(text: string): number {
  if (!calendar.test(text)) return readStoredDate(text);
  try {
    const ms = coerceToDate(text.replace(calendar, inMonth))?.getTime();
    if (ms !== undefined) return ms;
  } catch {
    // One of the forms that only the server reads.
  }
  return readStoredDate(text);
}

const calendar = /^(\d{4})-(\d\d)-(\d\d)[Tt]/;

/** As in the original, with a time behind it, a day beyond the end of a month becomes the month's last day. */
function inMonth(_: string, year: string, month: string, day: string): string {
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return `${year}-${month}-${Number(day) <= 31 ? String(Math.min(Number(day), last)).padStart(2, '0') : day}T`;
}

const units: Readonly<Record<string, bigint>> = {
  h: 3600n * second,
  m: 60n * second,
  s: second,
  ms: milli,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
};

function durationOfText(text: string): Duration {
  const [, sign, rest = ''] = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|0)$/u.exec(text) ?? [];
  if (sign === undefined) throw new EvaluationError(`'${text}' is not a duration`, 'BAD_FORMAT');
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)\.?(\d*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gu)) {
    const each = units[unit] ?? 0n;
    nanos += BigInt(whole || '0') * each + (BigInt(fraction || '0') * each) / 10n ** BigInt(fraction.length);
  }
  return checkedDuration(sign === '-' ? -nanos : nanos);
}

export function timestampText({ nanos }: Timestamp): string {
  const seconds = (nanos - (((nanos % second) + second) % second)) / second;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${base}${fractionText(nanos - seconds * second)}Z`;
}

/** Three, six or nine digits, as in the JSON form of protocol buffers. */
function fractionText(nanos: bigint): string {
  if (nanos === 0n) return '';
  const digits = nanos.toString().padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
}

export function durationText({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${size / second}${fractionText(size % second)}s`;
}

/** The wall clock of a time zone, as the UTC time of a Date. */
function clockIn({ nanos }: Timestamp, zone = 'UTC'): Date {
  const at = Number((nanos - (((nanos % milli) + milli) % milli)) / milli);
  return new Date(at + offsetMs(zone, at));
}

const fixedZone = /^(?:UTC|GMT|UT)?([+-]?)(\d\d?)(?::?([0-5]\d))?$/;

function offsetMs(zone: string, at: number): number {
  if (zone === 'Z' || /^(?:UTC|GMT|UT)$/.test(zone)) return 0;
  const [, sign, hours, minutes = '0'] = fixedZone.exec(zone) ?? [];
  if (hours !== undefined && Number(hours) <= 18) return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  try {
    return zoneOffsetMs(zone, at);
  } catch (cause) {
    throw new EvaluationError(`'${zone}' is no time zone`, 'BAD_FORMAT', { cause });
  }
}

const parts: Readonly<Record<string, (clock: Date) => number>> = {
  getFullYear: (clock) => clock.getUTCFullYear(),
  getMonth: (clock) => clock.getUTCMonth(),
  getDate: (clock) => clock.getUTCDate(),
  getDayOfMonth: (clock) => clock.getUTCDate() - 1,
  getDayOfWeek: (clock) => clock.getUTCDay(),
  getDayOfYear: (clock) => {
    const start = new Date(0);
    start.setUTCFullYear(clock.getUTCFullYear(), 0, 1);
    return Math.floor((clock.getTime() - start.getTime()) / 86_400_000);
  },
  getHours: (clock) => clock.getUTCHours(),
  getMinutes: (clock) => clock.getUTCMinutes(),
  getSeconds: (clock) => clock.getUTCSeconds(),
  getMilliseconds: (clock) => clock.getUTCMilliseconds(),
};

function partsOf([name, part]: [string, (clock: Date) => number]): Definition[] {
  return [
    [`timestamp.${name}(): int`, (time: Timestamp) => BigInt(part(clockIn(time)))],
    [`timestamp.${name}(string): int`, (time: Timestamp, zone: string) => BigInt(part(clockIn(time, zone)))],
  ];
}

export const timeFunctions: readonly Definition[] = [
  ['timestamp(string): timestamp', timestampOfText],
  ['timestamp(int): timestamp', (ms: bigint) => timestampOfMs(ms)],
  // Fractions of a millisecond can be stored.
  ['timestamp(double): timestamp', (ms: number) => timestampOfMs(ms)],
  ['timestamp(timestamp): timestamp', (time: Timestamp) => time],
  ['duration(string): duration', durationOfText],
  ['duration(duration): duration', (duration: Duration) => duration],
  ['timestamp.getTime(): int', ({ nanos }: Timestamp) => (nanos - (((nanos % milli) + milli) % milli)) / milli],
  ...Object.entries(parts).flatMap(partsOf),
  ['duration.getHours(): int', ({ nanos }: Duration) => nanos / (3600n * second)],
  ['duration.getMinutes(): int', ({ nanos }: Duration) => nanos / (60n * second)],
  ['duration.getSeconds(): int', ({ nanos }: Duration) => nanos / second],
  ['duration.getMilliseconds(): int', ({ nanos }: Duration) => (nanos % second) / milli],
];
