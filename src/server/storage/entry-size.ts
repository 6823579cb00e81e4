// Estimates the memory of a log value: accurate enough to compare, cheaper than serialising it.

import { sliceItems } from '../slices.ts';
import type { LogEntry } from './storage.ts';

/** Overhead per element of a list or an object. */
const perPart = 16;

export function sizeOfEntry(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = perPart;
  if (Array.isArray(value)) for (const part of value) size += perPart + sizeOfEntry(part);
  else for (const [key, part] of Object.entries(value)) size += perPart + key.length + sizeOfEntry(part);
  return size;
}

/** Entries do not change. */
const sizes = new WeakMap<LogEntry, number>();

/** The same of a log entry, which several keep: counted once. */
export function sizeOfLogEntry(entry: LogEntry): number {
  const known = sizes.get(entry);
  if (known !== undefined) return known;
  const size = sizeOfEntry(entry);
  sizes.set(entry, size);
  return size;
}

/** Counts the size of an entry in steps, for all who ask for it later. */
export function* countEntrySteps(entry: LogEntry): Generator<void, void> {
  const { changes, ...others } = entry;
  sizes.set(entry, sizeOfEntry(others) + perPart + 'changes'.length + (yield* listSizeSteps(changes)));
}

/** The same of a long list, in steps: yields where others can be served. */
export function* listSizeSteps(list: readonly unknown[]): Generator<void, number> {
  let size = perPart;
  for (const [at, part] of list.entries()) {
    size += perPart + sizeOfEntry(part);
    if (at % sliceItems === sliceItems - 1) yield;
  }
  return size;
}
