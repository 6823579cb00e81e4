// Ids that follow from names: the same archive gives the same app, so that an import that was interrupted goes on where it was.

import { createHash } from 'node:crypto';

/** A UUID (version 8) from the SHA-256 of the parts. */
export function derivedId(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
