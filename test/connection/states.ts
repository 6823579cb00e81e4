// A state of each name, a happening of each type, and outcomes told in a line: for the tests of the machine.

import { transition } from '../../src/connection/machine.ts';
import { alarmOf, type Circumstances, type Effect, type Happening, type Outcome, type State } from '../../src/connection/state.ts';
import { TriplaneError } from '../../src/errors.ts';

export const t0 = 1_000_000;

export const at = (now: number, more: Partial<Circumstances> = {}): Circumstances => ({
  now,
  random: () => 0.5,
  isOnline: true,
  transports: 1,
  ...more,
});

const opened: Happening = { type: 'opened', line: 1 };

/** What must happen, all at t0, to come from `idle` to each state. Lines are then at number 1. */
const ways: Readonly<Record<State['name'], readonly Happening[]>> = {
  idle: [],
  connecting: [{ type: 'start' }],
  opened: [{ type: 'start' }, opened],
  ready: [{ type: 'start' }, opened, { type: 'acknowledged' }],
  waiting: [{ type: 'start' }, { type: 'closed', line: 1 }],
  offline: [{ type: 'start' }, { type: 'closed', line: 1 }, { type: 'offline' }],
  failed: [{ type: 'start' }, opened, { type: 'refused' }],
  closed: [{ type: 'stop' }],
};

export const stateNames = Object.keys(ways) as readonly State['name'][];

export function stateOf(name: State['name'], circumstances = at(t0)): State {
  return ways[name].reduce<State>((state, event) => transition(state, event, circumstances).state, { name: 'idle' });
}

/** One of each type; those of a line are of line 1. */
export const happenings: { readonly [Type in Happening['type']]: Happening } = {
  start: { type: 'start' },
  stop: { type: 'stop' },
  restart: { type: 'restart' },
  opened,
  message: { type: 'message', line: 1, message: { op: 'remove-query-ok', q: {} } },
  heard: { type: 'heard', line: 1 },
  fault: { type: 'fault', line: 1, error: new TriplaneError('frame-malformed', 'not JSON') },
  closed: { type: 'closed', line: 1 },
  acknowledged: { type: 'acknowledged' },
  refused: { type: 'refused' },
  putOff: { type: 'putOff' },
  online: { type: 'online' },
  offline: { type: 'offline' },
  resumed: { type: 'resumed' },
  alarm: { type: 'alarm' },
};

/** `ready 5s: ask`: the state, how long a timer that was set now runs, what is to be done. `-` if nothing happens. */
export function tell(before: State, { state, effects }: Outcome): string {
  if (state === before && effects.length === 0) return '-';
  const alarm = alarmOf(state);
  const set = alarm && alarm !== alarmOf(before) ? ` ${alarm.ms / 1000}s` : '';
  const orders = effects.length > 0 ? `: ${effects.map(tellEffect).join(', ')}` : '';
  return `${state.name}${set}${orders}`;
}

function tellEffect(effect: Effect): string {
  if (effect.do === 'open') return effect.transport > 0 ? `open ${effect.line} by ${effect.transport}` : `open ${effect.line}`;
  return effect.do === 'tell' ? `tell ${effect.what}` : effect.do;
}
