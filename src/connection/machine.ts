// The connection as a pure state machine: `transition` maps a state and an event to the next state and a list of commands, which
// connection.ts runs. Time and randomness are passed in. A rule only chooses the next state; the commands follow from comparing the two
// states. The machine knows nothing about messages except that `init` was acknowledged or rejected.
//
//            ┌─────────── timer · online · page resumed ──────────┐
//            ▼                                                    │
//   idle ─▶ connecting ──── closed · timeout ────────────────▶ waiting ── offline ──▶ offline
//            │  ▲                                              ▲  ▲  ◀── online ───   │  instead of waiting
//         opened└──────────────────────────────────────────────┼──┼────── timer ──────┘  while the platform
//            ▼                                                 │  │                      reports no network
//           opened ──────── closed · timeout · deferred ───────┘  │
//            │  └─ rejected ─▶ failed ── slow timer ──▶ connecting│
//       acknowledged                                              │
//            ▼                                                    │
//           ready ───────── closed · probe timeout ───────────────┘
//            └─ silent for 10 s, or reason for doubt: probes; any frame counts as the response
//
//   restart: from every state except idle and closed to connecting, at once.   stop: from every state to closed, for good.
//
// Each state has at most one timer, which is cleared when the state is left. Channels are numbered; events of any but the newest one are
// dropped.

import { backoffMs, unreachableBackoff } from '../lib/retry.ts';
import type { Command, Env, Event, State, StateName, Transition } from './state.ts';
import * as timeouts from './timeouts.ts';
import { extendedMs, jitterMs, timerIn } from './timeouts.ts';
import { countFailedAttempt, countLostConnection, countSilence, forgetFallback, initialChoice } from './transport-choice.ts';

export function transition(before: State, event: Event, env: Env): Transition {
  const isStale = 'channel' in event && event.channel !== before.channel;
  const rule = isStale ? undefined : rules[before.name][event.type];
  if (!rule) return { state: before, commands: [] };
  const state = rule(before, env);
  return { state, commands: commandsOf(before, event.type, state) };
}

type Rule = (state: State, env: Env) => State;
type Rules = { readonly [Type in Event['type']]?: Rule };

const whileWaiting: Rules = { timer: connect, restart: reconnect, online: resume, resumed: resume, stop };

/** Events without a rule change nothing. `connecting` ignores `restart`: the user is identified only after the channel has opened. */
const rules: Readonly<Record<StateName, Rules>> = {
  idle: { start: connect, stop },
  connecting: { opened: open, closed: attemptFailed, timer: attemptFailed, online: shortenDeadline, resumed: shortenDeadline, stop },
  opened: {
    received: (state) => state,
    acknowledged: becomeReady,
    rejected: fail,
    deferred: disconnected,
    closed: attemptFailed,
    timer: (state, env) => attemptFailed(countSilence(state), env),
    restart: connect,
    online: shortenDeadline,
    resumed: shortenDeadline,
    stop,
  },
  // Whatever the platform reports about the network, only a probe shows whether the connection is alive.
  ready: {
    received: onReceived,
    timer: onSilence,
    online: probeSoon,
    offline: probeSoon,
    resumed: probeSoon,
    closed: disconnected,
    deferred: disconnected,
    rejected: fail,
    restart: connect,
    stop,
  },
  waiting: { ...whileWaiting, offline: waitOffline },
  offline: whileWaiting,
  failed: { timer: connect, restart: reconnect, stop },
  closed: {},
};

/** Callbacks come last, because a callback may re-enter the machine. */
function commandsOf(before: State, type: Event['type'], state: State): Command[] {
  const commands: Command[] = [];
  const isOver = hasChannel(before) && !(hasChannel(state) && state.channel === before.channel);
  if (isOver && type !== 'closed') commands.push('close');
  if (state.channel > before.channel) commands.push('open');
  if (isOver && before.name === 'ready' && type !== 'stop') commands.push('down');
  if (state.probes > before.probes) commands.push('probe');
  if (type === 'opened') commands.push('opened');
  if (type === 'received') commands.push('deliver');
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
  return enter({ ...resetFailuresIfStable(state, env), channel: state.channel + 1 }, 'connecting', timeouts.connectMs, env);
}

function reconnect(state: State, env: Env): State {
  return connect({ ...state, ...initialChoice, channel: state.channel }, env);
}

function open(state: State, env: Env): State {
  return enter(state, 'opened', extendedMs(timeouts.initMs, state), env);
}

function becomeReady(state: State, env: Env): State {
  return enter(state, 'ready', timeouts.quietMs, env);
}

function fail(state: State, env: Env): State {
  return enter(state, 'failed', jitterMs(timeouts.rejectedMs, env.random()), env);
}

function waitOffline(state: State, env: Env): State {
  return enter(state, 'offline', jitterMs(timeouts.offlineMs, env.random()), env);
}

function backOff(state: State, env: Env): State {
  return env.isOnline
    ? enter(state, 'waiting', backoffMs(unreachableBackoff, state.failures - 1, env.random()), env)
    : waitOffline(state, env);
}

function attemptFailed(state: State, env: Env): State {
  return backOff(countFailedAttempt(state, env), env);
}

function disconnected(state: State, env: Env): State {
  return backOff(countLostConnection(resetFailuresIfStable(state, env)), env);
}

function resetFailuresIfStable(state: State, env: Env): State {
  return state.name === 'ready' && env.now - state.since >= timeouts.stableMs ? { ...state, failures: 0 } : state;
}

/**
 * Any frame proves that the connection is alive. The timer keeps running and is checked when it fires: resetting it for each frame would
 * cost more.
 */
function onReceived(state: State, env: Env): State {
  if (state.probes === 0) return { ...state, receivedAt: env.now };
  return { ...state, receivedAt: env.now, probes: 0, silences: 0, timer: timerIn(timeouts.quietMs, env) };
}

function onSilence(state: State, env: Env): State {
  const { probes, receivedAt } = state;
  const isLate = remainingMs(state, env) < -timeouts.lateMs;
  const silentMs = env.now - receivedAt;
  // Negative if the wall clock was set back.
  if (probes === 0 && silentMs >= 0 && silentMs < timeouts.quietMs) return { ...state, timer: timerIn(timeouts.quietMs - silentMs, env) };
  // After a sleep, the response may be queued behind this timer event, so the server is probed once more. Only once: in a background tab,
  // every timer is late.
  if (probes === 0 || (probes === 1 && isLate)) return probe(state, isLate ? timeouts.urgentProbeMs : timeouts.probeMs, env);
  return disconnected(countSilence(state), env);
}

function probe(state: State, ms: number, env: Env): State {
  return { ...state, probes: state.probes + 1, timer: timerIn(extendedMs(ms, state), env) };
}

/** Sends a probe, unless the response to a pending one is due soon enough. */
function probeSoon(state: State, env: Env): State {
  return state.probes > 0 && isSoon(state, env) ? state : probe(state, timeouts.urgentProbeMs, env);
}

/** The environment changed during an attempt: a result is now expected soon. */
function shortenDeadline(state: State, env: Env): State {
  return isSoon(state, env) ? state : { ...state, timer: timerIn(extendedMs(timeouts.urgentProbeMs, state), env) };
}

function isSoon(state: State, env: Env): boolean {
  return remainingMs(state, env) <= extendedMs(timeouts.urgentProbeMs, state);
}

/** Reconnects at once, but not more often than `minGapMs`, so that an unstable network does not cause a flood of attempts. */
function resume(state: State, env: Env): State {
  const restMs = timeouts.minGapMs - Math.max(0, env.now - state.since);
  if (restMs <= 0) return connect(forgetFallback(state), env);
  return { ...forgetFallback(state), name: 'waiting', timer: remainingMs(state, env) <= restMs ? state.timer : timerIn(restMs, env) };
}

function remainingMs({ timer }: State, { now }: Env): number {
  return (timer?.dueAt ?? Infinity) - now;
}
