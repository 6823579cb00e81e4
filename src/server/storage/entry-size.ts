// Estimates the memory of a log value: accurate enough to compare, cheaper than serialising it.

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
