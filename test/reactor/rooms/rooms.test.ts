// Every state of a room × everything that may happen to it: the state afterwards, and what is sent and announced.

import { EventEmitter } from 'eventemitter3';
import { expect } from 'vitest';

import { InstantAPIError } from '../../../src/errors.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import type { Effect } from '../../../src/reactor/effect.ts';
import { Rooms } from '../../../src/reactor/rooms/rooms.ts';
import { tableTests, transition } from '../../support/tables.ts';

type State = 'absent' | 'apart' | 'asked' | 'joined' | 'joined, peers unknown' | 'refused';

const env = { nowMs: 0, owner: '', attrs: undefined as never };
const says = (rooms: Rooms, message: object): Effect[] => rooms.onMessage({ 'room-id': 'r', ...message } as ServerMessage, env);
const fails = (rooms: Rooms, original: object, retryAtMs?: number) => {
  const error = new InstantAPIError({ status: 400, body: { message: 'no' } });
  const message = { op: 'error', message: 'no', 'original-event': { 'room-id': 'r', ...original } } as never;
  return rooms.onError({ message, error, nowMs: 0, owner: '', retryAtMs: () => retryAtMs });
};
const deferred = (rooms: Rooms, original: object): Effect[] => {
  const effects = fails(rooms, original, 5) ?? [];
  expect(rooms.onDeadline(4)).toEqual([]);
  return [...effects, ...rooms.onDeadline(5)];
};
const peers = { me: { data: {} } };

/** How the room comes into each state. Its own presence is `{ name: 'Ana' }`. */
const ways: Record<State, (rooms: Rooms) => void> = {
  absent: () => {},
  asked: (rooms) => void rooms.acquire('chat', 'r', { name: 'Ana' }),
  apart: (rooms) => {
    ways.asked(rooms);
    rooms.onDisconnect();
  },
  'joined, peers unknown': (rooms) => {
    ways.asked(rooms);
    says(rooms, { op: 'join-room-ok' });
  },
  joined: (rooms) => {
    ways['joined, peers unknown'](rooms);
    says(rooms, { op: 'refresh-presence', data: peers });
  },
  refused: (rooms) => {
    ways.asked(rooms);
    says(rooms, { op: 'join-room-error', error: 'full' });
  },
};

const events = {
  'acquired again': (rooms: Rooms) => rooms.acquire('chat', 'r', undefined),
  released: (rooms: Rooms) => rooms.release('r'),
  'presence published': (rooms: Rooms) => rooms.publish('r', { mood: 'fine' }),
  'topic published': (rooms: Rooms) => rooms.publishTopic('r', 'wave', 1),
  'session opened': (rooms: Rooms) => rooms.onSessionOpen(),
  disconnected: (rooms: Rooms) => rooms.onDisconnect(),
  'join confirmed': (rooms: Rooms) => says(rooms, { op: 'join-room-ok' }),
  'join rejected': (rooms: Rooms) => says(rooms, { op: 'join-room-error', error: 'full' }),
  'join failed': (rooms: Rooms) => fails(rooms, { op: 'join-room' }),
  'presence rejected': (rooms: Rooms) => fails(rooms, { op: 'set-presence', data: { name: 'Ana' } }),
  'an older presence rejected': (rooms: Rooms) => fails(rooms, { op: 'set-presence', data: { name: 'A' } }),
  'join deferred, then due': (rooms: Rooms) => deferred(rooms, { op: 'join-room' }),
  'presence deferred, then due': (rooms: Rooms) => deferred(rooms, { op: 'set-presence', data: { name: 'Ana' } }),
  'message deferred, then due': (rooms: Rooms) => deferred(rooms, { op: 'client-broadcast', topic: 'wave', data: 1 }),
  'leaving deferred, then due': (rooms: Rooms) => deferred(rooms, { op: 'leave-room' }),
  'message rejected': (rooms: Rooms) => fails(rooms, { op: 'client-broadcast', topic: 'wave', data: 1 }),
  'peers sent': (rooms: Rooms) => says(rooms, { op: 'refresh-presence', data: peers }),
  'peers changed': (rooms: Rooms) => says(rooms, { op: 'patch-presence', edits: [[['me', 'data', 'name'], '+', 'A']] }),
  'an unknown peer changed': (rooms: Rooms) => says(rooms, { op: 'patch-presence', edits: [[['you', 'data', 'name'], 'r', 'B']] }),
  'message received': (rooms: Rooms) => says(rooms, { op: 'server-broadcast', topic: 'wave', data: { data: 1 } }),
  'peers overdue': (rooms: Rooms) => rooms.onDeadline(10_000),
  'a message of another room': (rooms: Rooms) => says(rooms, { op: 'join-room-ok', 'room-id': 'other' }),
} as const;

type Event = keyof typeof events;

const table: Record<State, Record<Event, string>> = {
  absent: {
    'acquired again': 'asked: join-room',
    released: '-',
    'presence published': '-',
    'topic published': '-',
    'session opened': '-',
    disconnected: '-',
    'join confirmed': '-',
    'join rejected': '-',
    'join failed': '-',
    'presence rejected': '-: report',
    'an older presence rejected': '-: report',
    'join deferred, then due': '-',
    'presence deferred, then due': '-',
    'message deferred, then due': '-',
    'leaving deferred, then due': '-: leave-room',
    'message rejected': '-: report',
    'peers sent': '-',
    'peers changed': '-',
    'an unknown peer changed': '-',
    'message received': '-',
    'peers overdue': '-',
    'a message of another room': '-',
  },
  asked: {
    'acquired again': '-',
    released: 'absent: leave-room',
    'presence published': '-: !',
    'topic published': '-',
    'session opened': '-: join-room name',
    disconnected: 'apart: !',
    'join confirmed': 'joined, peers unknown: !, set-presence name',
    'join rejected': 'refused: report, !',
    'join failed': 'refused: report, !',
    'presence rejected': '-: report, !, join-room',
    'an older presence rejected': '-: report',
    'join deferred, then due': '-: join-room name',
    'presence deferred, then due': '-',
    'message deferred, then due': '-',
    'leaving deferred, then due': '-',
    'message rejected': '-: report',
    'peers sent': 'joined: !, set-presence name, !',
    'peers changed': '-: leave-room, join-room name',
    'an unknown peer changed': '-: leave-room, join-room name',
    'message received': '-: !wave',
    'peers overdue': '-',
    'a message of another room': '-',
  },
  apart: {
    'acquired again': '-',
    released: 'absent',
    'presence published': '-: !',
    'topic published': '-',
    'session opened': 'asked: join-room name',
    disconnected: '-: !',
    'join confirmed': 'joined, peers unknown: !, set-presence name',
    'join rejected': 'refused: report, !',
    'join failed': 'refused: report, !',
    'presence rejected': '-: report, !',
    'an older presence rejected': '-: report',
    'join deferred, then due': 'asked: join-room name',
    'presence deferred, then due': 'asked: join-room name',
    'message deferred, then due': 'asked: join-room name',
    'leaving deferred, then due': '-',
    'message rejected': '-: report',
    'peers sent': 'joined: !, set-presence name, !',
    'peers changed': 'asked: leave-room, join-room name',
    'an unknown peer changed': 'asked: leave-room, join-room name',
    'message received': '-: !wave',
    'peers overdue': '-',
    'a message of another room': '-',
  },
  'joined, peers unknown': {
    'acquired again': '-',
    released: 'absent: leave-room',
    'presence published': '-: !, set-presence name,mood',
    'topic published': '-: client-broadcast',
    'session opened': 'asked: join-room name',
    disconnected: 'apart: !',
    'join confirmed': '-',
    'join rejected': 'refused: report, !',
    'join failed': 'refused: report, !',
    'presence rejected': '-: report, !',
    'an older presence rejected': '-: report',
    'join deferred, then due': 'asked: join-room name',
    'presence deferred, then due': '-: set-presence name',
    'message deferred, then due': '-: client-broadcast',
    'leaving deferred, then due': '-',
    'message rejected': '-: report',
    'peers sent': 'joined: !',
    'peers changed': 'asked: leave-room, join-room name',
    'an unknown peer changed': 'asked: leave-room, join-room name',
    'message received': '-: !wave',
    'peers overdue': 'asked: leave-room, join-room name',
    'a message of another room': '-',
  },
  joined: {
    'acquired again': '-',
    released: 'absent: leave-room',
    'presence published': '-: !, set-presence name,mood',
    'topic published': '-: client-broadcast',
    'session opened': 'asked: join-room name',
    disconnected: 'apart: !',
    'join confirmed': '-',
    'join rejected': 'refused: report, !',
    'join failed': 'refused: report, !',
    'presence rejected': '-: report, !',
    'an older presence rejected': '-: report',
    'join deferred, then due': 'asked: join-room name',
    'presence deferred, then due': '-: set-presence name',
    'message deferred, then due': '-: client-broadcast',
    'leaving deferred, then due': '-',
    'message rejected': '-: report',
    'peers sent': '-: !',
    'peers changed': '-: !',
    'an unknown peer changed': 'asked: leave-room, join-room name',
    'message received': '-: !wave',
    'peers overdue': '-',
    'a message of another room': '-',
  },
  refused: {
    'acquired again': '-',
    released: 'absent',
    'presence published': '-: !',
    'topic published': '-',
    'session opened': 'asked: join-room name',
    disconnected: 'apart: !',
    'join confirmed': 'joined, peers unknown: !, set-presence name',
    'join rejected': '-: !',
    'join failed': '-: !',
    'presence rejected': '-: report, !',
    'an older presence rejected': '-: report',
    'join deferred, then due': 'asked: join-room name',
    'presence deferred, then due': '-',
    'message deferred, then due': '-',
    'leaving deferred, then due': '-',
    'message rejected': '-: report',
    'peers sent': 'joined: !, set-presence name, !',
    'peers changed': 'asked: leave-room, join-room name',
    'an unknown peer changed': 'asked: leave-room, join-room name',
    'message received': '-: !wave',
    'peers overdue': '-',
    'a message of another room': '-',
  },
};

function stateOf(rooms: Rooms): State {
  const room = rooms.get('r');
  if (!room) return 'absent';
  return room.state === 'joined' && !room.hasPeers ? 'joined, peers unknown' : room.state;
}

/** What is sent with its data, and `!` for what listeners are told: `!wave` for those of a topic. */
function line(effect: Effect): string {
  if (effect.do === 'call') return `!${effect.room?.topic ?? ''}`;
  if (effect.do !== 'send') return effect.do;
  const { message } = effect;
  return 'data' in message && message.data ? `${message.op} ${Object.keys(message.data).join()}`.trim() : message.op;
}

function outcome(state: State, event: Event): string {
  const rooms = new Rooms(systemRandom, new EventEmitter());
  ways[state](rooms);
  expect(stateOf(rooms)).toBe(state);
  const effects = events[event](rooms);
  const after = stateOf(rooms);
  return transition(state, after, effects ? effects.map(line).join(', ') : 'not of a room');
}

tableTests(table, outcome);
