// The session with the server: `init` when a connection opens, messages to the state, and what the state must know of a lost connection.

import { Connection } from '../connection/connection.ts';
import type { CloseReason, Transport } from '../connection/transport.ts';
import type { TriplaneError } from '../errors.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { RemoveQuery } from '../protocol/query-messages.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { queryKey } from '../query/key.ts';
import type { ConnectionDetails, ConnectionStatus } from '../types/database.ts';
import { asError, unreachableError } from './client-errors.ts';
import type { ClientContext } from './context.ts';
import { loadRecovery } from './lazy-recovery.ts';
import { limitErrorOf } from './limits.ts';
import { errorOf } from './receive-error.ts';
import { requestKey } from './request-key.ts';
import { receiveMessage } from './receive.ts';
import type { Recovery } from './recovery.ts';
import { envOf } from './state.ts';

/** Failed attempts before queries without a result say so. A server that was there is probably restarting. */
const attemptsAtFirst = 2;
const attemptsAfterSession = 6;

/** What every server answers. */
const isAnswered = /^(add|remove)-query$|^transact$|-(room|presence|broadcast)$/;

/** The server is restarting or overloaded, or the client asked for it: no request is the cause. */
const isHarmless = (code: number): boolean => [1000, 1001, 1008, 1012, 1013].includes(code);

/** An error that neither names a request nor repeats it. */
function isUnnamedRejection(message: ServerMessage): message is ErrorMessage {
  if (message.op !== 'error' || typeof message['client-event-id'] === 'string') return false;
  return message['original-event']?.['op'] === undefined && (message.status ?? 500) < 500;
}

export class Uplink {
  readonly #context: ClientContext;
  readonly #connection: Connection;
  /** Sent over this connection, and not answered. */
  readonly #unanswered = new Map<string, ClientMessage>();
  /** The requests in flight when a connection was lost last, as far as they are unanswered. */
  #lost = new Set<string>();
  /** From the first request on that the server may not take. */
  #recovery: Recovery | undefined;
  /** Connection attempts in a row without a session. */
  #failedAttempts = 0;
  #hadSession = false;
  /** The server responded to the current attempt. */
  #hasResponse = false;

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
        closed: (why) => this.#onLost(why),
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
    if (!this.isReady || (message.op === 'remove-query' && !this.#drop(message))) return;
    const error = limitErrorOf(message, this.#context.state.session.limits);
    // The query was refused for its size, so the server does not have it.
    if (error && message.op === 'remove-query') return;
    // Asynchronous: what follows may send messages, which must not overtake the ones that are being sent.
    if (error) this.#recover((recovery) => recovery.refuse(message, error));
    else if (this.#recovery) this.#recovery.send(message);
    else this.#transmit(message);
  }

  /** The server accepted `init`. */
  ready(): void {
    this.#recovery?.onSession();
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
    this.#recovery?.clear();
    return this.#connection.stop();
  }

  /** Nobody waits for the result of this query any longer, so nothing else waits for it either. Whether the server has to be told. */
  #drop({ q }: RemoveQuery): boolean {
    const key = queryKey(q);
    const isDropped = (message: ClientMessage): boolean => message.op === 'add-query' && queryKey(message.q) === key;
    for (const [eventId, message] of this.#unanswered) if (isDropped(message)) this.#unanswered.delete(eventId);
    return this.#recovery?.drop(isDropped) ?? true;
  }

  #transmit(message: ClientMessage): void {
    const { 'client-event-id': eventId, op } = message;
    if (typeof eventId === 'string' && isAnswered.test(op)) this.#unanswered.set(eventId, message);
    this.#context.events.emit('fact', 'said', message);
    this.#connection.send(message);
  }

  #recover(run: (recovery: Recovery) => void): void {
    loadRecovery()
      .then(({ Recovery }) => {
        this.#recovery ??= new Recovery(this.#context, this.#unanswered, {
          send: (message) => this.#transmit(message),
          restart: () => this.restart(),
        });
        run(this.#recovery);
      })
      .catch((error: unknown) => this.#context.report(asError(error)));
  }

  /** One lost connection is normal; and what is the cause of several was in flight each time. */
  #onLost({ code, message }: CloseReason): void {
    if ((this.#unanswered.size === 0 && !message) || isHarmless(code) || !this.#context.config.network.isOnline()) return;
    const unanswered = [...this.#unanswered.values()];
    const keys = unanswered.map(requestKey);
    const suspects = new Set(keys.filter((key) => this.#lost.has(key)));
    this.#lost = new Set(keys);
    if (suspects.size > 0 || code === 1009 || message) {
      this.#recover((recovery) => recovery.onLost(code, unanswered, suspects, message));
    }
  }

  #onAnswer(eventId: string): void {
    const answered = this.#unanswered.get(eventId);
    if (!answered) return;
    this.#unanswered.delete(eventId);
    if (this.#lost.size > 0) this.#lost.delete(requestKey(answered));
    this.#recovery?.onAnswer(answered);
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
    this.#hasResponse = true;
    if (isUnnamedRejection(message) && this.#unanswered.size > 0) {
      const [error, unanswered] = [errorOf(message), [...this.#unanswered.values()]];
      return this.#recover((recovery) => recovery.onUnnamedRejection(error, unanswered));
    }
    this.#context.run(receiveMessage(state, message, envOf(config)));
    if ('client-event-id' in message) this.#onAnswer(message['client-event-id'] ?? '');
  }

  #onDisconnect(): void {
    this.#recovery?.clear();
    this.#unanswered.clear();
    const { outbox, queries, features } = this.#context.state;
    outbox.onDisconnect();
    queries.onDisconnect();
    this.#context.run(features.collect((feature) => feature.onDisconnect()));
  }

  #onStatus(status: ConnectionStatus): void {
    const { config, events, isOpen } = this.#context;
    events.emit('status', status, this.#details());
    events.emit('fact', 'status', status);
    if (status === 'authenticated') {
      this.#failedAttempts = 0;
      this.#hadSession = true;
    }
    if (status !== 'closed' || !isOpen || !config.network.isOnline()) return;
    // One lost connection is normal. That the next attempt fails too is reported, once.
    const error = unreachableError(config.serverName);
    if (++this.#failedAttempts === 2) this.#context.report(error);
    const hadResponse = this.#hasResponse;
    this.#hasResponse = false;
    if (hadResponse || this.#failedAttempts < (this.#hadSession ? attemptsAfterSession : attemptsAtFirst)) return;
    this.#context.run(this.#context.state.queries.onUnreachable(error));
  }
}
