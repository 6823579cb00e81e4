// What a connection can be in, what can happen to it, and what it can ask to be done: the words of machine.ts, which
// has the rules and the picture.

import type { TriplaneError } from '../errors.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionStatus } from '../types/database.ts';
import type { Alarm } from './patience.ts';
import type { Route } from './route.ts';

interface Timed {
  readonly route: Route;
  readonly alarm: Alarm;
}

export interface Connecting extends Timed {
  readonly name: 'connecting';
}

/** The socket is open; `init` is on its way. */
export interface Opened extends Timed {
  readonly name: 'opened';
}

export interface Ready extends Timed {
  readonly name: 'ready';
  readonly since: number;
  readonly heardAt: number;
  /** Questions asked since then, unanswered. */
  readonly asked: 0 | 1 | 2;
}

export interface Waiting extends Timed {
  readonly name: 'waiting';
  readonly since: number;
}

export interface Offline extends Timed {
  readonly name: 'offline';
  readonly since: number;
}

interface Failed extends Timed {
  readonly name: 'failed';
}

export type State = { readonly name: 'idle' } | Connecting | Opened | Ready | Waiting | Offline | Failed | { readonly name: 'closed' };

export type Happening =
  | { readonly type: 'start' | 'stop' | 'restart' }
  | { readonly type: 'opened'; readonly line: number }
  | { readonly type: 'message'; readonly line: number; readonly message: ServerMessage }
  | { readonly type: 'heard'; readonly line: number }
  | { readonly type: 'fault'; readonly line: number; readonly error: TriplaneError }
  | { readonly type: 'closed'; readonly line: number }
  /** `init` was accepted; refused, and will be again; not dealt with, for a reason that may pass. */
  | { readonly type: 'acknowledged' | 'refused' | 'putOff' }
  | { readonly type: 'online' | 'offline' | 'resumed' }
  | { readonly type: 'alarm' };

export type Effect =
  | { readonly do: 'open'; readonly line: number; readonly transport: number }
  | { readonly do: 'close' }
  /** Send what every server answers. */
  | { readonly do: 'ask' }
  | { readonly do: 'tell'; readonly what: 'opened' | 'down' }
  | { readonly do: 'deliver'; readonly message: ServerMessage }
  | { readonly do: 'report'; readonly error: TriplaneError };

export interface Circumstances {
  readonly now: number;
  readonly random: () => number;
  readonly isOnline: boolean;
  /** How many transports there are. */
  readonly transports: number;
}

export interface Outcome {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** The word the user is told. */
export function statusOf(state: State): ConnectionStatus {
  return words[state.name];
}

const words: Readonly<Record<State['name'], ConnectionStatus>> = {
  idle: 'connecting',
  connecting: 'connecting',
  opened: 'opened',
  ready: 'authenticated',
  waiting: 'closed',
  offline: 'closed',
  failed: 'errored',
  closed: 'closed',
};

export function alarmOf(state: State): Alarm | undefined {
  return 'alarm' in state ? state.alarm : undefined;
}
