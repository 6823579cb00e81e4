// The state of a ready session that message handlers use.

import type { ClientMessage } from '../../protocol/client-message.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { App } from './app.ts';
import type { Subscriber } from './subscriber.ts';

export interface SessionContext {
  readonly app: App;
  readonly subscriber: Subscriber;
  /** Writes that wait for their result. */
  readonly pending: Set<ClientMessage>;
  /** Memory occupied by the session. */
  readonly memory: MemoryBudget;
  /** Its share for presence: room id → bytes. */
  readonly presence: Map<string, number>;
  /** Its share for queries: key → bytes. */
  readonly queries: Map<string, number>;
  /** Returns the length of the text sent. */
  readonly send: (message: ServerMessage) => number;
  /** Resolves when the client has read most of the output or the session has ended; undefined if the transport cannot tell. */
  readonly drained: (() => Promise<void>) | undefined;
  /** Reports failures after the call has returned. */
  readonly reject: (message: ClientMessage, error: unknown) => void;
}

/** Handles a message with durable state, which no later failure undoes. An exception of `run` becomes the error response. */
export function handleDurable(message: ClientMessage, context: SessionContext, run: () => void): void {
  context.app.ledger.read({ run, reject: (error) => context.reject(message, error) });
}

export function echo(message: ClientMessage): { readonly 'client-event-id': string | null } {
  return { 'client-event-id': message['client-event-id'] ?? null };
}
