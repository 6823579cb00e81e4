// What the checks of a schema change read and write, counted.

import { expect, test } from 'vitest';
import { Attrs, type KnownAttr } from '../../../src/db/attrs.ts';
import type { Db } from '../../../src/db/db.ts';
import { Layer } from '../../../src/db/layer.ts';
import { Store } from '../../../src/db/store.ts';
import { completed } from '../../../src/lib/yielding.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Triple, Value } from '../../../src/protocol/triple.ts';
import { checkAttrConstraints, fillNullsOf } from '../../../src/server/data/constraints.ts';
import { blob, newId } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title', { 'unique?': true, 'index?': true });
const made = Array.from({ length: 50 }, (_, n) => blob('goals', `more${n}`, { 'index?': true }));
const ids = Array.from({ length: 400 }, newId);

class CountedStore extends Store {
  lookups = 0;
  override holders(attr: KnownAttr, value: Value): readonly string[] {
    this.lookups++;
    return super.holders(attr, value);
  }
}

class CountedLayer extends Layer {
  puts = 0;
  override put(...row: Parameters<Layer['put']>): void {
    this.puts++;
    super.put(...row);
  }
}

function filled(titleOf: (n: number) => string): CountedStore {
  const store = new CountedStore(Attrs.from([goalsId, title, ...made] as unknown as WireAttr[]), { times: true });
  store.load(
    ids.flatMap((id, n): Triple[] => [
      [id, goalsId.id, id, 1],
      [id, title.id, titleOf(n), 1],
    ]),
  );
  return store;
}

const attrsOf = ({ attrs }: Db, wanted: readonly { readonly id: string }[]): KnownAttr[] =>
  wanted.flatMap(({ id }) => attrs.byId(id) ?? []);

test('many attrs that become indexed write each row once, and others are let in by the number of values', () => {
  const store = filled((n) => `t${n}`);
  const layer = new CountedLayer(store);
  const attrs = attrsOf(store, made);
  const breaks = [...fillNullsOf(layer, attrs, () => 7)].length;
  expect(layer.puts).toBe(ids.length);
  expect(breaks).toBe((ids.length * made.length) / 5000);
  const row = layer.row('goals', ids[9] ?? '');
  expect(attrs.map((attr) => row?.value(attr))).toEqual(made.map(() => null));
  expect(attrs.map(({ slot }) => row?.times?.[slot])).toEqual(made.map(() => 7));
});

test('attrs that would need too many nulls together are refused, and one by one they are not', () => {
  const store = filled((n) => `t${n}`);
  const attrs = attrsOf(store, made);
  const fill = (some: readonly KnownAttr[]): void => completed(fillNullsOf(new Layer(store), some, () => 7, 399));
  expect(() => fill(attrs)).toThrow('values of new indexed attributes in one transaction: at most 399');
  expect(() => fill(attrs.slice(0, 1))).not.toThrow();
  expect(() => fill(attrsOf(store, [goalsId, title]))).not.toThrow();
});

test('an attr that becomes unique is checked without an index of its values, which would be made in one go', () => {
  const store = filled((n) => `t${n}`);
  const [attr] = attrsOf(store, [title]);
  completed(checkAttrConstraints(store, attr as KnownAttr));
  expect(store.lookups).toBe(0);
  const twice = filled((n) => `t${n % 399}`);
  expect(() => completed(checkAttrConstraints(twice, attrsOf(twice, [title])[0] as KnownAttr))).toThrow('already exists');
});
