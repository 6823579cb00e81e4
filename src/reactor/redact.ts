// A message as tools may see it: without what would let its reader act in somebody's name. What users wrote is left as it is.

import { queryKey } from '../query/key.ts';

const secret = /token|secret|password/i;
/** Values of entities, and attrs: what their fields are called is the users' affair. */
const data = new Set(['tx-steps', 'result', 'instaql-result', 'attrs', 'join-rows', 'txes', 'deltas', 'chunks', 'content']);
/** What programs hand to their rules may be a secret too. */
const ruleParams = new Set(['$$ruleParams', 'rule-params']);
/** Whoever has the whole of such an address may read the file. */
const signedAddress = /^https?:\/\/[^?#\s]*\?\S*(signature|sig|token|credential|key)[^=&\s]*=/i;
const hidden = '[redacted]';

export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]: [string, unknown]) => [key, field(key, part)]));
}

/** The key of a query, likewise. */
export function redactedKey(key: string): string {
  return queryKey(redacted(JSON.parse(key)));
}

function field(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (data.has(key)) return written(value);
  if (secret.test(key) || ruleParams.has(key)) return hidden;
  if (key === 'url' && typeof value === 'string') return withoutQuery(value);
  return redacted(value);
}

/** What users wrote; the same object where nothing is to be hidden, as it may be large. */
function written(value: unknown): unknown {
  if (typeof value === 'string') return signedAddress.test(value) ? withoutQuery(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const [op, e, etype] = value as readonly unknown[];
    if (op === 'rule-params' && value.length === 4) return [op, e, etype, hidden];
    const parts = value.map(written);
    return parts.some((part, at) => part !== value[at]) ? parts : value;
  }
  const entries = Object.entries(value);
  const parts = entries.map(([key, part]) => [key, written(part)] as const);
  return parts.some(([, part], at) => part !== entries[at]?.[1]) ? Object.fromEntries(parts) : value;
}

function withoutQuery(address: string): string {
  return address.replace(/\?.*$/s, `?${hidden}`);
}
