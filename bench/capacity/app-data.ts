// An app of many entities with nine triples each, as a snapshot of a log.

import { emptySnapshot, type Snapshot } from '../../src/server/storage/storage.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';

export const idOf = (kind: string, n: number): string => `${kind.padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

const attr = (n: number, label: string, more: object = {}): WireAttr =>
  ({
    id: idOf('a7', n),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [idOf('1d', n), 'items', label],
    'unique?': label === 'id',
    'index?': label === 'id',
    ...more,
  }) as unknown as WireAttr;

const indexed = (type: string) => ({ 'index?': true, 'checked-data-type': type });

export const attrs: readonly WireAttr[] = [
  attr(0, 'id'),
  attr(1, 'title', indexed('string')),
  attr(2, 'rank', indexed('number')),
  attr(3, 'owner', indexed('string')),
  attr(4, 'done'),
  attr(5, 'note'),
  attr(6, 'kind'),
  attr(7, 'score'),
  attr(8, 'createdAt', indexed('date')),
];

export const owners = 10_000;

function triplesOf(n: number): Triple[] {
  const id = idOf('e0', n);
  const scattered = (n * 7919) % 1_000_003;
  const values = [id, `Item number ${scattered}`, scattered, `owner ${n % owners}`, n % 3 === 0, `A note about item ${n}`, `kind ${n % 7}`];
  const all = [...values, scattered / 10, 1_700_000_000_000 + n * 1000];
  return all.map((value, at): Triple => [id, attrs[at]?.id ?? '', value, 1_700_000_000_000 + n]);
}

export function snapshotOf(entities: number): Snapshot {
  const triples = Array.from({ length: entities }, (_, n) => triplesOf(n)).flat();
  return { ...emptySnapshot, txId: 1, at: 1_700_000_000_000 + entities, attrs, triples };
}
