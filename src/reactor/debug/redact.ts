// A message as tools may see it: without what would let its reader act in somebody's name. What users wrote is left as it is.

import { queryKey } from '../../query/key.ts';

const secretName = /token|secret|password/i;
/** Values of entities, and attrs: what their fields are called is the users' affair. */
const data = new Set(['tx-steps', 'result', 'instaql-result', 'attrs', 'join-rows', 'txes', 'deltas', 'chunks', 'content']);
/** What programs hand to their rules may be a secret too. */
const ruleParams = new Set(['$$ruleParams', 'rule-params']);
/** Whoever has the whole of such an address may read the file. */
const signedAddress = /^https?:\/\/[^?#\s]*\?\S*(signature|sig|token|credential|key)[^=&\s]*=/i;
const REDACTED = '[redacted]';

export function redacted(value: unknown): unknown {
  return mapEntries(value, redactField, true);
}

/** The key of a query, likewise. */
export function redactedKey(key: string): string {
  return queryKey(redacted(JSON.parse(key)));
}

function redactField(value: unknown, key: string): unknown {
  if (value === null || value === undefined) return value;
  if (data.has(key)) return redactUserData(value);
  if (secretName.test(key) || ruleParams.has(key)) return REDACTED;
  return key === 'url' && typeof value === 'string' ? withoutQuery(value) : redacted(value);
}

/** What users wrote. */
function redactUserData(value: unknown): unknown {
  if (typeof value === 'string') return signedAddress.test(value) ? withoutQuery(value) : value;
  if (Array.isArray(value) && value[0] === 'rule-params' && value.length === 4)
    return mapEntries(value, (part, at) => (at === '3' ? REDACTED : part));
  return mapEntries(value, redactUserData);
}

/** Each part of it; the same object where nothing is to be hidden, as it may be large, unless it is to be a copy. */
function mapEntries(value: unknown, change: (part: unknown, key: string) => unknown, isCopy = false): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const before = Object.entries(value);
  const after = before.map(([key, part]: [string, unknown]) => [key, change(part, key)] as const);
  if (!isCopy && after.every(([, part], at) => part === before[at]?.[1])) return value;
  return Array.isArray(value) ? after.map(([, part]) => part) : Object.fromEntries(after);
}

function withoutQuery(address: string): string {
  return address.replace(/\?.*$/s, `?${REDACTED}`);
}
