// Refuses what cannot be sent as it stands, wherever in a query it is: what JSON has no word for, or would leave out without one.

import { QueryValidationError } from '../errors.ts';

const deepest = 500;

export function refuseUnsendable(query: object): void {
  visit(query, '', new Set());
}

function visit(value: unknown, path: string, above: Set<object>): void {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    throw new QueryValidationError(`A ${typeof value} cannot be part of a query`, path);
  }
  if (typeof value !== 'object' || value === null || hasJson(value)) return;
  if (above.has(value)) throw new QueryValidationError('The query contains itself', path);
  if (above.size >= deepest) throw new QueryValidationError(`The query is more than ${deepest} levels deep`);
  above.add(value);
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw new QueryValidationError(`Nothing can be called '__proto__'`, path || key);
    visit(item, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key, above);
  }
  above.delete(value);
}

/** Says itself what it is in JSON, as dates do. */
function hasJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
