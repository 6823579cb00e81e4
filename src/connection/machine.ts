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

import { backoffMs, jitterMs } from './timeouts.ts';
import * as durations from './timeouts.ts';
import { timerIn, extendedMs } from './timeouts.ts';
import { forgetFallback, initialChoice, countLostConnection, countFailedAttempt, countSilence } from './transport-choice.ts';
import type { Env, Command, Event, Transition, State, StateName } from './state.ts';

export function transition(before: State, event: Event, env: Env): Transition {
  const isStale = 'channel' in event && event.channel !== before.channel;
  const rule = isStale ? undefined : rules[before.name][event.type];
  if (!rule) return { state: before, commands: [] };
  const state = rule(before, env);
  return { state, commands: commandsOf(before, event.type, state) };
}

type Rule = (state: State, env: Env) => State;
type Rules = { readonly [Type in Event['type']]?: Rule };

const whileWaiting: Rules = { alarm: connect, restart: reconnect, online: resume, resumed: resume, stop };

/** What is not listed changes nothing. `connecting` need not restart: who we are is first said when the line is open. */
const rules: Readonly<Record<StateName, Rules>> = {
  idle: { start: connect, stop },
  connecting: { opened: open, closed: attemptFailed, alarm: attemptFailed, online: shortenDeadline, resumed: shortenDeadline, stop },
  opened: {
    heard: (state) => state,
    acknowledged: becomeReady,
    refused: fail,
    putOff: disconnected,
    closed: attemptFailed,
    alarm: (state, env) => attemptFailed(countSilence(state), env),
    restart: connect,
    online: shortenDeadline,
    resumed: shortenDeadline,
    stop,
  },
  // Whatever the platform says of the network, only the line itself can tell whether it lives.
  ready: {
    heard: onReceived,
    alarm: onSilence,
    online: probeSoon,
    offline: probeSoon,
    resumed: probeSoon,
    closed: disconnected,
    putOff: disconnected,
    refused: fail,
    restart: connect,
    stop,
  },
  waiting: { ...whileWaiting, offline: waitOffline },
  offline: whileWaiting,
  failed: { alarm: connect, restart: reconnect, stop },
  closed: {},
};

/** What is told stands last: whoever is told may give the next order at once. */
function commandsOf(before: State, type: Event['type'], state: State): Command[] {
  const commands: Command[] = [];
  const isOver = hasChannel(before) && !(hasChannel(state) && state.channel === before.channel);
  if (isOver && type !== 'closed') commands.push('close');
  if (state.channel > before.channel) commands.push('open');
  if (isOver && before.name === 'ready' && type !== 'stop') commands.push('down');
  if (state.probes > before.probes) commands.push('ask');
  if (type === 'opened') commands.push('opened');
  if (type === 'heard') commands.push('tell');
  return commands;
}

const hasChannel = ({ name }: State): boolean => name === 'connecting' || name === 'opened' || name === 'ready';

function enter(state: State, name: StateName, ms: number, env: Env): State {
  return { ...state, name, timer: timerIn(ms, env), since: env.now, receivedAt: env.now, probes: 0 };
}

function stop(state: State): State {
  return { ...state, name: 'closed', timer: undefined };
}

function connect(state: State, env: Env): State {
  return enter({ ...resetFailuresIfStable(state, env), channel: state.channel + 1 }, 'connecting', durations.connectMs, env);
}

function reconnect(state: State, env: Env): State {
  return connect({ ...state, ...initialChoice, channel: state.channel }, env);
}

function open(state: State, env: Env): State {
  return enter(state, 'opened', extendedMs(durations.initMs, state), env);
}

function becomeReady(state: State, env: Env): State {
  return enter(state, 'ready', durations.quietMs, env);
}

function fail(state: State, env: Env): State {
  return enter(state, 'failed', jitterMs(durations.rejectedMs, env.random()), env);
}

function waitOffline(state: State, env: Env): State {
  return enter(state, 'offline', jitterMs(durations.offlineMs, env.random()), env);
}

function backOff(state: State, env: Env): State {
  return env.isOnline ? enter(state, 'waiting', backoffMs(state.failures - 1, env.random()), env) : waitOffline(state, env);
}

function attemptFailed(state: State, env: Env): State {
  return backOff(countFailedAttempt(state, env), env);
}

function disconnected(state: State, env: Env): State {
  return backOff(countLostConnection(resetFailuresIfStable(state, env)), env);
}

function resetFailuresIfStable(state: State, env: Env): State {
  return state.name === 'ready' && env.now - state.since >= durations.stableMs ? { ...state, failures: 0 } : state;
}

/** Any frame tells that the line lives. The alarm is left to ring in vain: setting it anew for each frame would cost more. */
function onReceived(state: State, env: Env): State {
  if (state.probes === 0) return { ...state, receivedAt: env.now };
  return { ...state, receivedAt: env.now, probes: 0, silences: 0, timer: timerIn(durations.quietMs, env) };
}

function onSilence(state: State, env: Env): State {
  const { probes, receivedAt } = state;
  const isLate = remainingMs(state, env) < -durations.lateMs;
  const silentMs = env.now - receivedAt;
  // Less than nought: the clock on the wall was put back, and tells nothing.
  if (probes === 0 && silentMs >= 0 && silentMs < durations.quietMs) return { ...state, timer: timerIn(durations.quietMs - silentMs, env) };
  // After a sleep the answer may lie unread behind this very timer. So it is asked again, but only once more: in a
  // background tab every timer is late.
  if (probes === 0 || (probes === 1 && isLate)) return probe(state, isLate ? durations.urgentProbeMs : durations.probeMs, env);
  return disconnected(countSilence(state), env);
}

function probe(state: State, ms: number, env: Env): State {
  return { ...state, probes: state.probes + 1, timer: timerIn(extendedMs(ms, state), env) };
}

/** Asked, unless the answer is expected no later than if it were asked now. */
function probeSoon(state: State, env: Env): State {
  return state.probes > 0 && isSoon(state, env) ? state : probe(state, durations.urgentProbeMs, env);
}

/** Something changed while we try: what comes of it must come soon. */
function shortenDeadline(state: State, env: Env): State {
  return isSoon(state, env) ? state : { ...state, timer: timerIn(extendedMs(durations.urgentProbeMs, state), env) };
}

function isSoon(state: State, env: Env): boolean {
  return remainingMs(state, env) <= extendedMs(durations.urgentProbeMs, state);
}

/** At once, but a network that flickers must not make us hammer the server. */
function resume(state: State, env: Env): State {
  const restMs = durations.minGapMs - Math.max(0, env.now - state.since);
  if (restMs <= 0) return connect(forgetFallback(state), env);
  return { ...forgetFallback(state), name: 'waiting', timer: remainingMs(state, env) <= restMs ? state.timer : timerIn(restMs, env) };
}

function remainingMs({ timer }: State, { now }: Env): number {
  return (timer?.dueAt ?? Infinity) - now;
}
