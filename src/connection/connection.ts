// Runs the machine with one transport at a time and one timer. All rules are in machine.ts; this class runs its commands and dispatches
// events to it. The owner speaks the protocol: it sends `init` on `opened` and calls `ready` or `rejected` depending on the response.

import { TriplaneError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { errorOf, textOf } from '../lib/thrown.ts';
import type { Random } from '../lib/random.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { transition } from './machine.ts';
import type { Network } from './network.ts';
import { type Command, type Event, idle, type State, statusOf } from './state.ts';
import type { Channel, ChannelEvents, CloseReason, Transport } from './transport.ts';

export interface ConnectionConfig {
  /** In order of preference; fallbacks are for networks that block the first one. */
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly log: Log;
  /** A message that every server responds to and that changes nothing. PROTOCOL.md#remove-query */
  readonly probe: () => ClientMessage;
}

export interface ConnectionEvents {
  /** The owner responds with `send(init)`. */
  opened(): void;
  /** Messages of the current channel only, in wire order. */
  message(message: ServerMessage): void;
  /** The server or the network closed a ready connection; `down` follows. */
  closed?(why: CloseReason): void;
  /** A ready connection was lost or given up by `restart`; not called after `stop`. */
  down(): void;
  status(status: ConnectionStatus): void;
  /** An error the connection recovers from by itself. */
  fault(error: TriplaneError): void;
}

export class Connection {
  readonly #config: ConnectionConfig;
  readonly #on: ConnectionEvents;
  #state: State = idle;
  #channel: Channel | undefined;
  #timer: Timer | undefined;
  #notifiedStatus: ConnectionStatus = 'connecting';
  #unsubscribeNetwork: (() => void) | undefined;
  /** Settles once all abandoned channels are closed. */
  #closing: Promise<unknown> | undefined;

  constructor(config: ConnectionConfig, on: ConnectionEvents) {
    this.#config = config;
    this.#on = on;
  }

  start(): void {
    if (this.#state.name !== 'idle') return;
    this.#unsubscribeNetwork = this.#config.network.subscribe((type) => this.#dispatch({ type }));
    this.#dispatch({ type: 'start' });
  }

  /** Stops for good: no timer or listener remains, and no socket once the promise resolves. */
  async stop(): Promise<void> {
    this.#unsubscribeNetwork?.();
    this.#dispatch({ type: 'stop' });
    await this.#closing;
  }

  /** Opens a new channel at once, for the session of another user. No effect on a connection that was never started. */
  restart(): void {
    this.#dispatch({ type: 'restart' });
  }

  /** Call when the server has accepted `init`. */
  ready(): void {
    this.#dispatch({ type: 'acknowledged' });
  }

  /** Call when `init` failed. After a server error the connection retries soon, after a rejection in a minute. */
  rejected(error: TriplaneError): void {
    this.#dispatch({ type: error.code === 'refused' ? 'rejected' : 'deferred' });
  }

  /**
   * A channel that cannot send is given up, as if it had closed: the caller never sees its errors.
   *
   * @throws TriplaneError 'unreachable' unless the session is ready; `init` may be sent once the channel is open
   * @throws TriplaneError 'frame-malformed' if the message cannot be encoded
   */
  send(message: ClientMessage): void {
    const isAllowed = this.isReady || (this.#state.name === 'opened' && message.op === 'init');
    if (!isAllowed || !this.#channel) {
      throw new TriplaneError('unreachable', `Cannot send '${message.op}': the connection is ${this.#state.name}`);
    }
    try {
      this.#channel.send(message);
    } catch (error) {
      if (error instanceof TriplaneError && error.code === 'frame-malformed') throw error;
      this.#config.log.debug('connection', `Cannot send '${message.op}'`, error);
      this.#dispatch({ type: 'deferred' });
    }
  }

  get isReady(): boolean {
    return this.#state.name === 'ready';
  }

  get status(): ConnectionStatus {
    return statusOf(this.#state);
  }

  #dispatch(event: Event): void {
    const { clock, random, network, transports, log } = this.#config;
    // By the wall clock: in most browsers the monotonic one stands still while the machine sleeps, which is what must be noticed.
    const env = { now: clock.now(), random: () => random.next(), isOnline: network.isOnline(), transports: transports.length };
    const before = this.#state;
    const { state, commands } = transition(before, event, env);
    this.#state = state;
    if (state.name !== before.name) log.debug('connection', before.name, event.type, state.name);
    // Leaving a state clears its timer: there is never more than one.
    if (state.timer !== before.timer) {
      clock.clearTimeout(this.#timer);
      this.#timer = state.timer && clock.setTimeout(() => this.#dispatch({ type: 'timer' }), state.timer.ms);
    }
    for (const command of commands) this.#run(command, event);
    this.#notifyStatus();
  }

  #run(command: Command, event: Event): void {
    switch (command) {
      case 'close':
        this.#closing = Promise.allSettled([this.#closing, this.#channel?.close()]).then(() => {});
        return;
      case 'open':
        return this.#open(this.#state);
      case 'probe':
        return this.#probeServer();
      case 'deliver':
        return this.#deliver(event);
      default:
        return this.#on[command]();
    }
  }

  #open({ channel, transport }: State): void {
    this.#channel = undefined;
    try {
      this.#channel = this.#config.transports[transport]?.open(this.#channelEvents(channel));
    } catch (cause) {
      const error = errorOf(cause);
      this.#on.fault(
        error instanceof TriplaneError
          ? error
          : new TriplaneError('unreachable', `Could not open a connection: ${textOf(error)}`, { cause }),
      );
      this.#dispatch({ type: 'closed', channel });
    }
  }

  #channelEvents(channel: number): ChannelEvents {
    return {
      opened: () => this.#dispatch({ type: 'opened', channel }),
      message: (message) => this.#dispatch({ type: 'received', channel, message }),
      activity: () => this.#dispatch({ type: 'received', channel }),
      fault: (fault) => this.#dispatch({ type: 'received', channel, fault }),
      closed: (why) => {
        this.#config.log.debug('connection', `channel ${channel} closed`, why.code, why.reason);
        if (this.isReady && channel === this.#state.channel) this.#on.closed?.(why);
        this.#dispatch({ type: 'closed', channel });
      },
    };
  }

  /** A channel that cannot send a probe is known to be dead. */
  #probeServer(): void {
    try {
      this.#channel?.send(this.#config.probe());
    } catch (error) {
      this.#config.log.debug('connection', 'cannot send a probe', error);
      this.#dispatch({ type: 'deferred' });
    }
  }

  /** An exception while handling one message must not prevent the next from being handled. */
  #deliver(event: Event): void {
    if (event.type !== 'received') return;
    const { message, fault } = event;
    if (fault) this.#on.fault(fault);
    if (!message) return;
    try {
      this.#on.message(message);
    } catch (cause) {
      this.#on.fault(new TriplaneError('frame-malformed', `Handling '${message.op}' failed`, { cause }));
    }
  }

  #notifyStatus(): void {
    const status = this.status;
    if (status === this.#notifiedStatus) return;
    this.#notifiedStatus = status;
    this.#on.status(status);
  }
}
