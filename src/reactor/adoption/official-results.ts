// Cached results of the official client, as records of this one.

import { isObject } from '../../lib/json.ts';
import { readResult } from '../../protocol/query-result.ts';
import { queryKey } from '../../query/key.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import { CachedResult } from '../queries/cached-result.ts';
import { maxTriples } from './official-database.ts';
import { packTriples } from '../queries/cached-rows.ts';

/**
 * One operation list per result. How far a result reaches is left out: the next server may count anew. A result that cannot be converted is
 * left out too: the server has it.
 */
export function resultOps(results: readonly unknown[], owner: string, nowMs: number): KeyValueOp[][] {
  return results.flatMap((sub, at) => {
    try {
      return opsOf(sub, `official${at}`, owner, nowMs);
    } catch {
      return [];
    }
  });
}

function opsOf(sub: unknown, base: string, owner: string, nowMs: number): KeyValueOp[][] {
  const result = isObject(sub) && isObject(sub['q']) ? sub['result'] : undefined;
  const store = isObject(result) ? result['store'] : undefined;
  if (!isObject(sub) || !isObject(result) || !isObject(store) || !Array.isArray(store['triples'])) return [];
  if (store['triples'].length > maxTriples) return [];
  const rows = { 'join-rows': [JSON.parse(JSON.stringify(store['triples'])) as never] };
  const data = { 'datalog-result': rows, 'page-info': result['pageInfo'] as never, aggregate: result['aggregate'] as never };
  const { triples, pageInfo, aggregate } = readResult([{ data, 'child-nodes': [] }]);
  const cached = new CachedResult(owner, queryKey(sub['q']));
  const text = packTriples(triples);
  const sizes = { parts: 1, changes: 0, baseSize: text.length, changesSize: 0 };
  const usedAtMs = Number(sub['lastAccessed']) || nowMs;
  return [
    [
      { put: cached.recordKey(base, 'b', 0), value: { text } },
      ...cached.commit({ processed: undefined, pageInfo, aggregate, usedAtMs, base, ...sizes }),
    ],
  ];
}
