// A ready session, as the handlers of its messages see it.

import type { ClientMessage } from '../../protocol/client-message.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { App } from './app.ts';
import type { Subscriber } from './subscriber.ts';

export interface SessionContext {
  readonly app: App;
  readonly subscriber: Subscriber;
  /** Writes that wait for their answer. */
  readonly pending: Set<ClientMessage>;
  /** What the session makes the server hold. */
  readonly memory: MemoryBudget;
  /** Of that, for its presence: room id → bytes. */
  readonly presence: Map<string, number>;
  /** And for its queries: key → bytes. */
  readonly queries: Map<string, number>;
  /** Returns how long the text is. */
  readonly send: (message: ServerMessage) => number;
  /** Resolves when most of what was sent was read, or the session has ended; undefined where that cannot be known. */
  readonly drained: (() => Promise<void>) | undefined;
  /** For what goes wrong after the call has returned. */
  readonly reject: (message: ClientMessage, error: unknown) => void;
}

/** Handles a message with durable state, which no failure takes back. What `run` throws is the response. */
export function handleDurable(message: ClientMessage, context: SessionContext, run: () => void): void {
  context.app.ledger.read({ run, reject: (error) => context.reject(message, error) });
}

export function echo(message: ClientMessage): { readonly 'client-event-id': string | null } {
  return { 'client-event-id': message['client-event-id'] ?? null };
}
