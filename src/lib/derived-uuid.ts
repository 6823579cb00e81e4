// Ids that follow from another id, so that every client makes the same ones without asking anybody.

/**
 * A UUID (version 8) for one purpose of one origin. Two origins that are UUIDs give two ids.
 *
 * @param salt a UUID that stands for the purpose
 *
 * @example
 * derivedUuid(appId, '6b1d…') // the same on every device
 */
export function derivedUuid(origin: string, salt: string): string {
  return salt.replace(/[0-9a-f]/gi, (digit, at: number) => {
    if (at === 14) return '8';
    const own = parseInt(origin[at] ?? '', 16);
    const mixed = parseInt(digit, 16) ^ (Number.isNaN(own) ? origin.charCodeAt(at % origin.length) & 15 : own);
    return (at === 19 ? (mixed & 3) | 8 : mixed).toString(16);
  });
}
