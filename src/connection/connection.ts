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
import { type Effect, type Happening, idle, type State, statusOf } from './state.ts';
import type { Line, LineEvents, Transport } from './transport.ts';

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
  #line: Line | undefined;
  #timer: Timer | undefined;
  #told: ConnectionStatus = 'connecting';
  #leaveNetwork: (() => void) | undefined;
  /** Settled once the lines that were given up are gone. */
  #leaving: Promise<unknown> | undefined;

  constructor(config: ConnectionConfig, on: ConnectionEvents) {
    this.#config = config;
    this.#on = on;
  }

  start(): void {
    if (this.#state.name !== 'idle') return;
    this.#leaveNetwork = this.#config.network.subscribe((type) => this.#happen({ type }));
    this.#happen({ type: 'start' });
  }

  /** For good: no timer or listener is left, and no socket once it resolves. */
  async stop(): Promise<void> {
    this.#leaveNetwork?.();
    this.#happen({ type: 'stop' });
    await this.#leaving;
  }

  /** A new line at once, for a session of someone else. Does not start a connection that was never started. */
  restart(): void {
    this.#happen({ type: 'restart' });
  }

  /** `init` was accepted. */
  ready(): void {
    this.#happen({ type: 'acknowledged' });
  }

  /** `init` was not accepted. A server that failed is asked again soon, one that said no after a minute. */
  refused(error: TriplaneError): void {
    this.#happen({ type: error.code === 'refused' ? 'refused' : 'putOff' });
  }

  /** @throws TriplaneError 'unreachable' unless the session is ready; `init` may be said as soon as the line is opened */
  send(message: ClientMessage): void {
    const isAllowed = this.isReady || (this.#state.name === 'opened' && message.op === 'init');
    if (!isAllowed || !this.#line) {
      throw new TriplaneError('unreachable', `'${message.op}' cannot be sent: the connection is ${this.#state.name}`);
    }
    this.#line.send(message);
  }

  get isReady(): boolean {
    return this.#state.name === 'ready';
  }

  get status(): ConnectionStatus {
    return statusOf(this.#state);
  }

  #happen(event: Happening): void {
    const { clock, random, network, transports, log } = this.#config;
    const at = { now: clock.now(), random: () => random.next(), isOnline: network.isOnline(), transports: transports.length };
    const before = this.#state;
    const { state, effects } = transition(before, event, at);
    this.#state = state;
    if (state.name !== before.name) log.debug('connection', before.name, event.type, state.name);
    // Leaving a state cancels its timer: there is never more than this one.
    if (state.alarm !== before.alarm) {
      clock.clearTimeout(this.#timer);
      this.#timer = state.alarm && clock.setTimeout(() => this.#happen({ type: 'alarm' }), state.alarm.ms);
    }
    for (const effect of effects) this.#carryOut(effect, event);
    this.#tellStatus();
  }

  #carryOut(effect: Effect, event: Happening): void {
    switch (effect) {
      case 'close':
        this.#leaving = Promise.allSettled([this.#leaving, this.#line?.close()]).then(() => {});
        return;
      case 'open':
        return this.#open(this.#state);
      case 'ask':
        return this.#ask();
      case 'tell':
        if (event.type === 'heard') event.tell();
        return;
      default:
        return this.#on[effect]();
    }
  }

  #open({ line, transport }: State): void {
    this.#line = undefined;
    try {
      this.#line = this.#config.transports[transport]?.open(this.#listenTo(line));
    } catch (cause) {
      this.#on.fault(
        cause instanceof TriplaneError ? cause : new TriplaneError('unreachable', `A line cannot be opened: ${String(cause)}`, { cause }),
      );
      this.#happen({ type: 'closed', line });
    }
  }

  #listenTo(line: number): LineEvents {
    const heard = (tell: () => void): void => this.#happen({ type: 'heard', line, tell });
    return {
      opened: () => this.#happen({ type: 'opened', line }),
      message: (message) => heard(() => this.#deliver(message)),
      heard: () => heard(() => {}),
      fault: (error) => heard(() => this.#on.fault(error)),
      closed: ({ code, reason }) => {
        this.#config.log.debug('connection', `line ${line} closed`, code, reason);
        this.#happen({ type: 'closed', line });
      },
    };
  }

  /** A line that cannot even be asked needs no more time to be found dead. */
  #ask(): void {
    try {
      this.#line?.send(this.#config.probe());
    } catch (error) {
      this.#config.log.debug('connection', 'cannot ask', error);
      this.#happen({ type: 'putOff' });
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

  #tellStatus(): void {
    const status = this.status;
    if (status === this.#told) return;
    this.#told = status;
    this.#on.status(status);
  }
}
