// Random traces of what happens to one live query: answers, writes, refusals, changes of the catalogue. Played on the
// View and on the naive evaluation side by side; after each step both must show the same.

import { isDeepStrictEqual } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import { Attrs } from '../../src/db/attrs.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Cursor, PageInfo } from '../../src/protocol/query-result.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import type { PendingMutation } from '../../src/reactor/queries/pending-in-view.ts';
import { View } from '../../src/reactor/queries/view.ts';
import { plain } from '../support/vectors.ts';
import { dataArb, linkIndexOf, queryArb, type World, worldArb } from './generate.ts';
import { attrStepArb, stepsArb } from './generate-steps.ts';
import { evaluate, type Triples, sortOf } from './naive.ts';
import { apply } from './naive-steps.ts';

/** `at`: which pending write, counted modulo how many there are. */
export type Event =
  | { readonly kind: 'answer'; readonly keep: number; readonly page: number }
  | { readonly kind: 'settle'; readonly keep: number; readonly page: number }
  | { readonly kind: 'write'; readonly steps: readonly Step[]; readonly isLate: boolean }
  | { readonly kind: 'refuse' | 'confirm'; readonly at: number }
  | { readonly kind: 'remote'; readonly steps: readonly Step[] }
  | { readonly kind: 'rewrite'; readonly keep: number }
  | { readonly kind: 'attrs'; readonly step: Step | undefined; readonly isKin: boolean };

export interface Trace {
  readonly world: World;
  readonly query: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly data: readonly Triple[];
  readonly happenings: readonly (Event & { readonly isRead: boolean })[];
}

function eventArb(world: World): Arbitrary<Event & { readonly isRead: boolean }> {
  const keep = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 0x7fffffff }));
  const page = fc.nat(255);
  const at = fc.nat(7);
  const steps = stepsArb(world);
  const kinds: { weight: number; arbitrary: Arbitrary<Event> }[] = [
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), keep, page }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), keep, page }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), steps, isLate: fc.nat(7).map((n) => n === 7) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('refuse' as const, 'confirm' as const), at }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remote' as const), steps }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewrite' as const), keep }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('attrs' as const),
        step: fc.option(attrStepArb(world), { nil: undefined, freq: 2 }),
        isKin: fc.boolean(),
      }),
    },
  ];
  return fc.tuple(fc.oneof(...kinds), fc.nat(9)).map(([event, n]) => ({ ...event, isRead: n < 9 }));
}

export const traceArb: Arbitrary<Trace> = worldArb.chain((world) =>
  fc.record({
    world: fc.constant(world),
    query: queryArb(world),
    data: dataArb(world),
    happenings: fc.array(eventArb(world), { minLength: 1, maxLength: 12 }),
  }),
);

/** One run of a trace. */
export class Play {
  readonly #trace: Trace;
  readonly #view: View;
  #catalog: Attrs;
  #server: Triples;
  #clock = 10;
  #pending: PendingMutation[] = [];
  readonly #confirmed = new Set<string>();
  #result: { readonly triples: readonly Triple[]; readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined } | undefined;
  #seen: unknown;
  #mayBeNew = false;
  #count = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#catalog = Attrs.from(trace.world.attrs);
    this.#server = { attrs: trace.world.attrs, triples: trace.data };
    this.#view = new View(trace.query, { attrs: this.#catalog, links: linkIndexOf(trace.world), now: () => 1000 });
  }

  run(): void {
    this.#happen({ kind: 'answer', keep: -1, page: 0 });
    this.#check();
    for (const event of this.#trace.happenings) {
      this.#happen(event);
      if (event.isRead) this.#check();
    }
    this.#check();
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case 'answer':
        return this.#takeResult(event.keep, event.page);
      case 'settle':
        this.#takeResult(event.keep, event.page);
        for (const eventId of this.#confirmed) this.#drop(eventId);
        return this.#confirmed.clear();
      case 'write':
        return this.#write(event.steps, event.isLate);
      case 'refuse':
        return this.#drop(this.#pick(event.at)?.eventId);
      case 'confirm':
        return this.#confirm(this.#pick(event.at));
      case 'remote':
        return this.#commit(event.steps);
      case 'rewrite':
        this.#pending = this.#pending.filter((_, at) => isStored(event.keep, at));
        this.#mayBeNew ||= true;
        return this.#view.pending.rewrite([...this.#pending].reverse());
      case 'attrs':
        return this.#changeAttrs(event.step, event.isKin);
    }
  }

  #takeResult(keep: number, page: number): void {
    const sent = this.#server.triples.filter((_, at) => isStored(keep, at));
    const pageInfo = pagesOf(this.#server, this.#trace.query, page);
    this.#result = { triples: sent.filter(([, a]) => known(this.#catalog, a)), pageInfo };
    this.#view.setResult({ triples: sent, pageInfo, aggregate: undefined });
  }

  #write(steps: readonly Step[], isLate: boolean): void {
    const order = this.#count++ + (isLate ? -3.5 : 0);
    const write = { eventId: `w${this.#count}`, order, steps };
    this.#pending = [...this.#pending, write].sort((a, b) => a.order - b.order);
    this.#mayBeNew ||= hasAttrStep(steps) || (isLate && this.#pending.some((other) => hasAttrStep(other.steps)));
    this.#view.pending.add(write);
  }

  #drop(eventId: string | undefined): void {
    const gone = this.#pending.find((write) => write.eventId === eventId);
    if (!gone) return;
    this.#pending = this.#pending.filter((write) => write !== gone);
    this.#mayBeNew ||= hasAttrStep(gone.steps);
    this.#view.pending.drop([gone.eventId]);
  }

  #confirm(write: PendingMutation | undefined): void {
    if (!write || this.#confirmed.has(write.eventId)) return;
    this.#confirmed.add(write.eventId);
    this.#commit(write.steps);
  }

  #commit(steps: readonly Step[]): void {
    this.#server = apply(this.#server, steps, () => this.#clock++);
  }

  #changeAttrs(step: Step | undefined, isRelated: boolean): void {
    const before = this.#catalog;
    const wire = before.list.map((attr) => attr.wire);
    const list = step ? apply({ attrs: wire, triples: [] }, [step], () => 0).attrs : this.#server.attrs;
    this.#catalog = isRelated ? this.#catalog.replaced(list) : Attrs.from(list);
    if (!isRelated && this.#result)
      this.#result = { ...this.#result, triples: this.#result.triples.filter(([, a]) => known(before, a) && known(this.#catalog, a)) };
    this.#mayBeNew = true;
    this.#view.setAttrs(this.#catalog);
  }

  #check(): void {
    const shown = this.#view.read();
    const expected = this.#expected();
    if (!isDeepStrictEqual(plain(shown), plain(expected))) throw new Error(`shown: ${text(shown)}\nexpected: ${text(expected)}`);
    if (!this.#mayBeNew) checkIdentity(this.#seen, shown, 'result');
    if (this.#view.read() !== shown) throw new Error('read twice, not the same object');
    freeze(shown);
    this.#seen = shown;
    this.#mayBeNew = false;
  }

  #expected(): unknown {
    if (!this.#result) return undefined;
    const { triples, pageInfo } = this.#result;
    let time = 1_000_000;
    const start: Triples = { attrs: this.#catalog.list.map((attr) => attr.wire), triples };
    const facts = this.#pending.reduce((before, { steps }) => apply(before, steps, () => time++), start);
    const data = evaluate(facts, this.#trace.query, { pageInfo, singular: this.#trace.world.singular });
    return { data, ...(pageInfo && { pageInfo }) };
  }

  #pick(at: number): PendingMutation | undefined {
    return this.#pending[at % (this.#pending.length || 1)];
  }
}

const known = (attrs: Attrs, attrId: string): boolean => attrs.byId(attrId) !== undefined;
const isStored = (keep: number, at: number): boolean => keep === -1 || ((keep >> (at % 31)) & 1) === 1;
const hasAttrStep = (steps: readonly Step[]): boolean => steps.some(([op]) => op.endsWith('-attr'));
const text = (value: unknown): string => JSON.stringify(value, undefined, 1);

/** Some page for every form that has one; which, does not matter to a client. */
function pagesOf(triples: Triples, query: Trace['query'], page: number): Record<string, PageInfo> | undefined {
  const pages = Object.entries(query).flatMap(([etype, shape]): [string, PageInfo][] => {
    const options = (shape['$'] ?? {}) as Record<string, Record<string, string>>;
    if (!['order', 'limit', 'last', 'offset'].some((name) => options[name])) return [];
    const cursor = (at: number): Cursor | null => (at === 7 ? null : cursorAt(triples, etype, options, at));
    return [[etype, { startCursor: cursor(page & 7), endCursor: cursor((page >> 4) & 7), hasNextPage: page > 127, hasPreviousPage: true }]];
  });
  return pages.length > 0 ? Object.fromEntries(pages) : undefined;
}

/** The place of one of the entities, be it there or not, in the order of a form. */
export function cursorAt(triples: Triples, etype: string, options: Readonly<Record<string, unknown>>, at: number): Cursor | null {
  const attr = orderAttr(triples.attrs, etype, (options['order'] ?? {}) as Record<string, string>);
  if (!attr) return null;
  const id = `e${(at % 5) + 1}`;
  const key = sortOf(triples, etype, options).key(id);
  const v = triples.triples.find(([e, a]) => e === id && a === attr)?.[2] ?? null;
  return [id, attr, v, typeof key === 'number' ? key : 0];
}

function orderAttr(attrs: readonly WireAttr[], etype: string, order: Record<string, string>): string | undefined {
  const ofLabel = (label: string): WireAttr | undefined =>
    attrs.find(({ 'forward-identity': identity }) => identity[1] === etype && identity[2] === label);
  return (ofLabel(Object.keys(order)[0] ?? 'id') ?? ofLabel('id'))?.id;
}

/** What says the same as before must be the same object; rows are known by their id. */
export function checkIdentity(before: unknown, after: unknown, path: string): void {
  if (before === after || typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return;
  if (path === 'result.pageInfo') return;
  if (path !== 'result.data' && isDeepStrictEqual(before, after))
    throw new Error(`${path} says the same, yet is another object: ${text(after)}`);
  if (Array.isArray(before) && Array.isArray(after)) {
    const held = new Map(before.map((row: { id: string }) => [row.id, row]));
    for (const row of after as { id: string }[]) checkIdentity(held.get(row.id), row, `${path}[${row.id}]`);
    return;
  }
  if ((before as { id?: unknown }).id !== (after as { id?: unknown }).id) return;
  for (const [key, item] of Object.entries(after)) {
    if (path === 'result' || isRowOrList(item)) checkIdentity((before as Record<string, unknown>)[key], item, `${path}.${key}`);
  }
}

/** Not a value of a row: those come from outside. */
function isRowOrList(item: unknown): boolean {
  if (Array.isArray(item)) return item.length > 0 && item.every(isRowOrList);
  return typeof item === 'object' && item !== null && typeof (item as { id?: unknown }).id === 'string';
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}
