// A write × a query's result × everything that may happen: what the query shows then, who is told, and whether the write is let go.

import { Attrs } from '../../../src/db/attrs.ts';
import type { Mutation } from '../../../src/reactor/mutations/mutation.ts';
import { EntityIndex } from '../../../src/reactor/queries/entity-index.ts';
import { KnownRows } from '../../../src/reactor/queries/known-rows.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { OptimisticUpdates } from '../../../src/reactor/queries/optimistic-updates.ts';
import { View } from '../../../src/reactor/queries/view.ts';
import { Deadlines } from '../../../src/reactor/timer.ts';
import { attrIds, goalAttrs, goalId, goalsQuery, goalTriples } from '../../support/goals.ts';
import { tableTests } from '../../support/tables.ts';

/** The write is transaction 5. A result that is behind reaches 4, and has the old title. */
type Write = 'no write' | 'pending' | 'acknowledged';
type Result = 'no result' | 'a result without it' | 'a result with it';

const write = (title: string, state: 'pending' | 'acknowledged'): Mutation => ({
  eventId: 'w',
  owner: '',
  order: 1,
  createdMs: 0,
  sends: 1,
  steps: [['add-triple', goalId(1), attrIds.title, title, { mode: 'update' }]],
  state,
  ...(state === 'acknowledged' && { txId: 5 }),
});

class World {
  readonly lives = new Map<string, LiveQuery>();
  readonly index = new EntityIndex(this.lives);
  readonly known = new KnownRows(this.lives, this.index, (live, eventId): boolean => this.updates.isMissing(live, eventId));
  readonly updates = new OptimisticUpdates(this.lives, this.index, this.known, new Deadlines(), () => 1_000);
  readonly view = new View(goalsQuery, { attrs: Attrs.from(goalAttrs), now: () => 0 });
  readonly live: LiveQuery = {
    ...{ key: 'q', query: goalsQuery, eventId: 'e', isLocal: false, listeners: new Map(), view: this.view },
    ...{ source: undefined, processed: undefined, isFresh: true, isAsked: false, error: undefined, failures: 0, refetchAtMs: undefined },
    ...{ recheckAtMs: undefined, rechecks: 0 },
  };

  constructor(given: Write, result: Result) {
    this.lives.set('q', this.live);
    if (result !== 'no result') this.answer(result === 'a result with it');
    if (given !== 'no write') this.updates.add(write('new', 'pending'));
    if (given === 'acknowledged') this.updates.acknowledge(write('new', 'acknowledged'), 1_000);
  }

  answer(isIncluding: boolean): void {
    const isFirst = this.live.source === undefined;
    const changeSet = this.view.setResult({
      triples: goalTriples({ id: goalId(1), title: isIncluding ? 'new' : 'old' }),
      pageInfo: undefined,
      aggregate: undefined,
    });
    this.live.source = 'server';
    this.live.processed = { 'processed-tx-id': isIncluding ? 5 : 4 };
    this.updates.onResult(this.live, changeSet, isFirst);
  }

  get shown(): string {
    const goals = this.view.read()?.data['goals'] as readonly { readonly title: string }[] | undefined;
    return goals?.[0]?.title ?? 'nothing';
  }
}

const events = {
  nothing: () => undefined,
  'it is made': ({ updates }: World) => updates.add(write('new', 'pending')),
  'it is acknowledged': ({ updates }: World) => updates.acknowledge(write('new', 'acknowledged'), 1_000),
  'it is rejected': ({ updates }: World) => updates.reject('w'),
  'it is rewritten': ({ updates, live }: World) =>
    updates.rewrite([write('other', live.recheckAtMs === undefined ? 'pending' : 'acknowledged')]),
  'a result without it': (world: World) => world.answer(false),
  'a result with it': (world: World) => world.answer(true),
  'the result reaches 4': ({ updates, live }: World) => updates.advance(live, { 'processed-tx-id': 4 }),
  'the result reaches 5': ({ updates, live }: World) => updates.advance(live, { 'processed-tx-id': 5 }),
  'no news for a while': ({ updates, live }: World) => updates.recheck(live),
  'no news four times': ({ updates, live }: World) => [1, 2, 3, 4].map(() => updates.recheck(live)).join(),
  'all is forgotten': ({ updates }: World) => updates.clear(),
} as const;

type Event = keyof typeof events;

const table: Record<Write, Record<Result, Record<Event, string>>> = {
  'no write': {
    'no result': {
      nothing: 'nothing',
      'it is made': 'nothing',
      'it is acknowledged': 'nothing',
      'it is rejected': 'nothing',
      'it is rewritten': 'nothing',
      'a result without it': 'old',
      'a result with it': 'new',
      'the result reaches 4': 'nothing',
      'the result reaches 5': 'nothing',
      'no news for a while': 'nothing, false',
      'no news four times': 'nothing, false,false,false,false',
      'all is forgotten': 'nothing',
    },
    'a result without it': {
      nothing: 'old',
      'it is made': 'new, told',
      'it is acknowledged': 'old, waits',
      'it is rejected': 'old',
      'it is rewritten': 'other, told',
      'a result without it': 'old',
      'a result with it': 'new',
      'the result reaches 4': 'old',
      'the result reaches 5': 'old',
      'no news for a while': 'old, false',
      'no news four times': 'old, false,false,false,false',
      'all is forgotten': 'old',
    },
    'a result with it': {
      nothing: 'new',
      'it is made': 'new, told',
      'it is acknowledged': 'new, released',
      'it is rejected': 'new',
      'it is rewritten': 'other, told',
      'a result without it': 'old',
      'a result with it': 'new',
      'the result reaches 4': 'new',
      'the result reaches 5': 'new',
      'no news for a while': 'new, false',
      'no news four times': 'new, false,false,false,false',
      'all is forgotten': 'new',
    },
  },
  pending: {
    'no result': {
      nothing: 'nothing',
      'it is made': 'nothing',
      'it is acknowledged': 'nothing',
      'it is rejected': 'nothing',
      'it is rewritten': 'nothing',
      'a result without it': 'new',
      'a result with it': 'new',
      'the result reaches 4': 'nothing',
      'the result reaches 5': 'nothing',
      'no news for a while': 'nothing, false',
      'no news four times': 'nothing, false,false,false,false',
      'all is forgotten': 'nothing',
    },
    'a result without it': {
      nothing: 'new',
      'it is made': 'new, told',
      'it is acknowledged': 'new, waits',
      'it is rejected': 'old, told',
      'it is rewritten': 'other, told',
      'a result without it': 'new',
      'a result with it': 'new',
      'the result reaches 4': 'new',
      'the result reaches 5': 'new',
      'no news for a while': 'new, false',
      'no news four times': 'new, false,false,false,false',
      'all is forgotten': 'new',
    },
    'a result with it': {
      nothing: 'new',
      'it is made': 'new, told',
      'it is acknowledged': 'new, told, released',
      'it is rejected': 'new, told',
      'it is rewritten': 'other, told',
      'a result without it': 'new',
      'a result with it': 'new',
      'the result reaches 4': 'new',
      'the result reaches 5': 'new',
      'no news for a while': 'new, false',
      'no news four times': 'new, false,false,false,false',
      'all is forgotten': 'new',
    },
  },
  acknowledged: {
    'no result': {
      nothing: 'nothing',
      'it is made': 'nothing',
      'it is acknowledged': 'nothing',
      'it is rejected': 'nothing',
      'it is rewritten': 'nothing',
      'a result without it': 'new, waits',
      'a result with it': 'new, released',
      'the result reaches 4': 'nothing, waits',
      'the result reaches 5': 'nothing, released',
      'no news for a while': 'nothing, false',
      'no news four times': 'nothing, false,false,false,false',
      'all is forgotten': 'nothing',
    },
    'a result without it': {
      nothing: 'new, waits',
      'it is made': 'new, told, waits',
      'it is acknowledged': 'new, waits',
      'it is rejected': 'old, told, waits',
      'it is rewritten': 'other, told, waits',
      'a result without it': 'new, waits',
      'a result with it': 'new, released',
      'the result reaches 4': 'new, waits',
      'the result reaches 5': 'old, told, released',
      'no news for a while': 'new, true',
      'no news four times': 'old, true,true,true,false, released',
      'all is forgotten': 'new, waits',
    },
    'a result with it': {
      nothing: 'new, released',
      'it is made': 'new, told, released',
      'it is acknowledged': 'new, released',
      'it is rejected': 'new, released',
      'it is rewritten': 'other, told, released',
      'a result without it': 'new, waits',
      'a result with it': 'new, released',
      'the result reaches 4': 'new, waits',
      'the result reaches 5': 'new, released',
      'no news for a while': 'new, false, released',
      'no news four times': 'new, false,false,false,false, released',
      'all is forgotten': 'new',
    },
  },
};

/** What is shown; `told` if listeners are; what the call returned; `waits` if news of a write is due; `released` if every result has it. */
function outcome(given: Write, result: Result, event: Event): string {
  const world = new World(given, result);
  const returned = events[event](world);
  const parts = [world.shown];
  if (Array.isArray(returned)) parts.push(...returned.map(({ do: what }) => (what === 'show' ? 'told' : what)));
  else if (returned !== undefined) parts.push(String(returned));
  if (world.live.recheckAtMs !== undefined) parts.push('waits');
  if (world.updates.drainIncluded().length > 0) parts.push('released');
  return parts.join(', ');
}

tableTests(table, outcome);
