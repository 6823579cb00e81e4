// What a connection can be in, what can happen to it, and what it can ask to be done: the words of machine.ts, which
// has the rules and the picture.

import type { ConnectionStatus } from '../types/database.ts';
import type { StateTimer } from './timeouts.ts';
import { initialChoice, type TransportChoice } from './transport-choice.ts';

export type StateName = 'idle' | 'connecting' | 'opened' | 'ready' | 'waiting' | 'offline' | 'failed' | 'closed';

export interface State extends TransportChoice {
  readonly name: StateName;
  /** Its one timer. */
  readonly timer: StateTimer | undefined;
  /** When it came to be. */
  readonly since: number;
  /** When the line was last heard; only `ready` looks at it, and at `asked`. */
  readonly receivedAt: number;
  /** Questions asked since then, unanswered. */
  readonly probes: number;
}

export const idle: State = { ...initialChoice, name: 'idle', timer: undefined, since: 0, receivedAt: 0, probes: 0 };

export type Event =
  | { readonly type: 'start' | 'stop' | 'restart' }
  | { readonly type: 'opened' | 'closed'; readonly channel: number }
  /** Anything the server said: `tell` hands it on. */
  | { readonly type: 'heard'; readonly channel: number; readonly deliver: () => void }
  /** `init` was accepted; refused, and will be again; not dealt with, for a reason that may pass. */
  | { readonly type: 'acknowledged' | 'refused' | 'putOff' }
  | { readonly type: 'online' | 'offline' | 'resumed' }
  | { readonly type: 'alarm' };

/**
 * `close` the line, `open` the next, `ask` what every server answers; `tell` what was heard, that the line is `opened`, that a
 * ready one is `down`. What it is about stands in the state and in what happened.
 */
export type Command = 'close' | 'open' | 'ask' | 'tell' | 'opened' | 'down';

export interface Env {
  readonly now: number;
  readonly random: () => number;
  readonly isOnline: boolean;
  /** How many transports there are. */
  readonly transports: number;
}

export interface Transition {
  readonly state: State;
  readonly commands: readonly Command[];
}

/** The word the user is told. */
export function statusOf({ name }: State): ConnectionStatus {
  return statusByState[name] ?? 'closed';
}

const statusByState: Readonly<Partial<Record<StateName, ConnectionStatus>>> = {
  idle: 'connecting',
  connecting: 'connecting',
  opened: 'opened',
  ready: 'authenticated',
  failed: 'errored',
};
