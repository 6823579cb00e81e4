// Values as errors show them: as PostgreSQL would write them as JSON, numbers in full, and long ones cut.

import { isObject } from '../../lib/json.ts';

const longest = 64;

/** What is short enough stands as it is. */
export function shownValue(value: unknown): unknown {
  const text = jsonText(value);
  return text.length > longest ? `${text.slice(0, longest)}...` : value;
}

/** With a space behind `:` and `,`, and shorter keys first. */
export function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value === 'number') return numberText(value);
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item)}`).join(', ')}}`;
}

function numberText(value: number): string {
  const text = String(value);
  const [, digits = '', fraction = '', exponent] = /^(-?\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const places = Number(exponent);
  const [sign, all] = [digits.startsWith('-') ? '-' : '', digits.replace('-', '') + fraction];
  if (places < 0) return `${sign}0.${'0'.repeat(-places - 1)}${all}`;
  return sign + all.padEnd(places + 1, '0');
}
