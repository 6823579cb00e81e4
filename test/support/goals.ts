// The smallest app there is: goals with a title and whether they are done. Its attrs, its rows on the wire, and the
// messages a server says about them.

import type { WireAttr } from '../../src/protocol/attr.ts';
import type { WireNode } from '../../src/protocol/query-result.ts';
import type { AddQueryOk, Processed, RefreshOk, WireQuery } from '../../src/protocol/query-messages.ts';
import type { ErrorMessage } from '../../src/protocol/server-error.ts';
import type { InitOk } from '../../src/protocol/session-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';

export const attrIds = {
  id: 'a7000000-0000-4000-8000-000000000001',
  title: 'a7000000-0000-4000-8000-000000000002',
  done: 'a7000000-0000-4000-8000-000000000006',
};

const blob = (id: string, label: string, isUnique = false): WireAttr => ({
  id,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [id.replace(/^a7/, '1d'), 'goals', label],
  'unique?': isUnique,
  'index?': false,
  catalog: 'user',
});

export const goalAttrs: readonly WireAttr[] = [blob(attrIds.id, 'id', true), blob(attrIds.title, 'title'), blob(attrIds.done, 'done')];

export interface Goal {
  readonly id: string;
  readonly title?: string;
  readonly done?: boolean;
}

export const goalId = (at: number): string => `90a10000-0000-4000-8000-0000000000${String(at).padStart(2, '0')}`;

export function goalTriples({ id, title, done }: Goal, at = 1_795_225_315_950): Triple[] {
  return [
    [id, attrIds.id, id, at],
    ...(title === undefined ? [] : [[id, attrIds.title, title, at] as const]),
    ...(done === undefined ? [] : [[id, attrIds.done, done, at] as const]),
  ];
}

export function nodes(triples: readonly Triple[]): WireNode[] {
  return [{ data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] }];
}

export const goalsQuery = { goals: {} };

/** One write: a chunk as `tx.goals[id].update(fields)` builds it. */
export function chunk(action: 'create' | 'update' | 'delete' | 'link', id: string, fields?: object): unknown {
  return { __ops: [[action, 'goals', id, fields]], __etype: 'goals' };
}

export function initOk(more: Partial<InitOk> = {}): InitOk {
  return { op: 'init-ok', 'session-id': '5e550000-0000-4000-8000-00000000000a', attrs: goalAttrs, ...more };
}

type Reach = number | Processed;
const reach = (given: Reach): Processed => (typeof given === 'number' ? { 'processed-tx-id': given } : given);

export function addQueryOk(goals: readonly Goal[], processed: Reach, q: WireQuery = goalsQuery): AddQueryOk {
  return { op: 'add-query-ok', q, result: nodes(goals.flatMap((goal) => goalTriples(goal))), ...reach(processed) };
}

export function refreshOk(goals: readonly Goal[], processed: Reach, q: WireQuery = goalsQuery): RefreshOk {
  const result = nodes(goals.flatMap((goal) => goalTriples(goal)));
  return { op: 'refresh-ok', computations: [{ 'instaql-query': q, 'instaql-result': result }], ...reach(processed) };
}

export function rejection(eventId: string, more: Partial<ErrorMessage> = {}): ErrorMessage {
  return {
    op: 'error',
    status: 400,
    type: 'permission-denied',
    message: 'Permission denied: not perms-pass?',
    hint: { input: ['goals', 'object'], expected: 'perms-pass?' },
    'client-event-id': eventId,
    'original-event': { op: 'transact', 'client-event-id': eventId },
    'trace-id': 'trace-1',
    ...more,
  };
}
