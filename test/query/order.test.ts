// The order of texts: as people sort them, whatever their length.

import { expect, test } from 'vitest';

import { Attrs } from '../../src/db/attrs.ts';
import { Row } from '../../src/db/row.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { orderBy } from '../../src/query/order.ts';

const attrs = Attrs.from([
  {
    ...{ id: 'title', 'value-type': 'blob', cardinality: 'one', 'forward-identity': ['notes title', 'notes', 'title'] },
    ...{ 'unique?': false, 'index?': true, 'checked-data-type': 'string' },
  } as unknown as WireAttr,
]);
const attr = attrs.forward('notes', 'title');

function sorted(texts: readonly string[]): string[] {
  const { compare } = orderBy(attr, false);
  const rows = texts.map((text, at) => {
    const values: string[] = [];
    values[attr?.slot ?? 0] = text;
    return new Row(`row${at}`, at, values);
  });
  return rows.sort(compare).map((row) => String(row.values[attr?.slot ?? 0]));
}

test('short texts are collated; texts that collate as equal are ordered by their ids', () => {
  expect(sorted(['b', 'ä', 'a', 'B', 'A'])).toEqual(['a', 'A', 'ä', 'b', 'B']);
  expect(sorted(['e\u0301', '\u00e9'])).toEqual(['e\u0301', '\u00e9']);
});

test('long texts are collated by their beginning, and ties are ordered by the rest', () => {
  const long = 'x'.repeat(5000);
  expect(sorted([`b${long}`, `${long}b`, `ä${long}`, `${long}a`, `A${long}`])).toEqual([
    `A${long}`,
    `ä${long}`,
    `b${long}`,
    `${long}a`,
    `${long}b`,
  ]);
});
