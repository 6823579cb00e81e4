// The states, events and commands of the connection machine. The rules and the diagram are in machine.ts.

import type { TriplaneError } from '../errors.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionStatus } from '../types/database.ts';
import type { StateTimer } from './timeouts.ts';
import { initialChoice, type TransportChoice } from './transport-choice.ts';

export type StateName = 'idle' | 'connecting' | 'opened' | 'ready' | 'waiting' | 'offline' | 'failed' | 'closed';

export interface State extends TransportChoice {
  readonly name: StateName;
  /** The timer of this state. */
  readonly timer: StateTimer | undefined;
  /** When the state was entered. */
  readonly since: number;
  /** When the last frame arrived; only used in `ready`. */
  readonly receivedAt: number;
  /** Probes sent since then without a response. */
  readonly probes: number;
}

export const idle: State = { ...initialChoice, name: 'idle', timer: undefined, since: 0, receivedAt: 0, probes: 0 };

export type Event =
  | { readonly type: 'start' | 'stop' | 'restart' }
  | { readonly type: 'opened' | 'closed'; readonly channel: number }
  /** From the server: a message, a malformed frame, or a frame without known messages. The command `deliver` passes it on. */
  | { readonly type: 'received'; readonly channel: number; readonly message?: ServerMessage; readonly fault?: TriplaneError }
  /** `init` was acknowledged, rejected for good, or deferred for a temporary reason. */
  | { readonly type: 'acknowledged' | 'rejected' | 'deferred' }
  | { readonly type: 'online' | 'offline' | 'resumed' }
  | { readonly type: 'timer' };

/**
 * Commands: `close` the channel, `open` the next one, send a `probe`, `deliver` the received frame; notify the owner that the channel is
 * `opened`, or that a ready one is `down`. Their parameters are in the state and the event.
 */
export type Command = 'close' | 'open' | 'probe' | 'deliver' | 'opened' | 'down';

export interface Env {
  /** Of the wall clock, which may jump: a state machine that is told of a jump sends a probe too many at worst. */
  readonly now: number;
  readonly random: () => number;
  readonly isOnline: boolean;
  /** The number of transports. */
  readonly transports: number;
}

export interface Transition {
  readonly state: State;
  readonly commands: readonly Command[];
}

/** The public status of a state. */
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
