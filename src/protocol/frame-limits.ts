// What a frame can do to its reader before it is understood: be too large, be too deep, or carry a key that reaches
// for a prototype. Nothing here knows what a message is.

import { isObject } from './check.ts';

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

export interface Survey {
  readonly isTooDeep: boolean;
  /** JSON.parse makes an ordinary field of it, but whoever copies by assignment gives the copy another prototype. */
  readonly hasProtoKey: boolean;
}

/** One walk through a parsed value; its recursion ends at `depth`. On the path of every frame, so it makes nothing. */
export function survey(value: unknown, depth: number): Survey {
  let hasProtoKey = false;
  const isTooDeep = (part: unknown, left: number): boolean => {
    if (Array.isArray(part)) {
      if (left === 0) return true;
      for (const item of part) if (typeof item === 'object' && isTooDeep(item, left - 1)) return true;
    } else if (isObject(part)) {
      if (left === 0) return true;
      for (const key in part) {
        if (key === '__proto__') hasProtoKey = true;
        if (typeof part[key] === 'object' && isTooDeep(part[key], left - 1)) return true;
      }
    }
    return false;
  };
  return { isTooDeep: isTooDeep(value, depth), hasProtoKey };
}

/** Takes every key `__proto__` out. @returns whether there was one */
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
