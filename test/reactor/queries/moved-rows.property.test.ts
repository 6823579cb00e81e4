// Rows that pending writes move into other queries, against the data model said plainly: what a query shows of other answers is what the
// server will show of it, and it shows every row of which enough is known.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { it } from 'vitest';

import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { looksUp } from '../../../src/reactor/mutations/write-set.ts';
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

const taskArb = (slug: string) => fc.record({ title: fc.constantFrom('a', 'b'), status: maybe(statusArb), rank: maybe(rankArb), project: maybe(fc.constantFrom(...projectIds)), parent: maybe(fc.constantFrom(...taskIds)), slug: fc.constant(slug) }); // prettier-ignore
const dataArb = fc.record({
  tasks: fc.tuple(...taskIds.map((id) => taskArb(id).map(withoutGaps))),
  projects: fc.tuple(...projectIds.map((slug) => fc.record({ name: fc.constantFrom('x', 'y'), state: stateArb, slug: fc.constant(slug) }))),
});

const ownCondition = fc.oneof(
  statusArb.map((status) => ({ status })),
  statusArb.map(($not) => ({ status: { $not } })),
  fc.boolean().map(($isNull) => ({ rank: { $isNull } })),
  fc.constantFrom(0, 1).map(($gt) => ({ rank: { $gt } })),
  fc.constantFrom<object>({ flag: true }, { flag: { $not: true } }, { flag: { $isNull: true } }).map((flag) => ({ ...flag })),
  fc.tuple(statusArb, statusArb).map(([status, other]) => ({ or: [{ status }, { status: other, rank: { $isNull: true } }] })),
  fc.tuple(statusArb, statusArb).map(($in) => ({ status: { $in } })),
  fc.tuple(statusArb, fc.constantFrom(0, 1)).map(([$not, $lt]) => ({ and: [{ status: { $not } }, { rank: { $lt } }] })),
  fc.constantFrom('a%', '%e%', '_').map(($like) => ({ title: { $like } })),
);
const farCondition = fc.oneof(
  stateArb.map((state) => ({ 'project.state': state })),
  stateArb.map(($not) => ({ 'project.state': { $not } })),
  fc.constantFrom(...projectIds).map((project) => ({ project })),
  fc.boolean().map(($isNull) => ({ project: { $isNull } })),
  fc.boolean().map(($isNull) => ({ children: { $isNull } })),
  fc.boolean().map(($isNull) => ({ parent: { $isNull } })),
  fc.boolean().map(($isNull) => ({ 'parent.rank': { $isNull } })),
  fc.boolean().map(($isNull) => ({ 'children.rank': { $isNull } })),
  statusArb.map(($not) => ({ 'parent.status': { $not } })),
  statusArb.map(($not) => ({ 'children.status': { $not } })),
  fc.tuple(statusArb, statusArb).map(([status, other]) => ({ or: [{ status }, { 'parent.status': other }] })),
  stateArb.map((state) => ({ 'parent.project.state': state })),
);
const projectCondition = fc.oneof(
  stateArb.map((state) => ({ state })),
  fc.boolean().map(($isNull) => ({ tasks: { $isNull } })),
  fc.boolean().map(($isNull) => ({ 'tasks.id': { $isNull } })),
  statusArb.map(($not) => ({ 'tasks.status': { $not } })),
);
const whereArb = fc.oneof(
  ownCondition,
  farCondition,
  fc.tuple(ownCondition, farCondition).map(([own, far]) => ({ ...own, ...far })),
);
const cutArb = fc.tuple(
  fc.constantFrom({ limit: 1 }, { limit: 2 }, { first: 2 }, { last: 2 }),
  fc.constantFrom<object>({}, { order: { rank: 'asc' } }, { order: { rank: 'desc' } }, { order: { title: 'asc' } }, { order: { serverCreatedAt: 'desc' } }), // prettier-ignore
);
const queryArb: fc.Arbitrary<WireQuery> = fc.oneof(
  { weight: 4, arbitrary: whereArb.map((where) => ({ tasks: { $: { where } } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where }, project: {} } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where }, parent: {} } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where }, children: {} } })) },
  { weight: 1, arbitrary: whereArb.map((where) => ({ tasks: { $: { where, fields: ['title', 'status'] } } })) },
  { weight: 2, arbitrary: projectCondition.map((where) => ({ projects: { $: { where } } })) },
  { weight: 1, arbitrary: stateArb.map((state) => ({ projects: { $: { where: { state } }, tasks: {} } })) },
  { weight: 1, arbitrary: fc.tuple(fc.option(whereArb, { nil: {} }), cutArb).map(([where, [cut, order]]) => ({ tasks: { $: { where, ...cut, ...order } } })) }, // prettier-ignore
  { weight: 1, arbitrary: fc.constantFrom<WireQuery>({ tasks: {} }, { projects: {} }) },
);

const some = fc.array(queryArb, { minLength: 2, maxLength: 7 });
const queriesArb = fc.oneof(
  some,
  some.map((queries) => [...queries, { tasks: {} }, { projects: {} }]),
);

const update = (etype: string, id: string, label: string, value: unknown): Step[] => [['add-triple', id, `${etype}.id`, id, mode], ['add-triple', id, `${etype}.${label}`, value, mode]]; // prettier-ignore
/** The server does not know it: the writes make it. */
const flag: WireAttr = { id: 'tasks.flag', 'value-type': 'blob', cardinality: 'one', 'forward-identity': ['f-flag', 'tasks', 'flag'], 'unique?': false, 'index?': false }; // prettier-ignore
const slugs = taskIds.flatMap((id) => [id, id, `${id}b`]);
const stepsArb: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...taskIds), statusArb).map(([id, status]) => update('tasks', id, 'status', status)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...taskIds), rankArb).map(([id, rank]) => update('tasks', id, 'rank', rank)) },
  { weight: 1, arbitrary: fc.constantFrom(...taskIds).map((id) => update('tasks', id, 'title', 'new')) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...projectIds), stateArb).map(([id, state]) => update('projects', id, 'state', state)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...projectIds)).map(([id, to]): Step[] => [['add-triple', id, 'project', to]]) }, // prettier-ignore
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...projectIds)).map(([id, to]): Step[] => [['retract-triple', id, 'project', to]]) }, // prettier-ignore
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...taskIds)).map(([id, to]): Step[] => [['add-triple', id, 'parent', to]]) }, // prettier-ignore
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...taskIds)).map(([id, to]): Step[] => [['retract-triple', id, 'parent', to]]) }, // prettier-ignore
  { weight: 1, arbitrary: fc.constantFrom(...taskIds).map((id): Step[] => [['delete-entity', id, 'tasks']]) },
  { weight: 1, arbitrary: fc.constantFrom(...projectIds).map((id): Step[] => [['delete-entity', id, 'projects']]) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.boolean()).map(([id, value]): Step[] => [['add-attr', flag], ...update('tasks', id, 'flag', value)]) }, // prettier-ignore
);
/** The same, of a row that is named by its value. */
const named = (id: string, etype = 'tasks'): never => [`${etype}.slug`, id] as never;
const namedArb: fc.Arbitrary<Step[]> = fc.oneof(
  fc.tuple(fc.constantFrom(...slugs), statusArb).map(([id, status]) => update('tasks', named(id), 'status', status)),
  fc.tuple(fc.constantFrom(...slugs), statusArb).map(([id, status]): Step[] => [['add-triple', named(id), 'tasks.id', named(id)], ['add-triple', named(id), 'tasks.status', status]]), // prettier-ignore
  fc.tuple(fc.constantFrom(...slugs), fc.constantFrom(...projectIds)).map(([id, to]): Step[] => [['add-triple', named(id), 'project', named(to, 'projects')]]), // prettier-ignore
  fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...projectIds)).map(([id, to]): Step[] => [['add-triple', id, 'project', named(to, 'projects')]]), // prettier-ignore
  fc.constantFrom(...slugs).map((id): Step[] => [['delete-entity', named(id), 'tasks']]),
  fc.constantFrom(...taskIds).chain((id) => fc.constantFrom(id, `${id}b`).map((slug) => update('tasks', id, 'slug', slug))),
);
type Event = { readonly write: Step[] } | { readonly refuse: number };
const eventArb: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: stepsArb.map((write) => ({ write })) },
  { weight: 2, arbitrary: namedArb.map((write) => ({ write })) },
  { weight: 1, arbitrary: fc.nat(5).map((refuse) => ({ refuse })) },
);

const rowsOf = (shown: unknown): readonly Row[] => Object.values((shown ?? {}) as Record<string, readonly Row[]>).flat();
const byId = (shown: unknown): ReadonlyMap<string, Row> => new Map(rowsOf(shown).map((row) => [row.id, row]));

/** Without what other answers tell. */
function alone({ query, view }: LiveQuery, board: Board, writes: readonly Mutation[]): ReadonlyMap<string, Row> {
  const lonely = new View(query, { attrs: board.attrs, now: () => 1000 });
  lonely.setResult({ triples: [...view.baseStore.triples()], pageInfo: undefined, aggregate: undefined });
  lonely.pending.rewrite(writes);
  return byId(lonely.read()?.data);
}

/** Whether an answer shows all fields of the task, and others all of the projects that it is linked with. */
function isKnown(id: string, lives: readonly LiveQuery[], truths: readonly Triples[], board: Board): boolean {
  const project = wireAttrs.find((attr) => attr.id === 'project');
  const shows = (etype: string, of: string): boolean =>
    lives.some((live) => {
      const options = (live.query[etype] as { $?: { fields?: unknown } } | undefined)?.$;
      return options?.fields === undefined && live.query[etype] !== undefined && alone(live, board, []).has(of);
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
      ...(row['parent'] !== undefined && { parent: nested('tasks', row['parent']) }),
      ...(row['children'] !== undefined && { children: nested('tasks', row['children']) }),
    }
  );
}

const of = ({ triples }: Triples, id: string): unknown => triples.filter(([e]) => e === id);

/** Whether other results contain all there is. */
const knowsAll = (queries: readonly WireQuery[]): boolean =>
  ['tasks', 'projects'].every((etype) => queries.some((query) => isDeepStrictEqual(query, { [etype]: {} })));

/** Whether a step names an entity by a value that no result contains, and no write sets on a row of one. */
function namesUnknown([, ...parts]: Step, lives: readonly LiveQuery[], writes: readonly Mutation[]): boolean {
  const isShown = (id: unknown): boolean => lives.some(({ view }) => view.baseStore.hasEntity(String(id)));
  const isSet = (ref: readonly unknown[]): boolean =>
    writes.some(({ steps }) => steps.some(([, e, attr, value]) => attr === ref[0] && value === ref[1] && isShown(e)));
  const isHeld = (ref: readonly unknown[]): boolean => lives.some(({ view }) => view.holders(ref as never, [view.baseStore]).length > 0);
  return parts.some((part) => Array.isArray(part) && !isHeld(part) && !isSet(part));
}

/** A client updates the projects that a query shows. */
const isSent = (steps: readonly Step[], { queries }: Board): boolean =>
  steps.every(([, id, attr]) => !String(attr).startsWith('projects.') || queries.showsEntity('projects', id as string));

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
    if ('write' in event) {
      if (isSent(event.write, board)) writes.push(board.write(...event.write));
    } else {
      const refused = writes[event.refuse];
      writes = writes.filter((write) => write !== refused);
      if (refused) board.queries.reject(refused.eventId);
    }
    let time = 50;
    const known = writes.map(({ steps }) => steps.filter((step) => !namesUnknown(step, lives, writes)));
    const after = known.reduce((triples, steps) => apply(triples, steps, () => (time += 1)), before);
    for (const live of lives) {
      const [shown, truth, own] = [byId(live.view.read()?.data), byId(evaluate(after, live.query)), alone(live, board, writes)];
      const tell = (what: string, id: string): never => {
        throw new Error(`${what} ${id} in ${JSON.stringify(live.query)}: ${JSON.stringify([...shown.values()])}, the server: ${JSON.stringify([...truth.values()])}`); // prettier-ignore
      };
      const text = JSON.stringify(live.query);
      const isPage = /"(limit|first|last)"/.test(text);
      // Conditions over links do not follow from a list of all rows.
      const isLimited = isPage && /project|parent|children/.test(text);
      if (knowsAll(queries) && !isLimited && !isDeepStrictEqual(new Set(shown.keys()), new Set(truth.keys())))
        // prettier-ignore
        tell('does not show what is known everywhere, or', 'more');
      // Which row is next, only a list of all rows tells.
      if (isPage) continue;
      for (const [id, row] of shown)
        if (!own.has(id) && !isDeepStrictEqual({ ...row }, expected(truth.get(id), lives))) tell('shows wrongly', id);
      const isByName = writes.some(({ steps }) => looksUp(steps));
      for (const id of own.keys()) if (!isByName && !shown.has(id) && truth.has(id)) tell('takes away', id);
      // Which other tasks are below one, only all of them tell; and what one above it is like, one that shows that.
      if (!('tasks' in live.query) || /children|parent/.test(text) || 'project' in (live.query['tasks'] as object)) continue;
      const touched = new Set([...truth.keys()].filter((id) => !isDeepStrictEqual(of(before, id), of(after, id))));
      for (const id of truth.keys())
        if (touched.has(id) && !shown.has(id) && isKnown(id, lives, [before, after], board)) tell('does not show', id);
    }
  }
}

it(
  'a query shows moved rows of other results as the server will, and all whose fields are known',
  () => check(fc.property(dataArb, queriesArb, fc.array(eventArb, { minLength: 1, maxLength: 8 }), play), 2_000),
  patience,
);
