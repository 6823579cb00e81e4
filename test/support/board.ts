// The live queries of one client over the data of a board of tasks, and a server that answers them when it is asked to.

import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { WireQuery } from '../../src/protocol/query-messages.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { writeResult } from '../../src/protocol/query-result.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { compile } from '../../src/query/compile.ts';
import { answerQuery } from '../../src/query/result-triples.ts';
import type { Mutation } from '../../src/reactor/mutations/mutation.ts';
import { LiveQueries } from '../../src/reactor/queries/live-queries.ts';
import type { LiveQuery } from '../../src/reactor/queries/live-query.ts';
import { openQuery } from './live-queries.ts';

const blob = (etype: string, label: string, more: Partial<WireAttr> = {}): WireAttr => ({
  id: `${etype}.${label}`,
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': [`${etype}.${label}`, etype, label],
  'unique?': label === 'id',
  'index?': false,
  ...more,
});
const link = (id: string, from: string, label: string, to: string, back: string, cardinality: 'one' | 'many'): WireAttr => ({
  ...{ id, 'value-type': 'ref', cardinality, 'unique?': false, 'index?': false },
  ...{ 'forward-identity': [`f-${id}`, from, label], 'reverse-identity': [`r-${id}`, to, back] },
});

export const wireAttrs: readonly WireAttr[] = [
  ...['id', 'title', 'status', 'rank'].map((label) => blob('tasks', label)),
  ...['id', 'name', 'state'].map((label) => blob('projects', label)),
  ...['id', 'name'].map((label) => blob('users', label)),
  ...['tasks', 'projects'].map((etype) => blob(etype, 'slug', { 'unique?': true })),
  link('project', 'tasks', 'project', 'projects', 'tasks', 'one'),
  link('parent', 'tasks', 'parent', 'tasks', 'children', 'one'),
  link('labels', 'projects', 'members', 'users', 'projects', 'many'),
];

export type Fields = Readonly<Record<string, unknown>>;

/** A server with some data, and the live queries of one client. */
export class Board {
  readonly attrs = Attrs.from(wireAttrs);
  readonly queries = new LiveQueries(this.attrs, { now: () => 1000, monotonicNow: () => 0 });
  readonly truth = new Store(this.attrs);
  readonly triples: Triple[] = [];
  #count = 0;
  txId = 1;

  constructor(data: Readonly<Record<string, Readonly<Record<string, Fields>>>>) {
    let t = 1;
    for (const [etype, rows] of Object.entries(data)) {
      for (const [id, fields] of Object.entries(rows)) {
        t += 1;
        this.triples.push([id, `${etype}.id`, id, t]);
        for (const [label, value] of Object.entries(fields)) {
          const attr = this.attrs.forward(etype, label);
          for (const one of attr?.isRef && Array.isArray(value) ? value : [value]) this.triples.push([id, attr?.id ?? '', one, t]);
        }
      }
    }
    this.truth.load(this.triples);
  }

  open(query: WireQuery): LiveQuery {
    const live = openQuery(this.queries, query, `q${this.#count++}`);
    this.answer(live);
    return live;
  }

  /** Not answered yet. */
  openLocally(query: WireQuery): LiveQuery {
    const live = openQuery(this.queries, query, `q${this.#count++}`);
    this.queries.hydrateLocally(live);
    return live;
  }

  answer({ query }: LiveQuery, txId = this.txId): void {
    const result = writeResult(answerQuery(compile(query, this.attrs), this.truth));
    this.queries.applyResult({ op: 'add-query-ok', q: query, result, 'processed-tx-id': txId });
  }

  write(...steps: Step[]): Mutation {
    const order = ++this.#count;
    const write: Mutation = { eventId: `w${order}`, order, steps, owner: '', createdMs: 0, state: 'pending', sends: 0 };
    this.queries.add(write);
    return write;
  }

  update(etype: string, id: string, fields: Fields): Mutation {
    const mode = { mode: 'update' } as const;
    const sets = Object.entries(fields).map(([label, value]): Step => ['add-triple', id, `${etype}.${label}`, value, mode]);
    return this.write(['add-triple', id, `${etype}.id`, id, mode], ...sets);
  }
}

export const shown = (live: LiveQuery): unknown => live.view.read()?.data;
export const ids = (live: LiveQuery, etype = 'tasks'): unknown[] =>
  (live.view.read()?.data[etype] ?? []).map((row) => (row as { id: string }).id);
