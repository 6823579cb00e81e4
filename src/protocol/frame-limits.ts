// Checks that run before a frame is interpreted: size, nesting depth and `__proto__` keys. Independent of the message types.

export interface FrameLimits {
  /** Size of the text in UTF-8. */
  readonly bytes?: number;
  /** Maximum nesting of arrays and objects. */
  readonly depth?: number;
  /** Maximum number of messages in one frame. */
  readonly messages?: number;
}

export function isLargerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  // A UTF-16 unit takes at most three bytes.
  return text.length * 3 > bytes && bytesOf(text) > bytes;
}

/** In UTF-8. A surrogate without its other half is encoded as three bytes. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
    if (isPair) at++;
  }
  return bytes;
}

/** The limit that the JSON of a value exceeds, if any. Only a value that may be too large is encoded to find out. */
export function exceededBy(value: unknown, { bytes, depth }: Required<Omit<FrameLimits, 'messages'>>): 'bytes' | 'depth' | undefined {
  const upperBound = upperBoundOfBytes(value, depth);
  if (upperBound === undefined) return 'depth';
  return upperBound > bytes && isLargerThan(JSON.stringify(value), bytes) ? 'bytes' : undefined;
}

/** Undefined if the value is nested too deeply. */
function upperBoundOfBytes(value: unknown, depthLeft: number): number | undefined {
  // An escaped UTF-16 unit takes six bytes; no number, boolean or null takes more than 25.
  if (typeof value === 'string') return value.length * 6 + 3;
  if (typeof value !== 'object' || value === null) return 26;
  if (depthLeft === 0) return undefined;
  if (value instanceof Date) return 30;
  let bytes = 3;
  const isArray = Array.isArray(value);
  for (const [key, item] of Object.entries(value) as [string, unknown][]) {
    const part = upperBoundOfBytes(item, depthLeft - 1);
    if (part === undefined) return undefined;
    bytes += part + (isArray ? 1 : key.length * 6 + 4);
  }
  return bytes;
}

export interface Survey {
  readonly isTooDeep: boolean;
  /** `JSON.parse` makes `__proto__` an ordinary key, but code that copies by assignment would set the copy's prototype. */
  readonly hadProtoKey: boolean;
  /** `JSON.parse` reads `1e400` as Infinity, which JSON cannot write: it would be stored as null. */
  readonly hasInfinity: boolean;
}

/**
 * Walks a parsed value once and removes every key `__proto__`. Recursion stops at `depth`. Allocates nothing, because every frame passes
 * through it.
 */
export function survey(value: unknown, depth: number): Survey {
  let hadProtoKey = false;
  let hasInfinity = false;
  const isTooDeep = (part: unknown, left: number): boolean => {
    if (typeof part !== 'object') {
      if (part === Infinity || part === -Infinity) hasInfinity = true;
    } else if (Array.isArray(part)) {
      if (left === 0) return true;
      for (const item of part) if (isTooDeep(item, left - 1)) return true;
    } else if (part !== null) {
      if (left === 0) return true;
      for (const key in part) {
        if (key === '__proto__') hadProtoKey = Reflect.deleteProperty(part, key);
        else if (isTooDeep((part as Readonly<Record<string, unknown>>)[key], left - 1)) return true;
      }
    }
    return false;
  };
  return { isTooDeep: isTooDeep(value, depth), hadProtoKey, hasInfinity };
}

/** Whether arrays and objects are nested deeper than that. Recursion stops there. */
export function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((part) => isDeeperThan(part, depth - 1));
}
