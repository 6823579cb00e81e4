// Every state × every happening, then the cases within `ready` and the roads that lead round again.

import { describe, expect, test } from 'vitest';
import { transition } from '../../src/connection/machine.ts';
import { type Env, type Event, type State, statusOf } from '../../src/connection/state.ts';
import { at, happenings, stateNames, stateOf, t0, notify } from './states.ts';

/** One second after t0; an alarm when it is due. Chance is always 0.5. */
const table: Record<State['name'], Record<Event['type'], string>> = {
  idle: {
    start: 'connecting 10s: open 1',
    stop: 'closed',
    restart: '-',
    opened: '-',
    received: '-',
    closed: '-',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: '-',
    offline: '-',
    resumed: '-',
    timer: '-',
  },
  connecting: {
    start: '-',
    stop: 'closed: close',
    restart: '-',
    opened: 'opened 15s: opened',
    received: '-',
    closed: 'waiting 0.125s',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: 'connecting 4s',
    offline: '-',
    resumed: 'connecting 4s',
    timer: 'waiting 0.125s: close',
  },
  opened: {
    start: '-',
    stop: 'closed: close',
    restart: 'connecting 10s: close, open 2',
    opened: '-',
    received: 'opened: deliver',
    closed: 'waiting 0.125s',
    acknowledged: 'ready 10s',
    rejected: 'failed 45s: close',
    deferred: 'waiting 0.125s: close',
    online: 'opened 4s',
    offline: '-',
    resumed: 'opened 4s',
    timer: 'waiting 0.125s: close',
  },
  ready: {
    start: '-',
    stop: 'closed: close',
    restart: 'connecting 10s: close, open 2, down',
    opened: '-',
    received: 'ready: deliver',
    closed: 'waiting 0.125s: down',
    acknowledged: '-',
    rejected: 'failed 45s: close, down',
    deferred: 'waiting 0.125s: close, down',
    online: 'ready 4s: probe',
    offline: 'ready 4s: probe',
    resumed: 'ready 4s: probe',
    timer: 'ready 5s: probe',
  },
  waiting: {
    start: '-',
    stop: 'closed',
    restart: 'connecting 10s: open 2',
    opened: '-',
    received: '-',
    closed: '-',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: 'connecting 10s: open 2',
    offline: 'offline 11.25s',
    resumed: 'connecting 10s: open 2',
    timer: 'connecting 10s: open 2',
  },
  offline: {
    start: '-',
    stop: 'closed',
    restart: 'connecting 10s: open 2',
    opened: '-',
    received: '-',
    closed: '-',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: 'connecting 10s: open 2',
    offline: '-',
    resumed: 'connecting 10s: open 2',
    timer: 'connecting 10s: open 2',
  },
  failed: {
    start: '-',
    stop: 'closed',
    restart: 'connecting 10s: open 2',
    opened: '-',
    received: '-',
    closed: '-',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: '-',
    offline: '-',
    resumed: '-',
    timer: 'connecting 10s: open 2',
  },
  closed: {
    start: '-',
    stop: '-',
    restart: '-',
    opened: '-',
    received: '-',
    closed: '-',
    acknowledged: '-',
    rejected: '-',
    deferred: '-',
    online: '-',
    offline: '-',
    resumed: '-',
    timer: '-',
  },
};

const cells = stateNames.flatMap((name) => Object.entries(table[name]).map(([type, outcome]) => ({ name, type, outcome })));

test.each(cells)('$name, $type → $outcome', ({ name, type, outcome }) => {
  const state = stateOf(name);
  const event = Object.values(happenings).find((each) => each.type === type) ?? expect.fail(type);
  const now = type === 'timer' ? dueAt(state) : t0 + 1_000;
  expect(notify(state, transition(state, event, at(now)))).toBe(outcome);
});

test.each(stateNames)('events of an old connection are ignored: %s', (name) => {
  const state = stateOf(name);
  for (const event of Object.values(happenings)) {
    if ('channel' in event) expect(notify(state, transition(state, { ...event, channel: 0 }, at(t0)))).toBe('-');
  }
});

test('each state has a public status', () => {
  expect(Object.fromEntries(stateNames.map((name) => [name, statusOf(stateOf(name))]))).toEqual({
    idle: 'connecting',
    connecting: 'connecting',
    opened: 'opened',
    ready: 'authenticated',
    waiting: 'closed',
    offline: 'closed',
    failed: 'errored',
    closed: 'closed',
  });
});

describe('liveness', () => {
  const received: Event = { type: 'received', channel: 1 };
  const timer: Event = { type: 'timer' };
  const online: Event = { type: 'online' };
  const resumed: Event = { type: 'resumed' };

  const rows: readonly (readonly [what: string, journey: readonly (readonly [afterMs: number, Event])[], outcomes: readonly string[]])[] = [
    ['a connection silent for 10 s is probed, and closed without a response in 5 s', [[10_000, timer], [5_000, timer]], ['ready 5s: probe', 'waiting 0.125s: close, down']],
    ['any frame counts as a response to the probe', [[10_000, timer], [1_000, received], [10_000, timer]], ['ready 5s: probe', 'ready 10s: deliver', 'ready 5s: probe']],
    ['received frames postpone the probe', [[7_000, received], [3_000, timer], [7_000, timer]], ['ready: deliver', 'ready 7s', 'ready 5s: probe']],
    ['after a sleep the connection is probed with a short timeout', [[3_600_000, timer], [4_000, timer]], ['ready 4s: probe', 'waiting 0.125s: close, down']],
    [
      'a sleep during a probe causes one more probe, and no third',
      [[10_000, timer], [3_600_000, timer], [3_600_000, timer]],
      ['ready 5s: probe', 'ready 4s: probe', 'waiting 0.125s: close, down'],
    ],
    ['a connection whose clock was set back is probed 10 s later', [[-3_600_000, received], [10_000, timer]], ['ready: deliver', 'ready 5s: probe']],
    ['a clock set back since the last frame causes a probe', [[1_000, received], [-3_600_000, timer]], ['ready: deliver', 'ready 5s: probe']],
    ['a resumed page probes the connection; a second event adds nothing', [[1_000, resumed], [1_000, online]], ['ready 4s: probe', '-']],
    ['a resumed page repeats a pending probe with a short timeout', [[10_000, timer], [0, resumed]], ['ready 5s: probe', 'ready 4s: probe']],
  ]; // prettier-ignore

  test.each(rows)('%s', (_, journey, outcomes) => {
    let state = stateOf('ready');
    let now = t0;
    const notified = journey.map(([afterMs, event]) => {
      const before = state;
      now += afterMs;
      const outcome = transition(before, event, at(now));
      state = outcome.state;
      return notify(before, outcome);
    });
    expect(notified).toEqual(outcomes);
  });

  test('after a probe timeout the next probe waits longer, until a response arrives', () => {
    const waits: (number | undefined)[] = [];
    let state = stateOf('ready');
    for (let round = 0; round < 6; round += 1) {
      state = follow(state, [timer]);
      waits.push(state.timer?.ms);
      state = becomeReady(follow(state, [timer]));
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    const answered = follow(state, [timer, { type: 'received', channel: channel(state) }, timer]);
    expect(answered.timer?.ms).toBe(5_000);
  });
});

describe('reconnecting', () => {
  const failOnce = (state: State, more?: Partial<Env>): State =>
    follow(follow(state, [{ type: 'timer' }], more), [{ type: 'closed', channel: channel(state) + 1 }], more);

  test('the maximum delay doubles each time, up to 8 s', () => {
    let state = stateOf('waiting', at(t0, { random: () => 0.999 }));
    const waits = [state.timer?.ms];
    for (let round = 0; round < 6; round += 1) {
      state = failOnce(state, { random: () => 0.999 });
      waits.push(state.timer?.ms);
    }
    expect(waits).toEqual([249, 499, 999, 1_998, 3_996, 7_992, 7_992]);
  });

  test('the failure count continues after a short session, and restarts at zero after one of 10 s', () => {
    const tired = failOnce(failOnce(stateOf('waiting')));
    const ready = becomeReady(tired);
    const down = (event: Event, afterMs: number): number | undefined => transition(ready, event, at(ready.since + afterMs)).state.timer?.ms;
    // However it ended.
    for (const event of [{ type: 'closed', channel: channel(ready) }, { type: 'deferred' }] as const)
      expect([event.type, down(event, 9_999), down(event, 10_000)]).toEqual([event.type, 1_000, 125]);
  });

  test('a network that flickers causes at most one attempt every 500 ms', () => {
    const waiting = stateOf('waiting', at(t0, { random: () => 0.999 }));
    const long = { ...waiting, timer: { ms: 8_000, dueAt: t0 + 8_000 } } as State;
    expect(notify(long, transition(long, { type: 'online' }, at(t0 + 100)))).toBe('waiting 0.4s');
    expect(notify(long, transition(long, { type: 'online' }, at(t0 + 500)))).toBe('connecting 10s: open 2');
    const urgent = transition(long, { type: 'online' }, at(t0 + 100)).state;
    expect(notify(urgent, transition(urgent, { type: 'online' }, at(t0 + 200)))).toBe('waiting');
  });

  test('while the network is offline, a lost connection is not retried at once', () => {
    const state = stateOf('ready');
    expect(notify(state, transition(state, { type: 'closed', channel: 1 }, at(t0, { isOnline: false })))).toBe('offline 11.25s: down');
  });

  test('after three failures the client uses the next transport, and returns to the first after that one worked', () => {
    const two = { transports: 2 };
    let state = stateOf('waiting', at(t0, two));
    state = failOnce(failOnce(state, two), two);
    const fallback = transition(state, { type: 'timer' }, at(t0, two));
    expect(notify(state, fallback)).toBe('connecting 10s: open 4 by 1');
    const lost = follow(becomeReady(state, two), [{ type: 'closed', channel: 4 }], two);
    expect(notify(lost, transition(lost, { type: 'timer' }, at(t0, two)))).toBe('connecting 10s: open 5');
    const again = failOnce(lost, two);
    expect(notify(again, transition(again, { type: 'timer' }, at(t0, two)))).toBe('connecting 10s: open 6 by 1');
    expect(notify(again, transition(again, { type: 'online' }, at(again.since + 500, two)))).toBe('connecting 10s: open 6');
  });

  test('failures while offline do not count against the transport', () => {
    const two = { transports: 2, isOnline: false };
    let state = stateOf('offline', at(t0, two));
    for (let round = 0; round < 5; round += 1) state = failOnce(state, two);
    expect(notify(state, transition(state, { type: 'timer' }, at(t0, two)))).toBe('connecting 10s: open 7');
  });
});

function dueAt(state: State): number {
  return state.timer?.dueAt ?? t0 + 1_000;
}

const channel = (state: State): number => state.channel;

/** Each happening when the alarm of the state before it is due. */
function follow(state: State, events: readonly Event[], more?: Partial<Env>): State {
  return events.reduce((before, event) => transition(before, event, at(dueAt(before), more)).state, state);
}

function becomeReady(waiting: State, more?: Partial<Env>): State {
  const next = channel(waiting) + 1;
  return follow(waiting, [{ type: 'timer' }, { type: 'opened', channel: next }, { type: 'acknowledged' }], more);
}
