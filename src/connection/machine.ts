// The life of a connection, as a value: what it is in, what may happen, and what is then to be done. Pure: the time and
// chance come in, what is to be done goes out as data, and connection.ts does it. Which message follows which is not
// known here, only that `init` was accepted or refused.
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
import { alarmIn, durations, patient } from './patience.ts';
import { afresh, firstRoute, lost, missed, nextLine, type Route, silenced } from './route.ts';
import type { Circumstances, Connecting, Effect, Happening, Offline, Opened, Outcome, Ready, State, Waiting } from './state.ts';

export function transition(state: State, event: Happening, at: Circumstances): Outcome {
  if (event.type === 'stop') return state.name === 'closed' ? stay(state) : stop(state);
  if ('line' in event && !('route' in state && state.route.line === event.line)) return stay(state);
  switch (state.name) {
    case 'idle':
      return event.type === 'start' ? connect(firstRoute, at) : stay(state);
    case 'connecting':
      return whileConnecting(state, event, at);
    case 'opened':
      return whileOpened(state, event, at);
    case 'ready':
      return whileReady(state, event, at);
    case 'waiting':
    case 'offline':
      return whileWaiting(state, event, at);
    case 'failed':
      if (event.type === 'alarm') return connect(state.route, at);
      return event.type === 'restart' ? connect({ ...firstRoute, line: state.route.line }, at) : stay(state);
    case 'closed':
      return stay(state);
  }
}

const close: Effect = { do: 'close' };
const tellDown: Effect = { do: 'tell', what: 'down' };

function whileConnecting(state: Connecting, event: Happening, at: Circumstances): Outcome {
  const { route } = state;
  switch (event.type) {
    case 'opened': {
      const alarm = alarmIn(patient(durations.initMs, route), at);
      return { state: { name: 'opened', route, alarm }, effects: [{ do: 'tell', what: 'opened' }] };
    }
    case 'closed':
      return retreat(missed(route, at), [], at);
    case 'alarm':
      return retreat(missed(route, at), [close], at);
    case 'online':
    case 'resumed':
      return stay(hurried(state, at));
    default:
      // Not even `restart` matters: who we are is first said when the line is open.
      return stay(state);
  }
}

function whileOpened(state: Opened, event: Happening, at: Circumstances): Outcome {
  const { route } = state;
  switch (event.type) {
    case 'message':
      return { state, effects: [{ do: 'deliver', message: event.message }] };
    case 'fault':
      return { state, effects: [{ do: 'report', error: event.error }] };
    case 'acknowledged': {
      const alarm = alarmIn(durations.quietMs, at);
      return stay({ name: 'ready', route, alarm, since: at.now, heardAt: at.now, asked: 0 });
    }
    case 'refused':
      return fail(route, [close], at);
    case 'putOff':
      return retreat(lost(route), [close], at);
    case 'closed':
      return retreat(missed(route, at), [], at);
    case 'alarm':
      return retreat(missed(silenced(route), at), [close], at);
    case 'restart':
      return connect(route, at, [close]);
    case 'online':
    case 'resumed':
      return stay(hurried(state, at));
    default:
      return stay(state);
  }
}

function whileReady(state: Ready, event: Happening, at: Circumstances): Outcome {
  switch (event.type) {
    case 'message':
      return { state: answered(state, at), effects: [{ do: 'deliver', message: event.message }] };
    case 'fault':
      return { state: answered(state, at), effects: [{ do: 'report', error: event.error }] };
    case 'heard':
      return stay(answered(state, at));
    case 'alarm':
      return alarmWhileReady(state, at);
    case 'online':
    case 'offline':
    case 'resumed':
      // Whatever the platform says, only the line itself can tell whether it lives.
      return isPressed(state, at) ? stay(state) : ask(state, durations.hurriedMs, at);
    case 'closed':
      return retreat(lost(proven(state, at)), [tellDown], at);
    case 'putOff':
      return retreat(lost(state.route), [close, tellDown], at);
    case 'refused':
      return fail(state.route, [close, tellDown], at);
    case 'restart':
      return connect(proven(state, at), at, [close], [tellDown]);
    default:
      return stay(state);
  }
}

function alarmWhileReady(state: Ready, at: Circumstances): Outcome {
  const isLate = at.now - state.alarm.dueAt > durations.lateMs;
  const silentMs = at.now - state.heardAt;
  // Less than nought: the clock on the wall was put back, and tells nothing.
  if (state.asked === 0 && silentMs >= 0 && silentMs < durations.quietMs) {
    return stay({ ...state, alarm: alarmIn(durations.quietMs - silentMs, at) });
  }
  if (state.asked === 0) return ask(state, isLate ? durations.hurriedMs : durations.answerMs, at);
  // After a sleep the answer may lie unread behind this very timer. So it is asked again, but only once more: in a
  // background tab every timer is late.
  if (state.asked === 1 && isLate) return ask(state, durations.hurriedMs, at);
  return retreat(lost(silenced(proven(state, at))), [close, tellDown], at);
}

function whileWaiting(state: Waiting | Offline, event: Happening, at: Circumstances): Outcome {
  const { route, since } = state;
  switch (event.type) {
    case 'alarm':
      return connect(route, at);
    case 'restart':
      return connect({ ...firstRoute, line: route.line }, at);
    case 'online':
    case 'resumed': {
      // At once, but a network that flickers must not make us hammer the server.
      const restMs = durations.gapMs - Math.max(0, at.now - since);
      if (restMs <= 0) return connect(afresh(route), at);
      const alarm = state.alarm.dueAt - at.now <= restMs ? state.alarm : alarmIn(restMs, at);
      return stay({ name: 'waiting', route: afresh(route), alarm, since });
    }
    case 'offline':
      return state.name === 'offline' ? stay(state) : stay(offline(route, at));
    default:
      return stay(state);
  }
}

const stay = (state: State): Outcome => ({ state, effects: [] });

function stop(state: State): Outcome {
  const hasLine = state.name === 'connecting' || state.name === 'opened' || state.name === 'ready';
  return { state: { name: 'closed' }, effects: hasLine ? [close] : [] };
}

function connect(from: Route, at: Circumstances, before: readonly Effect[] = [], after: readonly Effect[] = []): Outcome {
  const route = nextLine(from);
  const open: Effect = { do: 'open', line: route.line, transport: route.transport };
  return { state: { name: 'connecting', route, alarm: alarmIn(durations.connectMs, at) }, effects: [...before, open, ...after] };
}

/** The line is lost: `route` is how to go on, `effects` what is owed to the old one. */
function retreat(route: Route, effects: readonly Effect[], at: Circumstances): Outcome {
  if (!at.isOnline) return { state: offline(route, at), effects };
  const alarm = alarmIn(backoffMs(route.failures - 1, at.random()), at);
  return { state: { name: 'waiting', route, alarm, since: at.now }, effects };
}

function offline(route: Route, at: Circumstances): Offline {
  return { name: 'offline', route, alarm: alarmIn(spreadMs(durations.offlineMs, at.random()), at), since: at.now };
}

function fail(route: Route, effects: readonly Effect[], at: Circumstances): Outcome {
  return { state: { name: 'failed', route, alarm: alarmIn(spreadMs(durations.refusedMs, at.random()), at) }, effects };
}

function ask(state: Ready, ms: number, at: Circumstances): Outcome {
  const asked = state.asked === 0 ? 1 : 2;
  return { state: { ...state, asked, alarm: alarmIn(patient(ms, state.route), at) }, effects: [{ do: 'ask' }] };
}

/** Any frame tells that the line lives. The alarm is left to ring in vain: setting it anew for each frame would cost more. */
function answered(state: Ready, at: Circumstances): Ready {
  if (state.asked === 0) return { ...state, heardAt: at.now };
  return { ...state, heardAt: at.now, asked: 0, route: { ...state.route, silences: 0 }, alarm: alarmIn(durations.quietMs, at) };
}

/** Something changed while we try: what comes of it must come soon. */
function hurried<S extends Connecting | Opened>(state: S, at: Circumstances): S {
  return isSoon(state, at) ? state : { ...state, alarm: alarmIn(patient(durations.hurriedMs, state.route), at) };
}

/** Asked, and the answer is expected no later than if it were asked now. */
function isPressed(state: Ready, at: Circumstances): boolean {
  return state.asked > 0 && isSoon(state, at);
}

function isSoon({ alarm, route }: Connecting | Opened | Ready, at: Circumstances): boolean {
  return alarm.dueAt - at.now <= patient(durations.hurriedMs, route);
}

function proven(state: Ready, at: Circumstances): Route {
  return at.now - state.since >= durations.stableMs ? { ...state.route, failures: 0 } : state.route;
}
