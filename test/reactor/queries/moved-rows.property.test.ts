// Rows that pending writes move into other queries, against the data model said plainly: what a query shows of other answers is what the
// server will show of it, and it shows every row of which enough is known.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { it } from 'vitest';

import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import type { Mutation } from '../../../src/reactor/mutations/mutation.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { View } from '../../../src/reactor/queries/view.ts';
import { evaluate, type Triples, valuesOf } from '../../oracle/naive.ts';
import { apply } from '../../oracle/naive-steps.ts';
import { Board, wireAttrs } from '../../support/board.ts';
import { check, patience } from '../../support/runs.ts';

type Row = Readonly<Record<string, unknown>> & { readonly id: string };

const taskIds = ['t1', 't2', 't3', 't4'];
const projectIds = ['p1', 'p2', 'p3'];
const statusArb = fc.constantFrom('open', 'done', 'late');
const rankArb = fc.constantFrom<number | null>(0, 1, 2, null);
const stateArb = fc.constantFrom('live', 'idle');
const maybe = <Type>(arb: fc.Arbitrary<Type>): fc.Arbitrary<Type | undefined> => fc.option(arb, { nil: undefined });
const mode = { mode: 'update' } as const;
const withoutGaps = (fields: object): Record<string, unknown> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)); // prettier-ignore

const taskArb = fc.record({ title: fc.constantFrom('a', 'b'), status: maybe(statusArb), rank: maybe(rankArb), project: maybe(fc.constantFrom(...projectIds)) }); // prettier-ignore
const dataArb = fc.record({
  tasks: fc.tuple(...taskIds.map(() => taskArb.map(withoutGaps))),
  projects: fc.tuple(...projectIds.map(() => fc.record({ name: fc.constantFrom('x', 'y'), state: stateArb }))),
});

const ownCondition = fc.oneof(
  statusArb.map((status) => ({ status })),
  statusArb.map(($not) => ({ status: { $not } })),
  fc.boolean().map(($isNull) => ({ rank: { $isNull } })),
  fc.constantFrom(0, 1).map(($gt) => ({ rank: { $gt } })),
  fc.tuple(statusArb, statusArb).map(([status, other]) => ({ or: [{ status }, { status: other, rank: { $isNull: true } }] })),
);
const farCondition = fc.oneof(
  stateArb.map((state) => ({ 'project.state': state })),
  stateArb.map(($not) => ({ 'project.state': { $not } })),
  fc.constantFrom(...projectIds).map((project) => ({ project })),
  fc.boolean().map(($isNull) => ({ project: { $isNull } })),
);
const whereArb = fc.oneof(
  ownCondition,
  farCondition,
  fc.tuple(ownCondition, farCondition).map(([own, far]) => ({ ...own, ...far })),
);
const queryArb: fc.Arbitrary<WireQuery> = fc.oneof(
  { weight: 4, arbitrary: whereArb.map((where) => ({ tasks: { $: { where } } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where }, project: {} } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where, fields: ['title', 'status'] } } })) },
  { weight: 1, arbitrary: stateArb.map((state) => ({ projects: { $: { where: { state } } } })) },
  { weight: 1, arbitrary: stateArb.map((state) => ({ projects: { $: { where: { state } }, tasks: {} } })) },
  { weight: 1, arbitrary: fc.constantFrom<WireQuery>({ tasks: {} }, { projects: {} }) },
);

const update = (etype: string, id: string, label: string, value: unknown): Step[] => [['add-triple', id, `${etype}.id`, id, mode], ['add-triple', id, `${etype}.${label}`, value, mode]]; // prettier-ignore
const stepsArb: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...taskIds), statusArb).map(([id, status]) => update('tasks', id, 'status', status)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...taskIds), rankArb).map(([id, rank]) => update('tasks', id, 'rank', rank)) },
  { weight: 1, arbitrary: fc.constantFrom(...taskIds).map((id) => update('tasks', id, 'title', 'new')) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...projectIds), stateArb).map(([id, state]) => update('projects', id, 'state', state)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...projectIds)).map(([id, to]): Step[] => [['add-triple', id, 'project', to]]) }, // prettier-ignore
  { weight: 1, arbitrary: fc.constantFrom(...taskIds).map((id): Step[] => [['delete-entity', id, 'tasks']]) },
);
type Event = { readonly write: Step[] } | { readonly refuse: number };
const eventArb: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: stepsArb.map((write) => ({ write })) },
  { weight: 1, arbitrary: fc.nat(5).map((refuse) => ({ refuse })) },
);

const rowsOf = (shown: unknown): readonly Row[] => Object.values((shown ?? {}) as Record<string, readonly Row[]>).flat();
const byId = (shown: unknown): ReadonlyMap<string, Row> => new Map(rowsOf(shown).map((row) => [row.id, row]));

/** Without what other answers tell. */
function alone({ query, view }: LiveQuery, board: Board, writes: readonly Mutation[]): ReadonlyMap<string, Row> {
  const lonely = new View(query, { attrs: board.attrs, now: () => 1000 });
  lonely.setResult({ triples: [...view.baseStore.triples()], pageInfo: undefined, aggregate: undefined });
  lonely.rewrite(writes);
  return byId(lonely.read()?.data);
}

/** Whether an answer shows all fields of the task, and others all of the projects that it is linked with. */
function isKnown(id: string, lives: readonly LiveQuery[], truths: readonly Triples[]): boolean {
  const project = wireAttrs.find((attr) => attr.id === 'project');
  const shows = (etype: string, of: string): boolean =>
    lives.some(({ query, view }) => {
      const options = (query[etype] as { $?: { fields?: unknown } } | undefined)?.$;
      return query[etype] !== undefined && options?.fields === undefined && view.baseStore.row(etype, of)?.value(view.db.attrs.idAttr(etype) as never) === of; // prettier-ignore
    });
  const projects = truths.flatMap((truth) => (project ? valuesOf(truth, id, project) : []));
  return shows('tasks', id) && projects.every((of) => shows('projects', String(of)));
}

/** A write may link a row with an entity that no answer shows: then no query shows it there, as long as the server has not answered. */
function expected(row: Row | undefined, lives: readonly LiveQuery[]): Row | undefined {
  const isKnownIn = (etype: string, { id }: Row): boolean => lives.some(({ view }) => view.baseStore.row(etype, id)?.values[0] === id);
  const nested = (etype: string, rows: unknown): unknown => (rows as readonly Row[]).filter((each) => isKnownIn(etype, each));
  return (
    row && {
      ...row,
      ...(row['project'] !== undefined && { project: nested('projects', row['project']) }),
      ...(row['tasks'] !== undefined && { tasks: nested('tasks', row['tasks']) }),
    }
  );
}

function play(
  data: { tasks: readonly object[]; projects: readonly object[] },
  queries: readonly WireQuery[],
  events: readonly Event[],
): void {
  const named = (ids: readonly string[], rows: readonly object[]) =>
    Object.fromEntries(ids.map((id, at) => [id, rows[at] as Record<string, unknown>]));
  const board = new Board({ projects: named(projectIds, data.projects), tasks: named(taskIds, data.tasks) });
  const lives = [...new Set(queries.map((query) => board.open(query)))];
  const before: Triples = { attrs: wireAttrs, triples: board.triples };
  let writes: Mutation[] = [];
  for (const event of events) {
    if ('write' in event) writes.push(board.write(...event.write));
    else {
      const refused = writes[event.refuse];
      writes = writes.filter((write) => write !== refused);
      if (refused) board.queries.reject(refused.eventId);
    }
    const after = writes.reduce((triples, { steps }) => apply(triples, steps, () => 50), before);
    for (const live of lives) {
      const [shown, truth, own] = [byId(live.view.read()?.data), byId(evaluate(after, live.query)), alone(live, board, writes)];
      const tell = (what: string, id: string): never => {
        throw new Error(`${what} ${id} in ${JSON.stringify(live.query)}: ${JSON.stringify([...shown.values()])}, the server: ${JSON.stringify([...truth.values()])}`); // prettier-ignore
      };
      for (const [id, row] of shown)
        if (!own.has(id) && !isDeepStrictEqual({ ...row }, expected(truth.get(id), lives))) tell('shows wrongly', id);
      for (const id of own.keys()) if (!shown.has(id) && truth.has(id)) tell('takes away', id);
      if (!('tasks' in live.query) || 'project' in (live.query['tasks'] as object)) continue;
      const touched = new Set(writes.flatMap(({ steps }) => steps.map(([, e]) => e)));
      for (const id of truth.keys())
        if (touched.has(id) && !shown.has(id) && isKnown(id, lives, [before, after])) tell('does not show', id);
    }
  }
}

it(
  'a query shows moved rows of other results as the server will, and all whose fields are known',
  () =>
    check(
      fc.property(dataArb, fc.array(queryArb, { minLength: 2, maxLength: 7 }), fc.array(eventArb, { minLength: 1, maxLength: 8 }), play),
      2_000,
    ),
  patience,
);
