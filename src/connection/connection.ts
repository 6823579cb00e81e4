// Runs the machine: one transport at a time, one timer, one voice. All rules are in machine.ts; here what it orders is
// done, and what happens is told to it. Who says what on the line is the owner's affair: it sends `init` when told
// `opened`, and calls `ready` or `refused` by the answer.

import { TriplaneError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { ConnectionStatus } from '../types/database.ts';
import { transition } from './machine.ts';
import type { Network } from './network.ts';
import { type Command, type Event, idle, type State, statusOf } from './state.ts';
import type { Channel, ChannelEvents, Transport } from './transport.ts';

export interface ConnectionConfig {
  /** The first is the best; the others are for networks that do not let it through. */
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly log: Log;
  /** A message that every server answers and that changes nothing. PROTOCOL.md#remove-query */
  readonly probe: () => ClientMessage;
}

export interface ConnectionEvents {
  /** To be answered with `send(init)`. */
  opened(): void;
  /** Of the current line only, in the order of the wire. */
  message(message: ServerMessage): void;
  /** The line of a ready session was lost, or given up by `restart`; not told after `stop`. */
  down(): void;
  status(status: ConnectionStatus): void;
  /** Something went wrong that the connection gets over by itself. */
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
  /** Settled once the lines that were given up are gone. */
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

  /** For good: no timer or listener is left, and no socket once it resolves. */
  async stop(): Promise<void> {
    this.#unsubscribeNetwork?.();
    this.#dispatch({ type: 'stop' });
    await this.#closing;
  }

  /** A new line at once, for a session of someone else. Does not start a connection that was never started. */
  restart(): void {
    this.#dispatch({ type: 'restart' });
  }

  /** `init` was accepted. */
  ready(): void {
    this.#dispatch({ type: 'acknowledged' });
  }

  /** `init` was not accepted. A server that failed is asked again soon, one that said no after a minute. */
  rejected(error: TriplaneError): void {
    this.#dispatch({ type: error.code === 'refused' ? 'refused' : 'putOff' });
  }

  /** @throws TriplaneError 'unreachable' unless the session is ready; `init` may be said as soon as the line is opened */
  send(message: ClientMessage): void {
    const isAllowed = this.isReady || (this.#state.name === 'opened' && message.op === 'init');
    if (!isAllowed || !this.#channel) {
      throw new TriplaneError('unreachable', `'${message.op}' cannot be sent: the connection is ${this.#state.name}`);
    }
    this.#channel.send(message);
  }

  get isReady(): boolean {
    return this.#state.name === 'ready';
  }

  get status(): ConnectionStatus {
    return statusOf(this.#state);
  }

  #dispatch(event: Event): void {
    const { clock, random, network, transports, log } = this.#config;
    const env = { now: clock.now(), random: () => random.next(), isOnline: network.isOnline(), transports: transports.length };
    const before = this.#state;
    const { state, commands } = transition(before, event, env);
    this.#state = state;
    if (state.name !== before.name) log.debug('connection', before.name, event.type, state.name);
    // Leaving a state cancels its timer: there is never more than this one.
    if (state.timer !== before.timer) {
      clock.clearTimeout(this.#timer);
      this.#timer = state.timer && clock.setTimeout(() => this.#dispatch({ type: 'alarm' }), state.timer.ms);
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
      case 'ask':
        return this.#probeServer();
      case 'tell':
        if (event.type === 'heard') event.deliver();
        return;
      default:
        return this.#on[command]();
    }
  }

  #open({ channel, transport }: State): void {
    this.#channel = undefined;
    try {
      this.#channel = this.#config.transports[transport]?.open(this.#channelEvents(channel));
    } catch (cause) {
      this.#on.fault(
        cause instanceof TriplaneError ? cause : new TriplaneError('unreachable', `A line cannot be opened: ${String(cause)}`, { cause }),
      );
      this.#dispatch({ type: 'closed', channel });
    }
  }

  #channelEvents(channel: number): ChannelEvents {
    const dispatchReceived = (deliver: () => void): void => this.#dispatch({ type: 'heard', channel, deliver });
    return {
      opened: () => this.#dispatch({ type: 'opened', channel }),
      message: (message) => dispatchReceived(() => this.#deliver(message)),
      activity: () => dispatchReceived(() => {}),
      fault: (error) => dispatchReceived(() => this.#on.fault(error)),
      closed: ({ code, reason }) => {
        this.#config.log.debug('connection', `line ${channel} closed`, code, reason);
        this.#dispatch({ type: 'closed', channel });
      },
    };
  }

  /** A line that cannot even be asked needs no more time to be found dead. */
  #probeServer(): void {
    try {
      this.#channel?.send(this.#config.probe());
    } catch (error) {
      this.#config.log.debug('connection', 'cannot ask', error);
      this.#dispatch({ type: 'putOff' });
    }
  }

  /** What one message does to its taker must not keep the next from being taken. */
  #deliver(message: ServerMessage): void {
    try {
      this.#on.message(message);
    } catch (cause) {
      this.#on.fault(new TriplaneError('frame-malformed', `'${message.op}' could not be taken`, { cause }));
    }
  }

  #notifyStatus(): void {
    const status = this.status;
    if (status === this.#notifiedStatus) return;
    this.#notifiedStatus = status;
    this.#on.status(status);
  }
}
