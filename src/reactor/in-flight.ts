// The messages of the current connection that the server has not answered, to find the one that a server cannot take. A server that closes
// the connection over a message, or rejects one without naming it, does not say which one it was; sent again with every connection, it
// would keep all others from being answered. When more than one message may be the cause, the next connection sends them one at a time.

import type { TriplaneError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { isObject } from '../lib/json.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import type { ErrorMessage } from '../protocol/server-error.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import { connectionLostError, tooLargeError } from './client-errors.ts';

/** Lost connections in a row before messages are sent one at a time, and then before the only one in flight is given up. */
const lossesBeforeCareful = 2;
const lossesBeforeGivingUp = 4;
/** A message without an answer within this does not hold up the next one. */
const answerMs = 5_000;
/** What every server answers. */
const answered: ReadonlySet<ClientMessage['op']> = new Set([
  'add-query',
  'remove-query',
  'transact',
  'join-room',
  'leave-room',
  'set-presence',
  'client-broadcast',
] as const);
/** The server is restarting or overloaded, or the client asked for it: no message is the cause. */
const harmlessCodes: ReadonlySet<number> = new Set([1000, 1001, 1008, 1012, 1013]);
/** A message is too big. Event streams report status 413 as this code. */
export const tooBigCode = 1009;

export interface InFlightEvents {
  /** Sends the message over the current connection. */
  send(message: ClientMessage): void;
  /** The server cannot take this message: it must not be sent again. */
  blame(message: ClientMessage, error: TriplaneError): void;
}

export class InFlight {
  readonly #clock: Clock;
  readonly #on: InFlightEvents;
  readonly #unanswered = new Map<string, ClientMessage>();
  /** While messages are sent one at a time: those whose turn has not come. */
  #waiting: ClientMessage[] = [];
  #isCareful = false;
  #timer: Timer | undefined;
  #losses = 0;
  /** The message that was alone in flight when the connection was lost, and how often in a row. */
  #suspect: { readonly key: string; readonly losses: number } | undefined;

  constructor(clock: Clock, on: InFlightEvents) {
    this.#clock = clock;
    this.#on = on;
  }

  send(message: ClientMessage): void {
    if (this.#isCareful && (this.#unanswered.size > 0 || this.#waiting.length > 0)) this.#waiting.push(message);
    else this.#send(message);
  }

  onMessage(message: ServerMessage): void {
    const eventId = 'client-event-id' in message ? message['client-event-id'] : undefined;
    if (typeof eventId === 'string') this.#onAnswer(eventId);
  }

  /** A rejection that names no message. Returns what follows: the only possible message was blamed, or a restart will find it out. */
  onUnnamedRejection(error: TriplaneError): 'blamed' | 'restart' | undefined {
    const [[eventId, only] = [], ...others] = this.#unanswered;
    if (!only || eventId === undefined) return undefined;
    if (others.length > 0) {
      this.#isCareful = true;
      return 'restart';
    }
    this.#on.blame(only, error);
    this.#onAnswer(eventId);
    return 'blamed';
  }

  /** The server or the network closed the connection. */
  onClosed(code: number): void {
    const unanswered = [...this.#unanswered.values()];
    const [only, ...others] = unanswered;
    if (!only || harmlessCodes.has(code)) return;
    // If any message exceeds the limit, the largest one does.
    if (code === tooBigCode) return this.#on.blame(largestOf(unanswered), tooLargeError());
    if (++this.#losses >= lossesBeforeCareful) this.#isCareful = true;
    if (others.length > 0) return;
    const key = keyOf(only);
    const losses = this.#suspect?.key === key ? this.#suspect.losses + 1 : 1;
    this.#suspect = { key, losses };
    if (losses >= lossesBeforeGivingUp) this.#on.blame(only, connectionLostError(losses));
  }

  /** Nothing of this connection is in flight any more; the owners of the messages send them again over the next one. */
  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#unanswered.clear();
    this.#waiting = [];
  }

  #send(message: ClientMessage): void {
    const eventId = message['client-event-id'];
    if (typeof eventId === 'string' && answered.has(message.op)) {
      this.#unanswered.set(eventId, message);
      if (this.#isCareful) this.#timer = this.#clock.setTimeout(() => this.#onAnswer(eventId), answerMs);
    }
    this.#on.send(message);
  }

  #onAnswer(eventId: string): void {
    const message = this.#unanswered.get(eventId);
    if (!message) return;
    this.#unanswered.delete(eventId);
    if (this.#suspect?.key === keyOf(message)) this.#suspect = undefined;
    if (this.#unanswered.size > 0) return;
    this.#losses = 0;
    this.#clock.clearTimeout(this.#timer);
    const next = this.#waiting.shift();
    if (next) this.#send(next);
    else this.#isCareful = false;
  }
}

/** The same for a message that is sent again over another connection. */
export function keyOf(message: ClientMessage): string {
  switch (message.op) {
    case 'add-query':
      return `query ${JSON.stringify(message.q)}`;
    case 'join-room':
    case 'set-presence':
      return `room ${message['room-id']}`;
    default:
      return String(message['client-event-id']);
  }
}

function largestOf(messages: readonly ClientMessage[]): ClientMessage {
  return messages.reduce((largest, message) => (sizeOf(message) > sizeOf(largest) ? message : largest));
}

function sizeOf(message: ClientMessage): number {
  return JSON.stringify(message).length;
}

/** An error that neither names a message nor repeats it. */
export function isUnnamedRejection(message: ServerMessage): message is ErrorMessage {
  if (message.op !== 'error' || typeof message['client-event-id'] === 'string') return false;
  const { status, 'original-event': original } = message;
  return !(isObject(original) && typeof original['op'] === 'string') && (status ?? 500) < 500;
}
