// The session with the server: `init` when a connection opens, messages to the state, and what the state must know of a lost connection.

import { Connection } from '../connection/connection.ts';
import type { Transport } from '../connection/transport.ts';
import type { TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { unreachableError } from './client-errors.ts';
import type { ClientContext } from './context.ts';
import { InFlight, isUnnamedRejection, keyOf } from './in-flight.ts';
import { limitErrorOf } from './limits.ts';
import { errorOf } from './receive-error.ts';
import { receiveMessage } from './receive.ts';
import { setAside } from './set-aside.ts';
import { envOf } from './state.ts';

/** Failed attempts before queries without a result say so. A server that was there is probably restarting. */
const attemptsAtFirst = 2;
const attemptsAfterSession = 6;

export class Uplink {
  readonly #context: ClientContext;
  readonly #connection: Connection;
  readonly #inFlight: InFlight;
  /** Requests that no server took: not sent again. */
  readonly #setAside = new Map<string, TriplaneError>();
  /** Connection attempts in a row without a session. */
  #failedAttempts = 0;
  #hadSession = false;
  /** The current attempt found the server. */
  #isReached = false;

  /** @param transports the first is preferred */
  constructor(context: ClientContext, transports: readonly Transport[]) {
    const { config, state } = context;
    const { random } = config;
    const probe = (): RemoveQuery => ({ op: 'remove-query', 'client-event-id': random.eventId(), q: { $$probe: {} } });
    this.#context = context;
    this.#inFlight = new InFlight(config.clock, {
      send: (message) => this.#transmit(message),
      blame: (message, error) => this.#onBlamed(message, error),
    });
    this.#connection = new Connection(
      { ...config, transports, probe },
      {
        opened: () => this.send(state.session.init(random.eventId())),
        message: (message) => this.#onMessage(message),
        closed: ({ code }) => config.network.isOnline() && this.#inFlight.onClosed(code),
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
    if (message.op === 'init') return this.#transmit(message);
    if (!this.isReady) return;
    const error = this.#setAside.get(keyOf(message)) ?? limitErrorOf(message, this.#context.state.session.limits);
    if (error) this.#reject(message, error);
    else this.#inFlight.send(message);
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
    this.#inFlight.clear();
    return this.#connection.stop();
  }

  #transmit(message: ClientMessage): void {
    this.#context.events.emit('fact', 'said', message);
    this.#connection.send(message);
  }

  #onBlamed(message: ClientMessage, error: TriplaneError): void {
    // A write leaves the outbox, and presence its room; a query stays open, and would be sent again.
    if (message.op === 'add-query') this.#setAside.set(keyOf(message), error);
    this.#reject(message, error);
  }

  /** In a microtask: what follows may send messages, which must not overtake the ones that are being sent. */
  #reject(message: ClientMessage, error: TriplaneError): void {
    queueMicrotask(() => {
      const { state, config, isOpen } = this.#context;
      if (isOpen) this.#context.run(setAside(state, message, error, envOf(config)));
    });
  }

  #onMessage(message: ServerMessage): void {
    const { events, state, config } = this.#context;
    events.emit('fact', 'heard', message);
    if (isUnnamedRejection(message)) {
      const follows = this.#inFlight.onUnnamedRejection(errorOf(message));
      if (follows === 'restart') this.restart();
      if (follows) return;
    }
    this.#context.run(receiveMessage(state, message, envOf(config)));
    this.#inFlight.onMessage(message);
  }

  #onDisconnect(): void {
    this.#inFlight.clear();
    const { outbox, queries, features } = this.#context.state;
    outbox.onDisconnect();
    queries.onDisconnect();
    this.#context.run(features.collect((feature) => feature.onDisconnect()));
  }

  #onStatus(status: ConnectionStatus): void {
    const { config, events, isOpen } = this.#context;
    events.emit('status', status);
    events.emit('fact', 'status', status);
    if (status === 'opened') this.#isReached = true;
    if (status === 'authenticated') {
      this.#failedAttempts = 0;
      this.#hadSession = true;
    }
    if (status !== 'closed' || !isOpen || !config.network.isOnline()) return;
    // One lost connection is normal. That the next attempt fails too is reported, once.
    const error = unreachableError(config.serverName);
    if (++this.#failedAttempts === 2) this.#context.report(error);
    const wasReached = this.#isReached;
    this.#isReached = false;
    if (wasReached || this.#failedAttempts < (this.#hadSession ? attemptsAfterSession : attemptsAtFirst)) return;
    this.#context.run(this.#context.state.queries.onUnreachable(error));
  }
}
