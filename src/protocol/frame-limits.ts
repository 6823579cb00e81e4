// What a frame can do to its reader before it is understood: be too large, be too deep, or carry a key that reaches
// for a prototype. Nothing here knows what a message is.

import { isObject } from '../lib/json.ts';

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
  readonly hadProtoKey: boolean;
}

/** One walk through a parsed value, which takes every key `__proto__` out. Its recursion ends at `depth`; it makes nothing, as all frames go through it. */
export function survey(value: unknown, depth: number): Survey {
  let hadProtoKey = false;
  const isTooDeep = (part: unknown, left: number): boolean => {
    if (Array.isArray(part)) {
      if (left === 0) return true;
      for (const item of part) if (typeof item === 'object' && isTooDeep(item, left - 1)) return true;
    } else if (isObject(part)) {
      if (left === 0) return true;
      for (const key in part) {
        if (key === '__proto__') hadProtoKey = Reflect.deleteProperty(part, key);
        else if (typeof part[key] === 'object' && isTooDeep(part[key], left - 1)) return true;
      }
    }
    return false;
  };
  return { isTooDeep: isTooDeep(value, depth), hadProtoKey };
}
