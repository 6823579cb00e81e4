// About how much memory a value from the log takes: enough to compare, cheaper than writing it as JSON.

/** Of each part of a list or an object, beyond its own size. */
const perPart = 16;

export function sizeOfEntry(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = perPart;
  if (Array.isArray(value)) for (const part of value) size += perPart + sizeOfEntry(part);
  else for (const [key, part] of Object.entries(value)) size += perPart + key.length + sizeOfEntry(part);
  return size;
}
