// A draft of a catalog leads to the catalog that the same changes, made one by one, lead to.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { AttrsDraft } from '../../src/db/attrs-draft.ts';
import { readAttr, type WireAttr } from '../../src/protocol/attr.ts';
import { check } from '../support/runs.ts';

const names = ['a', 'b', 'c', 'd'];
const etypes = ['goals', 'todos'];

/** Names are unique, as those who make attributes check. */
const wire = (id: number, etype: string, version: number): WireAttr =>
  ({
    id: `attr ${id}`,
    ...(id % 2 === 0
      ? { 'value-type': 'blob' }
      : { 'value-type': 'ref', 'reverse-identity': [`r${id}`, etypes[version % 2], `of ${id} ${version}`] }),
    cardinality: 'one',
    'forward-identity': [`f${id}`, etype, `${names[id]} ${version}`],
    'unique?': false,
    'index?': false,
  }) as WireAttr;

const step = fc.oneof(
  fc.record({ put: fc.nat(3), etype: fc.constantFrom(...etypes), version: fc.nat(2) }),
  fc.record({ delete: fc.nat(3) }),
);

test('its names are those of the catalog after each change, and so is its result', () => {
  check(
    fc.property(fc.array(fc.nat(3)), fc.array(step, { maxLength: 12 }), (first, steps) => {
      const base = Attrs.from(first.map((id) => wire(id, 'goals', 0)));
      const draft = new AttrsDraft(base);
      let attrs = base;
      for (const one of steps) {
        if ('put' in one) {
          const put = wire(one.put, one.etype, one.version);
          attrs = attrs.with([put]);
          draft.put(readAttr(put));
        } else {
          attrs = attrs.without(new Set([`attr ${one.delete}`]));
          draft.delete(`attr ${one.delete}`);
        }
        for (const id of names.keys()) {
          expect(draft.byId(`attr ${id}`)?.wire).toEqual(attrs.byId(`attr ${id}`)?.wire);
          for (const etype of etypes) {
            for (const version of [0, 1, 2]) {
              expect(draft.forward(etype, `${names[id]} ${version}`)?.id).toBe(attrs.forward(etype, `${names[id]} ${version}`)?.id);
              expect(draft.reverse(etype, `of ${id} ${version}`)?.id).toBe(attrs.reverse(etype, `of ${id} ${version}`)?.id);
            }
          }
        }
      }
      expect(draft.result().list.map((attr) => attr.wire)).toEqual(attrs.list.map((attr) => attr.wire));
    }),
    300,
  );
});

test('an unchanged draft is the catalog itself', () => {
  const base = Attrs.from([wire(0, 'goals', 0)]);
  const draft = new AttrsDraft(base);
  expect(draft.result()).toBe(base);
  draft.put(readAttr(wire(0, 'goals', 0)));
  expect(draft.result()).toBe(base);
});
