// Removes secrets from messages before tools see them: everything that would let a reader act as the user. User data stays.

import { queryKey } from '../../query/key.ts';

const secretName = /token|secret|password/i;
/** Fields with user data, whose own fields may have any name. */
const data = new Set(['tx-steps', 'result', 'instaql-result', 'attrs', 'join-rows', 'txes', 'deltas', 'chunks', 'content']);
/** Parameters for rules may contain secrets. */
const ruleParams = new Set(['$$ruleParams', 'rule-params']);
/** A complete URL of this kind grants access to the file. */
const signedAddress = /^https?:\/\/[^?#\s]*\?\S*(signature|sig|token|credential|key)[^=&\s]*=/i;
const REDACTED = '[redacted]';

export function redacted(value: unknown): unknown {
  return mapEntries(value, redactField);
}

/** Removes secrets from the key of a query. */
export function redactedKey(key: string): string {
  return queryKey(redacted(JSON.parse(key)));
}

function redactField(value: unknown, key: string): unknown {
  if (value === null || value === undefined) return value;
  if (data.has(key)) return redactUserData(value);
  if (secretName.test(key) || ruleParams.has(key)) return REDACTED;
  return key === 'url' && typeof value === 'string' ? withoutQuery(value) : redacted(value);
}

/** User data. */
function redactUserData(value: unknown): unknown {
  if (typeof value === 'string') return signedAddress.test(value) ? withoutQuery(value) : value;
  if (Array.isArray(value) && value[0] === 'rule-params' && value.length === 4)
    return mapEntries(value, (part, at) => (at === '3' ? REDACTED : part));
  return mapEntries(value, redactUserData);
}

/** A frozen copy with each part redacted: what a listener does to it changes nothing that the client works with. */
function mapEntries(value: unknown, change: (part: unknown, key: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const after = Object.entries(value).map(([key, part]: [string, unknown]) => [key, change(part, key)] as const);
  return Object.freeze(Array.isArray(value) ? after.map(([, part]) => part) : Object.fromEntries(after));
}

function withoutQuery(address: string): string {
  return address.replace(/\?.*$/s, `?${REDACTED}`);
}
