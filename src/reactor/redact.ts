// A message as tools may see it: without what would let its reader act in somebody's name. What users wrote is left as it is.

const secret = /token|secret|password/i;
/** Values of entities, and attrs: large, and without our secrets. */
const data = new Set(['tx-steps', 'result', 'instaql-result', 'attrs', 'join-rows', 'txes', 'deltas', 'chunks', 'content']);
/** What programs hand to their rules may be a secret too. */
const ruleParams = new Set(['$$ruleParams', 'rule-params']);

export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]: [string, unknown]) => [key, field(key, part)]));
}

function field(key: string, value: unknown): unknown {
  if (data.has(key) || value === null || value === undefined) return value;
  if (secret.test(key) || ruleParams.has(key)) return '[redacted]';
  // Whoever has the whole address of a file may read it.
  if (key === 'url' && typeof value === 'string') return value.replace(/\?.*$/s, '?[redacted]');
  return redacted(value);
}
