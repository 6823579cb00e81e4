// A ready session, as those who answer it see it, and how they answer.

import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { App } from './app.ts';
import type { Listener } from './listener.ts';

export interface Here {
  readonly app: App;
  readonly listener: Listener;
  /** Writes that wait for their answer. */
  readonly pending: Set<ClientMessage>;
  readonly say: (message: ServerMessage) => void;
  /** For what goes wrong after the call has returned. */
  readonly refuse: (message: ClientMessage, error: unknown) => void;
}

/** Nobody is told what could still be lost. */
export function whenDurable(message: ClientMessage, here: Here, run: () => void): void {
  here.app.ledger.read({
    run: () => {
      try {
        run();
      } catch (error) {
        here.refuse(message, error);
      }
    },
    refuse: (error) => here.refuse(message, error),
  });
}

export function echo(message: ClientMessage): { readonly 'client-event-id': string | null } {
  return { 'client-event-id': message['client-event-id'] ?? null };
}
