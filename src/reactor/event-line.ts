// An event as one line to read, for `debug: true`: what it says of itself, in its own order.

import type { DatabaseEvent } from '../types/events.ts';

export function lineOf({ type, atMs, ...fields }: DatabaseEvent): string {
  const words = Object.entries<string | number | object | undefined>(fields).map(([name, value]) => wordOf(name, value));
  return `${new Date(atMs).toISOString().slice(11, 23)} ${type.padEnd(10)} ${words.filter(Boolean).join(' ')}`;
}

const units: Readonly<Record<string, string>> = { tookMs: ' ms', waiting: ' waiting', edits: ' entries' };
const unknown: Readonly<Record<string, string>> = { userId: 'nobody', topic: 'presence' };

function wordOf(name: string, value: string | number | object | undefined): string | undefined {
  // An error, or a message: what is said in it.
  if (typeof value === 'object') return 'message' in value && typeof value.message === 'string' ? value.message : '';
  return value === undefined ? unknown[name] : `${value}${units[name] ?? ''}`;
}
