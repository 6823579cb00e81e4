// A catalog that was changed is the catalog that is made of the same attrs at once, and shares what did not change.

import { describe, expect, test } from 'vitest';

import { Attrs } from '../../src/db/attrs.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { SeededRandom } from '../../src/testing/virtual/seeded-random.ts';

const blob = (id: string, etype: string, label: string, more: Partial<WireAttr> = {}): WireAttr => ({
  ...{ id, 'forward-identity': [`f-${id}`, etype, label], 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false },
  ...more,
});
const link = (id: string, etype: string, label: string, to: string, back: string): WireAttr =>
  blob(id, etype, label, { 'value-type': 'ref', cardinality: 'many', 'reverse-identity': [`r-${id}`, to, back] });

const contentOf = (attrs: Attrs): unknown => ({
  list: attrs.list.map(({ slot: _, ...attr }) => attr),
  namespaces: [...attrs.namespaces()].map(({ etype, idAttr, blobs, links, forward, reverse }) => {
    const ids = (all: Iterable<{ readonly id: string }>): string[] => [...all].map(({ id }) => id);
    const named = [forward, reverse].map((map) => [...map].map(([label, { id }]) => [label, id]));
    return [etype, idAttr?.id, ids(blobs), ids(links), named, attrs.signature(etype)];
  }),
});

describe('a changed catalog', () => {
  const random = new SeededRandom(1);
  const etypes = ['posts', 'users', 'tags'];
  const some = <T>(items: readonly T[]): T => random.pick(items) as T;
  function attr(): WireAttr {
    const [id, label] = [`a${random.between(1, 12)}`, some(['id', 'x', 'y', 'z'])];
    if (random.chance(0.3)) return link(id, some(etypes), label, some(etypes), some(['p', 'q']));
    return blob(id, some(etypes), label, random.chance(0.2) ? { 'primary?': true } : { 'inferred-types': [some(['string', 'number'])] });
  }
  const shuffled = <T>(items: readonly T[]): T[] =>
    items.map((item) => [random.next(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item); // prettier-ignore

  test('is one made of the same attrs', () => {
    let attrs = Attrs.empty;
    for (let at = 0; at < 500; at += 1) {
      const wires = attrs.list.map(({ wire }) => wire);
      const next = some([
        () => attrs.with([attr(), attr()]),
        () => attrs.without(new Set([attr().id])),
        () => attrs.replaced(structuredClone(wires.filter(() => random.chance(0.8)))),
        () => attrs.replaced(random.chance(0.1) ? shuffled(wires) : [...wires, attr()]),
      ])();
      for (const { etype } of next.namespaces()) next.signature(etype);
      expect(contentOf(next)).toEqual(contentOf(Attrs.from(next.list.map(({ wire }) => wire))));
      for (const { id, etype, slot } of next.list) {
        expect(slot).toBeLessThan(next.width(etype));
        if (attrs.byId(id)?.etype === etype) expect(slot).toBe(attrs.byId(id)?.slot);
      }
      attrs = next;
    }
  });
});

test('an attr that is in another namespace now does not take the place of one that is there', () => {
  const before = Attrs.from([blob('1', 'posts', 'id'), blob('2', 'users', 'id')]);
  const after = before.with([blob('2', 'posts', 'title')]);
  expect(after.byId('2')?.slot).not.toBe(after.byId('1')?.slot);
});

describe('what did not change is shared', () => {
  const wires = [blob('1', 'posts', 'id'), blob('2', 'posts', 'title'), blob('3', 'users', 'id'), link('4', 'posts', 'by', 'users', 'posts'), blob('5', 'tags', 'id')]; // prettier-ignore
  const attrs = Attrs.from(wires);

  test('the whole catalog, if nothing did', () => {
    expect(attrs.replaced(structuredClone(wires))).toBe(attrs);
    expect(attrs.with([structuredClone(wires[1] as WireAttr)])).toBe(attrs);
    expect(attrs.without(new Set(['6']))).toBe(attrs);
    expect(attrs.replaced([...wires].reverse())).not.toBe(attrs);
  });

  test('the other namespaces and attrs, if the types of the values of one have grown', () => {
    const next = attrs.with([{ ...(wires[4] as WireAttr), 'inferred-types': ['string'] }]);
    expect(next.byId('5')?.wire['inferred-types']).toEqual(['string']);
    for (const etype of ['posts', 'users']) expect(next.namespace(etype)).toBe(attrs.namespace(etype));
    expect(next.byId('2')).toBe(attrs.byId('2'));
    expect(next.namespace('tags')).not.toBe(attrs.namespace('tags'));
  });

  test('neither end of a link, if the link has gone', () => {
    const next = attrs.without(new Set(['4']));
    expect([next.reverse('users', 'posts'), next.forward('posts', 'by')]).toEqual([undefined, undefined]);
    expect(attrs.reverse('users', 'posts')?.id).toBe('4');
    expect(next.namespace('tags')).toBe(attrs.namespace('tags'));
  });
});
