// The session with the server: `init` when a connection opens, messages to the state, and what the state must know of a lost connection.

import { Connection } from '../connection/connection.ts';
import type { Transport } from '../connection/transport.ts';
import type { TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionDetails, ConnectionStatus } from '../types/database.ts';
import { unreachableError } from './client-errors.ts';
import type { ClientContext } from './context.ts';
import { receiveMessage } from './receive.ts';

export class Uplink {
  readonly #context: ClientContext;
  readonly #connection: Connection;
  /** Connection attempts in a row without a session. */
  #failedAttempts = 0;

  /** @param transports the first is preferred */
  constructor(context: ClientContext, transports: readonly Transport[]) {
    const { config, state } = context;
    const { random } = config;
    const probe = (): RemoveQuery => ({ op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } });
    this.#context = context;
    this.#connection = new Connection(
      { ...config, transports, probe },
      {
        opened: () => this.send(state.session.init(random.eventId())),
        message: (message) => this.#onMessage(message),
        down: () => this.#onDisconnect(),
        status: (status) => this.#onStatus(status),
        fault: (error) => context.report(error),
      },
    );
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  start(): void {
    this.#connection.start();
  }

  /** Nothing is sent over a connection that was lost meanwhile: the state sends everything again in the next session. */
  send(message: ClientMessage): void {
    if (message.op !== 'init' && !this.isReady) return;
    this.#context.events.emit('fact', 'said', message);
    this.#connection.send(message);
  }

  /** The server accepted `init`. */
  ready(): void {
    this.#connection.ready();
  }

  /** The server rejected `init`. */
  rejected(error: TriplaneError): void {
    this.#connection.rejected(error);
  }

  /** Replaces the session by a new one, of the user who is signed in now. */
  restart(): void {
    this.#connection.restart();
  }

  /** Ends the session for good. Nothing is sent from now on; the promise resolves when the connection is closed. */
  stop(): Promise<void> {
    return this.#connection.stop();
  }

  /** Tells the status again: what comes with it has changed. */
  announce(): void {
    this.#context.events.emit('status', this.status, this.#details());
  }

  #details(): ConnectionDetails {
    const { session, receipts } = this.#context.state;
    return { isExactlyOnce: this.isReady ? receipts.isInUse || session.capabilities['deduplicates-transactions'] === true : undefined };
  }

  #onMessage(message: ServerMessage): void {
    const { events, state, config } = this.#context;
    events.emit('fact', 'heard', message);
    this.#context.run(receiveMessage(state, message, { nowMs: config.clock.now(), random: config.random }));
  }

  #onDisconnect(): void {
    const { outbox, queries, features } = this.#context.state;
    outbox.onDisconnect();
    queries.onDisconnect();
    this.#context.run(features.collect((feature) => feature.onDisconnect()));
  }

  #onStatus(status: ConnectionStatus): void {
    const { config, events, isOpen } = this.#context;
    events.emit('status', status, this.#details());
    events.emit('fact', 'status', status);
    if (status === 'authenticated') this.#failedAttempts = 0;
    if (status !== 'closed' || !isOpen || !config.network.isOnline()) return;
    // One lost connection is normal. That the next attempt fails too is reported, once.
    if (++this.#failedAttempts === 2) this.#context.report(unreachableError(config.serverName));
  }
}
