// What a connection can be in, what can happen to it, and what it can ask to be done: the words of machine.ts, which
// has the rules and the picture.

import type { ConnectionStatus } from '../types/database.ts';
import type { Alarm } from './patience.ts';
import { firstRoute, type Route } from './route.ts';

export type StateName = 'idle' | 'connecting' | 'opened' | 'ready' | 'waiting' | 'offline' | 'failed' | 'closed';

export interface State extends Route {
  readonly name: StateName;
  /** Its one timer. */
  readonly alarm: Alarm | undefined;
  /** When it came to be. */
  readonly since: number;
  /** When the line was last heard; only `ready` looks at it, and at `asked`. */
  readonly heardAt: number;
  /** Questions asked since then, unanswered. */
  readonly asked: number;
}

export const idle: State = { ...firstRoute, name: 'idle', alarm: undefined, since: 0, heardAt: 0, asked: 0 };

export type Happening =
  | { readonly type: 'start' | 'stop' | 'restart' }
  | { readonly type: 'opened' | 'closed'; readonly line: number }
  /** Anything the server said: `tell` hands it on. */
  | { readonly type: 'heard'; readonly line: number; readonly tell: () => void }
  /** `init` was accepted; refused, and will be again; not dealt with, for a reason that may pass. */
  | { readonly type: 'acknowledged' | 'refused' | 'putOff' }
  | { readonly type: 'online' | 'offline' | 'resumed' }
  | { readonly type: 'alarm' };

/**
 * `close` the line, `open` the next, `ask` what every server answers; `tell` what was heard, that the line is `opened`, that a
 * ready one is `down`. What it is about stands in the state and in what happened.
 */
export type Effect = 'close' | 'open' | 'ask' | 'tell' | 'opened' | 'down';

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
export function statusOf({ name }: State): ConnectionStatus {
  return words[name] ?? 'closed';
}

const words: Readonly<Partial<Record<StateName, ConnectionStatus>>> = {
  idle: 'connecting',
  connecting: 'connecting',
  opened: 'opened',
  ready: 'authenticated',
  failed: 'errored',
};
