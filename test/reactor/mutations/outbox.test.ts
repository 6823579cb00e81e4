// Every state of a write × everything that may happen to it: the state afterwards, and what the outbox returns.

import { describe, expect, test } from 'vitest';

import type { Step } from '../../../src/protocol/transact-messages.ts';
import { Outbox } from '../../../src/reactor/mutations/outbox.ts';
import type { MutationState } from '../../../src/reactor/mutations/mutation.ts';
import { attrIds, goalId } from '../../support/goals.ts';
import { tableTests, transition } from '../../support/tables.ts';

const [goal, other] = [goalId(1), goalId(2)];
const set = (id: string, title: string): readonly Step[] => [['add-triple', id, attrIds.title, title, { mode: 'update' }]];
const create = (id: string): readonly Step[] => [['add-triple', id, attrIds.id, id, { mode: 'create' }]];
const write = (eventId: string, steps: readonly Step[], createdMs = 1) => ({ eventId, owner: 'ana', steps, createdMs });
const position = { txId: 7, isn: undefined };
const refusal = { body: { message: 'no' }, status: 400 };

type State = 'absent' | Exclude<MutationState, 'rejected'>;

/** How the write `w` comes into each state. */
const ways: Record<State, (outbox: Outbox) => void> = {
  absent: () => {},
  persisting: (outbox) => void outbox.add(write('w', set(goal, 'Swim'))),
  pending: (outbox) => {
    outbox.add(write('w', set(goal, 'Swim')));
    outbox.markPersisted('w');
  },
  inflight: (outbox) => {
    ways.pending(outbox);
    outbox.dequeue();
  },
  acknowledged: (outbox) => {
    ways.inflight(outbox);
    outbox.acknowledge('w', position);
  },
  blocked: (outbox) => {
    ways.pending(outbox);
    outbox.block({ creates: new Set([goal]), upserts: new Set() });
  },
};

const ids = (writes: readonly { readonly eventId: string }[]): string => writes.map(({ eventId }) => eventId).join(' ');

/** What happens, and what is returned, on a line. */
const events = {
  'added again': (outbox: Outbox) => ids([outbox.add(write('w', set(goal, 'Dive'), 2))]),
  persisted: (outbox: Outbox) => outbox.markPersisted('w'),
  dequeued: (outbox: Outbox) => outbox.dequeue().map((message) => `${message['client-event-id']}`).join(' '), // prettier-ignore
  disconnected: (outbox: Outbox) => outbox.onDisconnect(),
  postponed: (outbox: Outbox) => outbox.postpone('w', 1_000, false),
  acknowledged: (outbox: Outbox) => outbox.acknowledge('w', position)?.txId,
  claimed: (outbox: Outbox) => outbox.markClaimed('w', refusal).map((edit) => Object.keys(edit)[0]).join(' '), // prettier-ignore
  removed: (outbox: Outbox) => outbox.remove('w').map((edit) => Object.keys(edit)[0]).join(' '), // prettier-ignore
  rejected: (outbox: Outbox) => ids(outbox.reject('w')),
  'its entity rejected': (outbox: Outbox) => ids(outbox.block({ creates: new Set([goal]), upserts: new Set() })),
  'another entity rejected': (outbox: Outbox) => ids(outbox.block({ creates: new Set([other]), upserts: new Set() })),
  'name taken': (outbox: Outbox) => ids(outbox.onNameTaken('w', () => set(goal, 'in other terms'), 0)),
  rebased: (outbox: Outbox) => ids(outbox.rebase(() => set(goal, 'in other terms'))),
  'loaded again': (outbox: Outbox) => ids(outbox.load([{ ...write('w', set(goal, 'of the disk')), order: 1, state: 'pending', sends: 1 }])),
  detached: (outbox: Outbox) => outbox.detach(),
} as const;

type Event = keyof typeof events;

const table: Record<State, Record<Event, string>> = {
  absent: {
    'added again': 'persisting: w',
    persisted: '-: false',
    dequeued: '-',
    disconnected: '-',
    postponed: '-',
    acknowledged: '-',
    claimed: '-',
    removed: '-',
    rejected: '-',
    'its entity rejected': '-',
    'another entity rejected': '-',
    'name taken': '-',
    rebased: '-',
    'loaded again': 'pending: w',
    detached: '-',
  },
  persisting: {
    'added again': '-: w',
    persisted: 'pending: true',
    dequeued: '-',
    disconnected: '-',
    postponed: '-',
    acknowledged: 'acknowledged: 7',
    claimed: '-: put',
    removed: 'absent: remove',
    rejected: 'absent',
    'its entity rejected': 'blocked: w',
    'another entity rejected': '-',
    'name taken': '-',
    rebased: '-: w',
    'loaded again': '-',
    detached: 'absent',
  },
  pending: {
    'added again': 'persisting: w',
    persisted: '-: false',
    dequeued: 'inflight: w',
    disconnected: '-',
    postponed: '-',
    acknowledged: 'acknowledged: 7',
    claimed: '-: put',
    removed: 'absent: remove',
    rejected: 'absent',
    'its entity rejected': 'blocked: w',
    'another entity rejected': '-',
    'name taken': '-',
    rebased: '-: w',
    'loaded again': '-',
    detached: 'absent',
  },
  inflight: {
    'added again': 'persisting: w',
    persisted: '-: false',
    dequeued: '-',
    disconnected: 'pending',
    postponed: 'pending',
    acknowledged: 'acknowledged: 7',
    claimed: '-: put',
    removed: 'absent: remove',
    rejected: 'absent',
    'its entity rejected': '-',
    'another entity rejected': '-',
    'name taken': 'pending: w',
    rebased: '-: w',
    'loaded again': '-',
    detached: 'absent',
  },
  acknowledged: {
    'added again': 'persisting: w',
    persisted: '-: false',
    dequeued: '-',
    disconnected: '-',
    postponed: '-',
    acknowledged: '-',
    claimed: '-: put',
    removed: 'absent: remove',
    rejected: 'absent',
    'its entity rejected': '-',
    'another entity rejected': '-',
    'name taken': '-',
    rebased: '-: w',
    'loaded again': '-',
    detached: 'absent',
  },
  blocked: {
    'added again': 'persisting: w',
    persisted: '-: false',
    dequeued: '-',
    disconnected: '-',
    postponed: '-',
    acknowledged: 'acknowledged: 7',
    claimed: '-: put',
    removed: 'absent: remove',
    rejected: 'absent',
    'its entity rejected': '-: w',
    'another entity rejected': '-',
    'name taken': '-',
    rebased: '-: w',
    'loaded again': '-',
    detached: 'absent',
  },
};

function outcome(state: State, event: Event): string {
  const outbox = new Outbox();
  ways[state](outbox);
  expect(outbox.get('w')?.state ?? 'absent').toBe(state);
  const returned = events[event](outbox);
  return transition(state, outbox.get('w')?.state ?? 'absent', returned);
}

tableTests(table, outcome);

/** Where the write before this one stands, and what the two have to do with each other: what goes out next. */
type Earlier = 'persisting' | 'pending' | 'paused' | 'all paused' | 'inflight' | 'acknowledged' | 'blocked';
type Relation = 'touches another' | 'touches the same' | 'needs what it creates';

const first: Record<Relation, readonly Step[]> = {
  'touches another': set(other, 'first'),
  'touches the same': set(goal, 'first'),
  'needs what it creates': create(goal),
};

const leads: Record<Earlier, (outbox: Outbox) => void> = {
  persisting: () => {},
  pending: (outbox) => void outbox.markPersisted('first'),
  paused: (outbox) => {
    leads.inflight(outbox);
    outbox.postpone('first', 1_000, false);
  },
  'all paused': (outbox) => {
    leads.inflight(outbox);
    outbox.postpone('first', 1_000, true);
  },
  inflight: (outbox) => {
    leads.pending(outbox);
    outbox.dequeue();
  },
  acknowledged: (outbox) => {
    leads.inflight(outbox);
    outbox.acknowledge('first', position);
  },
  blocked: (outbox) => {
    leads.pending(outbox);
    outbox.block({ creates: new Set([goal, other]), upserts: new Set() });
  },
};

const goesOut: Record<Earlier, Record<Relation, string>> = {
  persisting: {
    'touches another': '',
    'touches the same': '',
    'needs what it creates': '',
  },
  pending: {
    'touches another': 'first second',
    'touches the same': 'first second',
    'needs what it creates': 'first',
  },
  paused: {
    'touches another': 'second',
    'touches the same': '',
    'needs what it creates': '',
  },
  'all paused': {
    'touches another': '',
    'touches the same': '',
    'needs what it creates': '',
  },
  inflight: {
    'touches another': 'second',
    'touches the same': 'second',
    'needs what it creates': '',
  },
  acknowledged: {
    'touches another': 'second',
    'touches the same': 'second',
    'needs what it creates': 'second',
  },
  blocked: {
    'touches another': 'second',
    'touches the same': 'second',
    'needs what it creates': 'second',
  },
};

describe('behind a write that is', () => tableTests(goesOut, next));

function next(earlier: Earlier, relation: Relation): string {
  const outbox = new Outbox();
  outbox.add(write('first', first[relation]));
  leads[earlier](outbox);
  outbox.add(write('second', set(goal, 'second')));
  outbox.markPersisted('second');
  return outbox.dequeue().map((message) => `${message['client-event-id']}`).join(' '); // prettier-ignore
}

test('a write that waits for the attrs of the server holds back later ones to the same row, and no others', () => {
  const outbox = new Outbox();
  ways.inflight(outbox);
  outbox.onNameTaken('w', (steps) => steps, 0);
  outbox.add(write('same row', set(goal, 'Run'), 2));
  outbox.add(write('other row', set(other, 'Read'), 3));
  for (const eventId of ['same row', 'other row']) outbox.markPersisted(eventId);
  expect(outbox.dequeue().map((message) => message['client-event-id'])).toEqual(['other row']);
});
