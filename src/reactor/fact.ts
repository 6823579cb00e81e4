// What goes on at the Reactor's edge, as it is: the raw material of `db.on`. Told as arguments, so that it costs nothing where nobody listens.

import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Edit } from '../storage/key-value.ts';
import type { User } from '../types/auth.ts';
import type { ConnectionStatus } from '../types/database.ts';
import type { Effect } from './effect.ts';

export type Fact =
  | readonly [name: 'effect', effect: Effect]
  | readonly [name: 'said', message: ClientMessage]
  | readonly [name: 'heard', message: ServerMessage]
  | readonly [name: 'saved', edits: readonly Edit[]]
  | readonly [name: 'status', status: ConnectionStatus]
  | readonly [name: 'auth', user: User | undefined]
  | readonly [name: 'tab', news: unknown]
  | readonly [name: 'error', error: Error];

/** With when it happened. */
export type DatedFact = readonly [atMs: number, ...Fact];
