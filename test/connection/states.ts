// A state of each name, a happening of each type, and outcomes told in a line: for the tests of the machine.

import { transition } from '../../src/connection/machine.ts';
import { type Env, type Event, idle, type Transition, type State } from '../../src/connection/state.ts';

export const t0 = 1_000_000;

export const at = (now: number, more: Partial<Env> = {}): Env => ({
  now,
  random: () => 0.5,
  isOnline: true,
  transports: 1,
  ...more,
});

const opened: Event = { type: 'opened', channel: 1 };

/** What must happen, all at t0, to come from `idle` to each state. Lines are then at number 1. */
const ways: Readonly<Record<State['name'], readonly Event[]>> = {
  idle: [],
  connecting: [{ type: 'start' }],
  opened: [{ type: 'start' }, opened],
  ready: [{ type: 'start' }, opened, { type: 'acknowledged' }],
  waiting: [{ type: 'start' }, { type: 'closed', channel: 1 }],
  offline: [{ type: 'start' }, { type: 'closed', channel: 1 }, { type: 'offline' }],
  failed: [{ type: 'start' }, opened, { type: 'rejected' }],
  closed: [{ type: 'stop' }],
};

export const stateNames = Object.keys(ways) as readonly State['name'][];

export function stateOf(name: State['name'], env = at(t0)): State {
  return ways[name].reduce<State>((state, event) => transition(state, event, env).state, idle);
}

/** One of each type; those of a line are of line 1. */
export const happenings: { readonly [Type in Event['type']]: Event } = {
  start: { type: 'start' },
  stop: { type: 'stop' },
  restart: { type: 'restart' },
  opened,
  received: { type: 'received', channel: 1 },
  closed: { type: 'closed', channel: 1 },
  acknowledged: { type: 'acknowledged' },
  rejected: { type: 'rejected' },
  deferred: { type: 'deferred' },
  online: { type: 'online' },
  offline: { type: 'offline' },
  resumed: { type: 'resumed' },
  timer: { type: 'timer' },
};

/** `ready 5s: ask`: the state, how long a timer that was set now runs, what is to be done. `-` if nothing happens. */
export function notify(before: State, { state, commands }: Transition): string {
  if (state === before && commands.length === 0) return '-';
  const { timer, channel, transport } = state;
  const set = timer && timer !== before.timer ? ` ${timer.ms / 1000}s` : '';
  const open = transport > 0 ? `open ${channel} by ${transport}` : `open ${channel}`;
  const orders = commands.length > 0 ? `: ${commands.map((command) => (command === 'open' ? open : command)).join(', ')}` : '';
  return `${state.name}${set}${orders}`;
}
