// The deep merge of a `deep-merge-triple` step: objects merge, null removes a key, every other value replaces. PROTOCOL.md#transact

import type { Value } from '../protocol/triple.ts';
import { hasOwn, setOwn } from '../lib/own.ts';

type PlainObject = Record<string, Value>;

export function merge(current: Value, patch: Value): Value {
  if (!isPlainObject(current) || !isPlainObject(patch)) return patch;
  const merged: PlainObject = { ...current };
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else setOwn(merged, key, hasOwn(merged, key) && isPlainObject(value) ? merge(merged[key], value) : value);
  }
  return merged;
}

function isPlainObject(value: Value): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
