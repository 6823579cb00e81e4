// What a frame can do to its reader before it is understood: be too large, be too deep, or carry a key that reaches
// for a prototype. All in one pass over the text or the value, without recursion.

export interface FrameLimits {
  /** Of the text in UTF-8. */
  readonly bytes?: number;
  /** How many arrays and objects may stand inside each other. */
  readonly depth?: number;
  /** In one frame. */
  readonly messages?: number;
}

export function isLargerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  // A UTF-16 unit takes at most three bytes.
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}

const quote = 0x22;
const backslash = 0x5c;
const opens = (code: number): boolean => code === 0x5b || code === 0x7b;
const closes = (code: number): boolean => code === 0x5d || code === 0x7d;

/** Of a text that may be JSON: where it is not, the answer does not matter. */
export function isDeeperThan(text: string, depth: number): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (opens(code)) {
      if (++open > depth) return true;
    } else if (closes(code)) open--;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === backslash) before--;
  return (at - before) % 2 === 0;
}

/** False = surely not, so the value need not be searched. */
export function mayHoldProtoKey(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u');
}

/**
 * Takes every key `__proto__` out of a parsed value. JSON.parse makes an ordinary field of it, but whoever copies such
 * an object by assignment gives the copy another prototype.
 *
 * @returns whether there was one
 */
export function dropProtoKeys(value: unknown): boolean {
  let found = false;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const item = left.pop();
    if (typeof item !== 'object' || item === null) continue;
    if (Object.hasOwn(item, '__proto__')) found = Reflect.deleteProperty(item, '__proto__');
    const parts: readonly unknown[] = Object.values(item);
    for (const part of parts) left.push(part);
  }
  return found;
}
