// Namespaces, labels and fields called like what every object has: they are names like any other, and no result, and
// nothing outside it, is touched by them.

import { describe, expect, it } from 'vitest';
import { Attrs } from '../../src/db/attrs.ts';
import { merge } from '../../src/db/merge.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { isAffected } from '../../src/query/affected.ts';
import { compile } from '../../src/query/compile.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import type { Query, QueryResult } from '../../src/query/query.ts';
import { evaluate } from '../../src/query/live-result.ts';

const blob = (etype: string, label: string): WireAttr => ({
  id: `${etype}/${label}`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`${etype}/${label}`, etype, label],
  'unique?': false,
  'index?': false,
});

/** `acts` linked with the hostile namespace, both ends of the link called like it, and a value of that name. */
function dataOf(name: string): { attrs: Attrs; triples: Triple[] } {
  const link: WireAttr = {
    id: 'link',
    'value-type': 'ref',
    cardinality: 'many',
    'forward-identity': ['f', 'acts', name],
    'reverse-identity': ['r', name, 'back'],
    'unique?': false,
    'index?': false,
  };
  return {
    attrs: Attrs.from([
      blob('acts', 'id'),
      blob('acts', 'name'),
      blob(name, 'id'),
      blob(name, 'polluted'),
      blob('fans', 'id'),
      blob('fans', name),
      link,
    ]),
    triples: [
      ['a', 'acts/id', 'a', 1],
      ['a', 'acts/name', 'Owls', 1],
      ['a', 'link', 'x', 1],
      ['x', `${name}/id`, 'x', 1],
      ['x', `${name}/polluted`, 'yes', 1],
      ['f', 'fans/id', 'f', 1],
      ['f', `fans/${name}`, { polluted: 'yes' }, 1],
    ],
  };
}

const query = (text: string): Query => JSON.parse(text) as Query;

describe.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])('%s', (name) => {
  const { attrs, triples } = dataOf(name);
  const store = new Store(attrs, { times: true });
  store.load(triples);

  it.each([
    ['as a namespace', `{"${name}":{"back":{}}}`],
    ['as a page', `{"${name}":{"$":{"limit":1,"order":{"polluted":"asc"}}}}`],
    ['as a nested label', `{"acts":{"${name}":{}}}`],
    ['on a path', `{"acts":{"$":{"where":{"${name}.polluted":"yes"}}}}`],
    ['as a field', `{"fans":{"$":{"fields":["${name}"]}}}`],
    ['as an order', `{"fans":{"$":{"order":{"${name}":"asc"}}}}`],
    ['as an operator', `{"acts":{"$":{"where":{"name":{"${name}":1}}}}}`],
    ['as something unknown', `{"fans":{"unknown":{"${name}":{}}}}`],
  ])('%s', (_what, text) => {
    const compiled = compile(query(text), attrs);
    const answer = answerQuery(compiled, store);
    const client = new Store(attrs);
    client.load(answer.triples);
    const result = evaluate(compiled, client, answer);
    expect(JSON.stringify(result)).toBe(JSON.stringify(evaluate(compiled, store, answer)));
    expect(isAffected(compiled, new Map([['acts', new Map()]]), store)).toBe(false);
    everyObject(result, (object) => expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(object)));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('is shown like any other', () => {
    const shown = (text: string): QueryResult => evaluate(compile(query(text), attrs), store);
    expect(JSON.stringify(shown(`{"${name}":{}}`).data)).toBe(`{"${name}":[{"id":"x","polluted":"yes"}]}`);
    expect(JSON.stringify(shown(`{"acts":{"${name}":{}}}`).data)).toBe(
      `{"acts":[{"id":"a","name":"Owls","${name}":[{"id":"x","polluted":"yes"}]}]}`,
    );
  });
});

describe('values that cannot be converted to text', () => {
  const odd = ['{"toString":false}', '{"valueOf":1,"toString":{}}', '[[{"toString":null}]]', '{}', '[]', '[2,10]', '1', '"1"'];
  const store = new Store(Attrs.from([blob('acts', 'id'), blob('acts', 'extra')]), { times: true });
  store.load(
    odd.flatMap((text, at): Triple[] => [
      [`e${at}`, 'acts/id', `e${at}`, 1],
      [`e${at}`, 'acts/extra', JSON.parse(text), 1],
    ]),
  );
  const shown = (options: object): unknown =>
    evaluate(compile({ acts: { $: options } }, store.attrs), store).data.acts?.map((row) => (row as { extra: unknown }).extra);
  const parsed = (texts: readonly string[]): unknown[] => texts.map((text) => JSON.parse(text) as unknown);

  it('are sorted', () => {
    const inOrder = parsed([
      '1',
      '[]',
      '[2,10]',
      '{"toString":false}',
      '{"valueOf":1,"toString":{}}',
      '[[{"toString":null}]]',
      '{}',
      '"1"',
    ]);
    expect(shown({ order: { extra: 'asc' } })).toEqual(inOrder);
    expect(shown({ order: { extra: 'desc' } })).toEqual(inOrder.reverse());
  });

  it('are compared with a bound', () => {
    expect(shown({ where: { extra: { $gt: 0 } } })).toEqual(parsed(['1', '"1"']));
    expect(shown({ where: { extra: { $gte: '[' } } })).toHaveLength(4);
    expect(shown({ where: { extra: { $lt: { toString: 1 } } } })).toEqual(parsed(['[]', '[2,10]', '"1"']));
  });

  it('are merged', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":null,"k":1},"constructor":{"name":null}}') as object;
    expect(JSON.stringify(merge({ k: 0 }, patch))).toBe('{"k":0,"__proto__":{"polluted":null,"k":1},"constructor":{"name":null}}');
  });
});

function everyObject(value: unknown, visit: (object: object) => void): void {
  if (typeof value !== 'object' || value === null) return;
  visit(value);
  for (const key of Object.keys(value)) everyObject((value as Record<string, unknown>)[key], visit);
}
