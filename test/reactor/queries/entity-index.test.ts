// Which queries a write to an entity concerns: every number of queries × every kind of entity, and what the index learns.

import { beforeEach, describe, expect, test } from 'vitest';

import type { ChangeSet } from '../../../src/db/change-set.ts';
import type { Row } from '../../../src/db/row.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { EntityIndex } from '../../../src/reactor/queries/entity-index.ts';
import type { LiveQuery } from '../../../src/reactor/queries/live-query.ts';
import { attrIds, goalId } from '../../support/goals.ts';

const [nowhere, inOne, inTwo] = [goalId(0), goalId(1), goalId(2)];
const row = {} as Row;

/** A query whose result contains these entities. */
class Held {
  readonly ids: Set<string>;
  readonly live: LiveQuery;

  constructor(key: string, ids: readonly string[]) {
    this.ids = new Set(ids);
    const baseStore = { ids: () => this.ids, hasEntity: (id: string) => this.ids.has(id) };
    this.live = { key, view: { baseStore } } as unknown as LiveQuery;
  }
}

let queries: Map<string, LiveQuery>;
let held: Held[];
let index: EntityIndex;

function open(count: number): void {
  held = Array.from({ length: count }, (_, at) => new Held(`q${at}`, at === 0 ? [inOne, inTwo] : at === 1 ? [inTwo] : []));
  queries = new Map(held.map(({ live }) => [live.key, live]));
  index = new EntityIndex(queries);
}

const asked = (...ids: readonly string[]): string => [...index.queriesWith(new Set(ids))].map(({ key }) => key).join(' ');
const write = (...steps: readonly Step[]) => ({ eventId: 'w', order: 1, steps });
const update = (id: string) => write(['add-triple', id, attrIds.title, 'Swim', { mode: 'update' }]);
const create = (id: string) => write(['add-triple', id, attrIds.id, id, { mode: 'create' }]);
const lookup = write(['add-triple', [attrIds.title, 'Swim'], attrIds.done, true]);

/** What is pending when it is asked. */
const pending = {
  'nothing pending': () => {},
  'an update of it pending': (id: string) => index.addPending(update(id)),
  'its creation pending': (id: string) => index.addPending(create(id)),
  'its creation pending twice, one confirmed': (id: string) => {
    index.addPending(create(id));
    index.addPending(create(id));
    index.removePending(create(id));
  },
  'its creation no longer pending': (id: string) => {
    index.addPending(create(id));
    index.removePending(create(id));
  },
  'a lookup pending': () => index.addPending(lookup),
  'a lookup no longer pending': () => {
    index.addPending(lookup);
    index.removePending(lookup);
  },
} as const;

const all = 'q0 q1 q2 q3 q4';
const exact = ['', 'q0', 'q0 q1'] as const;
const every = [all, all, all] as const;
/** Of five queries, those that are concerned by an entity in none, in one and in two results. */
const table: Record<keyof typeof pending, readonly [string, string, string]> = {
  'nothing pending': exact,
  'an update of it pending': exact,
  'its creation pending': every,
  'its creation pending twice, one confirmed': every,
  'its creation no longer pending': exact,
  'a lookup pending': every,
  'a lookup no longer pending': exact,
};

describe.each(Object.keys(pending) as (keyof typeof pending)[])('%s', (what) => {
  test.each([
    ['no result', nowhere, 0],
    ['one result', inOne, 1],
    ['two results', inTwo, 2],
  ] as const)('an entity in %s', (_, id, at) => {
    open(5);
    pending[what](id);
    expect(asked(id)).toBe(table[what][at]);
    open(4);
    pending[what](id);
    // So few are asked one by one.
    expect(asked(id)).toBe('q0 q1 q2 q3');
  });
});

test('for several entities the index returns each query once', () => {
  open(5);
  expect([asked(inOne, inTwo), asked(inTwo, inOne), asked(nowhere, inOne), asked()]).toEqual(['q0 q1', 'q0 q1', 'q0', '']);
});

describe('index updates', () => {
  const change = (id: string, before: boolean, after: boolean): ChangeSet =>
    new Map([['goals', new Map([[id, { before: before ? row : undefined, after: after ? row : undefined }]])]]);
  beforeEach(() => open(5));

  /** Whether the index was built before. */
  describe.each([true, false])('index built before the change: %s', (isBuilt) => {
    beforeEach(() => void (isBuilt && asked(nowhere)));
    const third = (): Held => held[2] as Held;
    const first = (): Held => held[0] as Held;

    test('a row that was added to a result', () => {
      third().ids.add(inTwo);
      index.onResultChanged(third().live, change(inTwo, false, true));
      expect([asked(inTwo), asked(inOne)]).toEqual(['q0 q1 q2', 'q0']);
    });

    test('a row that is reported as added again', () => {
      index.onResultChanged(first().live, change(inOne, false, true));
      expect(asked(inOne)).toBe('q0');
    });

    test('a row that changed', () => {
      index.onResultChanged(first().live, change(inOne, true, true));
      expect(asked(inOne)).toBe('q0');
    });

    test('a row that left a result', () => {
      first().ids.delete(inTwo);
      index.onResultChanged(first().live, change(inTwo, true, false));
      expect([asked(inTwo), asked(inOne)]).toEqual(['q1', 'q0']);
    });

    test('a row that left one namespace of a result and stays in another', () => {
      index.onResultChanged(first().live, change(inTwo, true, false));
      expect(asked(inTwo)).toBe('q0 q1');
    });

    test('a query that was closed', () => {
      open(6);
      if (isBuilt) asked(nowhere);
      queries.delete('q0');
      index.onClosed(first().live);
      expect([asked(inTwo), asked(inOne)]).toEqual(['q1', '']);
    });

    test('a result that changed without a notification', () => {
      third().ids.add(nowhere);
      index.invalidate();
      expect(asked(nowhere)).toBe('q2');
    });
  });
});
