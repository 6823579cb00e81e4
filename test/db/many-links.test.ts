// What a change costs where a row has very many links, or a value very many holders: it is counted, not timed.

import { afterEach, expect, test, vi } from 'vitest';
import { applySteps } from '../../src/db/apply.ts';
import { Attrs, type KnownAttr } from '../../src/db/attrs.ts';
import { Layer } from '../../src/db/layer.ts';
import { eachDifference } from '../../src/db/links.ts';
import type { Row } from '../../src/db/row.ts';
import { Store } from '../../src/db/store.ts';
import { timesAfter } from '../../src/db/times.ts';
import { ValueIndex } from '../../src/db/value-index.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import type { SyncChange } from '../../src/protocol/sync-table-messages.ts';
import { completed } from '../../src/lib/yielding.ts';
import { applyChangesSteps } from '../../src/server/data/apply-changes.ts';
import { deleteSteps } from '../../src/server/data/delete-steps.ts';
import { serverActor } from '../../src/server/data/system-rules.ts';
import { tripleChangeSteps } from '../../src/server/data/triple-changes.ts';
import { blob, link } from '../server/bench.ts';

const [hubId, kidId] = [blob('hubs', 'id'), blob('kids', 'id')];
const kids = link('hubs', 'kids', 'kids', 'hub');
const attrs = Attrs.from([hubId, kidId, kids] as unknown as readonly WireAttr[]);
const many = 2000;
const ids = Array.from({ length: many }, (_, n) => `kid ${n}`);
const options = { now: () => 7, times: timesAfter };

afterEach(() => void vi.restoreAllMocks());

/** A hub with all the kids, stored at time 1. */
function hub(): Store {
  const store = new Store(attrs, { times: true });
  store.load([['hub', hubId.id, 'hub', 1], ...ids.map((id): Triple => ['hub', kids.id, id, 1])]);
  return store;
}

/** How many elements `Array.indexOf` looks at meanwhile. */
function searched(run: () => void): number {
  let looked = 0;
  const { indexOf } = Array.prototype;
  vi.spyOn(Array.prototype, 'indexOf').mockImplementation(function (this: unknown[], sought: unknown, from = 0) {
    const at = indexOf.call(this, sought, from);
    looked += (at < 0 ? this.length : at + 1) - from;
    return at;
  });
  run();
  vi.restoreAllMocks();
  return looked;
}

test('one link more, or one less, of a row with many looks at each of them once', () => {
  const layer = new Layer(hub());
  const run = (step: Step) => searched(() => applySteps(layer, [step], options));
  expect(run(['add-triple', 'hub', kids.id, 'one more'])).toBeLessThan(3 * many);
  expect(run(['retract-triple', 'hub', kids.id, 'kid 3'])).toBeLessThan(3 * many);
  const row = layer.row('hubs', 'hub');
  const kidsAttr = attrs.forward('hubs', 'kids');
  if (!row || !kidsAttr) throw new Error('the hub is gone');
  expect(row.targets(kidsAttr)).toEqual([...ids.filter((id) => id !== 'kid 3'), 'one more']);
  expect(row.times?.[kidsAttr.slot]).toEqual([...Array<number>(many - 1).fill(1), 7]);
});

test('the holders of one value are removed in time that grows with their number, in whatever order', () => {
  const index = new ValueIndex();
  for (const id of ids) index.add('same', id);
  const cost = searched(() => {
    for (const id of ids.slice(10).reverse()) index.remove('same', id);
    index.add('same', 'new');
    index.remove('same', 'kid 0');
    index.remove('same', 'unknown');
  });
  expect(cost).toBeLessThan(3 * many);
  expect([...index.get('same')].sort()).toEqual([...ids.slice(1, 10), 'new']);
  for (const id of [...index.get('same')]) index.remove('same', id);
  expect(index.get('same')).toEqual([]);
});

test('entities that are deleted with what they belong to are taken from a row with many links all at once', () => {
  const store = new Store(
    Attrs.from([hubId, kidId, kids, link('kids', 'box', 'boxes', 'kids', { cardinality: 'one', 'on-delete': 'cascade' })] as never),
  );
  const [, , , box] = store.attrs.list;
  if (!box) throw new Error('there is no box');
  const ofKid = (id: string): Triple[] => [
    [id, kidId.id, id, 1],
    [id, box.id, 'box', 1],
    ['hub', kids.id, id, 1],
  ];
  store.load([['hub', hubId.id, 'hub', 1], ...ids.flatMap(ofKid)]);
  const layer = new Layer(store);
  const set = vi.spyOn(layer, 'set');
  const context = { actor: serverActor, now: () => 7, accesses: [] };
  completed(deleteSteps(layer, { etype: 'boxes', id: 'box' }, context));
  expect(set).toHaveBeenCalledTimes(1);
  expect([...layer.rows('kids')]).toEqual([]);
});

test('what differs between two long lists of links is told: first what is gone, then what is new', () => {
  const told: string[] = [];
  eachDifference(['a', ...ids, 'b', 'z'], ['a', 'c', ...ids.slice(1), 'd', 'z'], (id, isGone) => told.push(`${isGone ? '-' : '+'}${id}`));
  expect(told).toEqual(['-kid 0', '-b', '+c', '+d']);
  told.length = 0;
  eachDifference(ids, undefined, (id, isGone) => told.push(`${isGone ? '-' : '+'}${id}`));
  expect(told).toEqual(ids.map((id) => `-${id}`));
});

test('a change of one link of many is found without a text of each, and many changes of one row make one new row', () => {
  const layer = new Layer(hub());
  applySteps(layer, [['add-triple', 'hub', kids.id, 'one more']], options);
  const stringify = vi.spyOn(JSON, 'stringify');
  const steps = tripleChangeSteps(layer.takeChangeSet(), attrs, []);
  const { value } = steps.next();
  expect(stringify.mock.calls.length).toBeLessThan(10);
  expect(value).toEqual([{ action: 'added', triple: ['hub', kids.id, 'one more', 7] }]);

  const other = new Layer(hub());
  const put = vi.spyOn(other, 'put');
  const added = ids.map((id): SyncChange => ({ action: 'added', triple: ['hub', kids.id, `new ${id}`, 9] }));
  const removed = ids.slice(1).map((id): SyncChange => ({ action: 'removed', triple: ['hub', kids.id, id, 1] }));
  completed(applyChangesSteps(other, [...added, ...removed], []));
  expect(put).toHaveBeenCalledTimes(1);
  const kidsAttr = attrs.forward('hubs', 'kids');
  if (!kidsAttr) throw new Error('there is no link');
  const row = other.row('hubs', 'hub');
  expect(row?.targets(kidsAttr)).toEqual(['kid 0', ...ids.map((id) => `new ${id}`)]);
  expect(row?.times?.[kidsAttr.slot]).toEqual([1, ...Array<number>(many).fill(9)]);
});

test('a new attr leaves the indexes and the orders as they are; an attr that changes has its index made anew', () => {
  const name = blob('kids', 'name', { 'index?': true }) as unknown as WireAttr;
  const store = new Store(Attrs.from([hubId, kidId, name] as unknown as readonly WireAttr[]));
  store.load(
    ids.flatMap((id): Triple[] => [
      [id, kidId.id, id, 1],
      [id, name.id, 'same', 1],
    ]),
  );
  const add = vi.spyOn(ValueIndex.prototype, 'add');
  const byId = (a: Row, b: Row): number => (a.id < b.id ? -1 : 1);
  const holders = (): readonly string[] => store.holders(store.attrs.byId(name.id) as KnownAttr, 'same');
  expect(holders()).toEqual(ids);
  for (let time = 0; time < 2; time++) store.sorted('kids', 'by id', byId);
  expect(add).toHaveBeenCalledTimes(many);
  store.setAttrs(store.attrs.with([kids as unknown as WireAttr]));
  expect(holders()).toEqual(ids);
  const compare = vi.fn(byId);
  expect(store.sorted('kids', 'by id', compare)).toHaveLength(many);
  expect([add.mock.calls.length, compare.mock.calls.length]).toEqual([many, 0]);
  store.setAttrs(store.attrs.with([{ ...name, 'unique?': true }]));
  expect(holders()).toEqual(ids);
  expect(add).toHaveBeenCalledTimes(2 * many);
});
