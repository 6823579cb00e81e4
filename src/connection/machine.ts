// The life of a connection, as a value: what it is in, what may happen, and what is then to be done. Pure: the time and
// chance come in, what is to be done goes out as words, and connection.ts does it. A rule says only which state comes next;
// what is to be done is read off the step from the one to the other. Which message follows which is not known here, only
// that `init` was accepted or refused.
//
//            ┌─────────── timer · online · page resumed ──────────┐
//            ▼                                                    │
//   idle ─▶ connecting ──── closed · too slow ──────────────▶ waiting ── offline ──▶ offline
//            │  ▲                                              ▲  ▲  ◀── online ───   │  in place of waiting
//         opened└──────────────────────────────────────────────┼──┼────── timer ──────┘  while the network says
//            ▼                                                 │  │                      that it is down
//           opened ──────── closed · no init-ok · put off ─────┘  │
//            │  └─ refused ──▶ failed ── slow timer ──▶ connecting│
//       acknowledged                                              │
//            ▼                                                    │
//           ready ───────── closed · no answer ───────────────────┘
//            └─ quiet for 10 s, or cause for doubt: asks; any frame is the answer
//
//   restart: from anywhere but idle and closed to connecting, at once.   stop: from anywhere to closed, for good.
//
// Each state with an `alarm` has exactly one timer, which dies with it. Lines are numbered; the news of any but the
// newest is dropped.

import { backoffMs, spreadMs } from './backoff.ts';
import * as durations from './patience.ts';
import { alarmIn, patient } from './patience.ts';
import { afresh, firstRoute, lost, missed, silenced } from './route.ts';
import type { Circumstances, Effect, Happening, Outcome, State, StateName } from './state.ts';

export function transition(before: State, event: Happening, at: Circumstances): Outcome {
  const isStale = 'line' in event && event.line !== before.line;
  const rule = isStale ? undefined : rules[before.name][event.type];
  if (!rule) return { state: before, effects: [] };
  const state = rule(before, at);
  return { state, effects: effectsOf(before, event.type, state) };
}

type Rule = (state: State, at: Circumstances) => State;
type Rules = { readonly [Type in Happening['type']]?: Rule };

const whilePausing: Rules = { alarm: connect, restart: connectAnew, online: comeBack, resumed: comeBack, stop };

/** What is not listed changes nothing. `connecting` need not restart: who we are is first said when the line is open. */
const rules: Readonly<Record<StateName, Rules>> = {
  idle: { start: connect, stop },
  connecting: { opened: open, closed: miss, alarm: miss, online: hurry, resumed: hurry, stop },
  opened: {
    heard: (state) => state,
    acknowledged: begin,
    refused: fail,
    putOff: lose,
    closed: miss,
    alarm: (state, at) => miss(silenced(state), at),
    restart: connect,
    online: hurry,
    resumed: hurry,
    stop,
  },
  // Whatever the platform says of the network, only the line itself can tell whether it lives.
  ready: {
    heard: hear,
    alarm: doubt,
    online: press,
    offline: press,
    resumed: press,
    closed: lose,
    putOff: lose,
    refused: fail,
    restart: connect,
    stop,
  },
  waiting: { ...whilePausing, offline: pause },
  offline: whilePausing,
  failed: { alarm: connect, restart: connectAnew, stop },
  closed: {},
};

/** What is told stands last: whoever is told may give the next order at once. */
function effectsOf(before: State, type: Happening['type'], state: State): Effect[] {
  const effects: Effect[] = [];
  const isOver = hasLine(before) && !(hasLine(state) && state.line === before.line);
  if (isOver && type !== 'closed') effects.push('close');
  if (state.line > before.line) effects.push('open');
  if (isOver && before.name === 'ready' && type !== 'stop') effects.push('down');
  if (state.asked > before.asked) effects.push('ask');
  if (type === 'opened') effects.push('opened');
  if (type === 'heard') effects.push('tell');
  return effects;
}

const hasLine = ({ name }: State): boolean => name === 'connecting' || name === 'opened' || name === 'ready';

function enter(state: State, name: StateName, ms: number, at: Circumstances): State {
  return { ...state, name, alarm: alarmIn(ms, at), since: at.now, heardAt: at.now, asked: 0 };
}

function stop(state: State): State {
  return { ...state, name: 'closed', alarm: undefined };
}

function connect(state: State, at: Circumstances): State {
  return enter({ ...proven(state, at), line: state.line + 1 }, 'connecting', durations.connectMs, at);
}

function connectAnew(state: State, at: Circumstances): State {
  return connect({ ...state, ...firstRoute, line: state.line }, at);
}

function open(state: State, at: Circumstances): State {
  return enter(state, 'opened', patient(durations.initMs, state), at);
}

function begin(state: State, at: Circumstances): State {
  return enter(state, 'ready', durations.quietMs, at);
}

function fail(state: State, at: Circumstances): State {
  return enter(state, 'failed', spreadMs(durations.refusedMs, at.random()), at);
}

function pause(state: State, at: Circumstances): State {
  return enter(state, 'offline', spreadMs(durations.offlineMs, at.random()), at);
}

function retreat(state: State, at: Circumstances): State {
  return at.isOnline ? enter(state, 'waiting', backoffMs(state.failures - 1, at.random()), at) : pause(state, at);
}

function miss(state: State, at: Circumstances): State {
  return retreat(missed(state, at), at);
}

function lose(state: State, at: Circumstances): State {
  return retreat(lost(proven(state, at)), at);
}

function proven(state: State, at: Circumstances): State {
  return state.name === 'ready' && at.now - state.since >= durations.stableMs ? { ...state, failures: 0 } : state;
}

/** Any frame tells that the line lives. The alarm is left to ring in vain: setting it anew for each frame would cost more. */
function hear(state: State, at: Circumstances): State {
  if (state.asked === 0) return { ...state, heardAt: at.now };
  return { ...state, heardAt: at.now, asked: 0, silences: 0, alarm: alarmIn(durations.quietMs, at) };
}

function doubt(state: State, at: Circumstances): State {
  const { asked, heardAt } = state;
  const isLate = dueIn(state, at) < -durations.lateMs;
  const silentMs = at.now - heardAt;
  // Less than nought: the clock on the wall was put back, and tells nothing.
  if (asked === 0 && silentMs >= 0 && silentMs < durations.quietMs) return { ...state, alarm: alarmIn(durations.quietMs - silentMs, at) };
  // After a sleep the answer may lie unread behind this very timer. So it is asked again, but only once more: in a
  // background tab every timer is late.
  if (asked === 0 || (asked === 1 && isLate)) return ask(state, isLate ? durations.hurriedMs : durations.answerMs, at);
  return lose(silenced(state), at);
}

function ask(state: State, ms: number, at: Circumstances): State {
  return { ...state, asked: state.asked + 1, alarm: alarmIn(patient(ms, state), at) };
}

/** Asked, unless the answer is expected no later than if it were asked now. */
function press(state: State, at: Circumstances): State {
  return state.asked > 0 && isSoon(state, at) ? state : ask(state, durations.hurriedMs, at);
}

/** Something changed while we try: what comes of it must come soon. */
function hurry(state: State, at: Circumstances): State {
  return isSoon(state, at) ? state : { ...state, alarm: alarmIn(patient(durations.hurriedMs, state), at) };
}

function isSoon(state: State, at: Circumstances): boolean {
  return dueIn(state, at) <= patient(durations.hurriedMs, state);
}

/** At once, but a network that flickers must not make us hammer the server. */
function comeBack(state: State, at: Circumstances): State {
  const restMs = durations.gapMs - Math.max(0, at.now - state.since);
  if (restMs <= 0) return connect(afresh(state), at);
  return { ...afresh(state), name: 'waiting', alarm: dueIn(state, at) <= restMs ? state.alarm : alarmIn(restMs, at) };
}

function dueIn({ alarm }: State, { now }: Circumstances): number {
  return (alarm?.dueAt ?? Infinity) - now;
}
