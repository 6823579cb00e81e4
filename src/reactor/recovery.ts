// Finds the request that a server cannot handle, and sets it aside. A server that closes the connection because of a request, or rejects one
// without naming it, does not say which one it was; sent again over every connection, it would keep all others from being answered. If
// several requests may be the cause, they are sent one at a time, then in growing groups, and everything else once they are answered. A
// server that is killed occasionally loses whatever is in flight, so the connection has to last without a suspect before it is sent again.
// Meanwhile, everything is sent whose order relative to the suspect does not matter.

import { InstantAPIError, type TriplaneError } from '../errors.ts';
import type { Timer } from '../lib/clock.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { laneOf } from '../protocol/lanes.ts';
import type { ClientContext } from './context.ts';
import type { Effect } from './effect.ts';
import { reject } from './mutations/reject.ts';
import { requestKey } from './request-key.ts';
import { type Env, envOf, type SyncState } from './state.ts';

/** Consecutive lost connections before the only request in flight is given up. */
const lossesBeforeGivingUp = 5;
/**
 * How long a connection has to last without the suspect, relative to the last one with it. Long enough to rule out chance: with a server that
 * is killed at random, a harmless request is taken for the cause once in thousands of cases.
 */
const controlMs = { factor: 8, least: 5_000, most: 120_000 };
/** Large requests fail much more often than others, so that less has to be ruled out: they do not hold up later writes for minutes. */
const large = { characters: 100_000, mostMs: 10_000 };
/** A request without an answer within this does not hold up the next one. */
const answerMs = 5_000;
/** Growth of groups: a backlog of thousands takes seconds instead of minutes; if it contains the cause, a few more connections are lost. */
const outlivedPerRequest = 8;
/** The close code for a message that is too big. Event streams report status 413 as this code. */
const tooBigCode = 1009;

interface Loss {
  /** How often in a row the connection was lost with it alone in flight. */
  readonly losses: number;
  /** How long the next one has to last without it. */
  readonly controlMs: number;
  /** What is sent behind it must not be sent before it. */
  readonly lane: string;
}

export interface RecoveryEvents {
  send(message: ClientMessage): void;
  restart(): void;
}

export class Recovery {
  readonly #context: ClientContext;
  readonly #unanswered: Map<string, ClientMessage>;
  readonly #on: RecoveryEvents;
  /** Requests that are not sent again, with the reason. */
  readonly #setAside = new Map<string, TriplaneError>();
  /** While requests are sent one at a time: those whose turn has not come. */
  #waiting: ClientMessage[] | undefined;
  /** The requests of which one may be the cause. Once all of them are answered, the others need not wait for each other. */
  #suspects = new Set<string>();
  /** The event ids of the requests whose turn it is. Empty once they are answered, dropped, or not answered in time. */
  readonly #current = new Set<string>();
  /** Suspects that this connection has outlived: the more, the more requests are sent at a time. */
  #outlived = 0;
  #timer: Timer | undefined;
  /** Requests that were alone in flight when the connection was lost, or that were in flight when it was lost without those. */
  readonly #losses = new Map<string, Loss>();
  /** The event ids of requests without an answer that this connection has outlived: they are not the cause. */
  readonly #cleared = new Set<string>();
  /** No request that may be the cause is sent, to see whether this connection lasts. */
  #isControl = false;
  /** The lanes of the suspects, in which no message may overtake another. PROTOCOL.md#ordering */
  readonly #heldLanes = new Set<string>();
  #sentAtMs: number | undefined;

  constructor(context: ClientContext, unanswered: Map<string, ClientMessage>, on: RecoveryEvents) {
    this.#context = context;
    this.#unanswered = unanswered;
    this.#on = on;
  }

  send(message: ClientMessage): void {
    const error = this.#setAside.get(requestKey(message));
    if (error) return this.refuse(message, error);
    if (this.#isControl && !this.#heldLanes.has(laneOf(message))) this.#on.send(message);
    else if (this.#waiting && (this.#isControl || this.#current.size > 0 || this.#waiting.length > 0)) this.#waiting.push(message);
    else this.#send(message);
  }

  /** A session has begun. */
  onSession(): void {
    this.#current.clear();
    this.#cleared.clear();
    this.#heldLanes.clear();
    if (this.#losses.size === 0) return;
    this.#waiting ??= [];
    this.#isControl = true;
    let ms = 0;
    for (const [key, loss] of this.#losses) {
      this.#suspects.add(key);
      this.#heldLanes.add(loss.lane);
      ms = Math.max(ms, loss.controlMs);
    }
    this.#timer = this.#context.config.clock.setTimeout(() => this.#endControl(), ms);
  }

  /** A suspect is sent when nothing else is in flight: another loss is then due to it. */
  #endControl(): void {
    this.#isControl = false;
    const keys = new Set(this.#waiting?.map(requestKey));
    for (const key of this.#losses.keys()) if (!keys.has(key)) this.#losses.delete(key);
    if (this.#unanswered.size === 0) return this.#sendNext();
    for (const eventId of this.#unanswered.keys()) {
      this.#current.add(eventId);
      this.#cleared.add(eventId);
    }
    this.#timer = this.#context.config.clock.setTimeout(() => this.#sendNext(), answerMs);
  }

  /** Nobody waits for these requests any longer. Returns false if the server was not sent any of them. */
  drop(isDropped: (message: ClientMessage) => boolean): boolean {
    const remaining = this.#waiting?.filter((message) => !isDropped(message));
    const wasSent = remaining?.length === this.#waiting?.length;
    this.#waiting = remaining;
    const isSending = this.#current.size > 0;
    for (const eventId of this.#current) if (!this.#unanswered.has(eventId)) this.#current.delete(eventId);
    if (isSending && this.#current.size === 0) this.#sendNext();
    return wasSent;
  }

  /** The caller of this request receives the error. */
  refuse(message: ClientMessage, error: TriplaneError): void {
    if (this.#context.isOpen) this.#context.run(setAside(this.#context.state, message, error, envOf(this.#context.config)));
  }

  /** Call once the answer has left the unanswered requests. */
  onAnswer(answered: ClientMessage): void {
    const key = requestKey(answered);
    this.#suspects.delete(key);
    this.#losses.delete(key);
    const eventId = answered['client-event-id'] ?? '';
    const wasCurrent = this.#current.delete(eventId);
    if (wasCurrent && !this.#cleared.has(eventId)) this.#outlived += 1;
    if (this.#unanswered.size === 0 || (wasCurrent && this.#current.size === 0)) this.#sendNext();
  }

  /** A rejection that names no request: it is about the only one, or sending them one at a time will show which. */
  onUnnamedRejection(error: TriplaneError, unanswered: readonly ClientMessage[]): void {
    const [only, ...others] = unanswered;
    if (!only) return;
    if (others.length === 0) {
      this.#unanswered.delete(only['client-event-id'] ?? '');
      this.refuse(only, error);
      return this.#sendNext();
    }
    this.#isolate(unanswered.map(requestKey));
    this.#on.restart();
  }

  /**
   * The server or the network closed the connection with these requests in flight.
   *
   * @param suspects those of them that were in flight before, too, when it was lost
   * @param cause the message that the connection was given up for
   */
  onLost(code: number, unanswered: readonly ClientMessage[], suspects: Iterable<string>, cause?: ClientMessage): void {
    if (cause) return this.#blame(cause, code === tooBigCode ? tooLarge() : neverReached());
    if (unanswered.length === 0) return;
    // If any message exceeds the limit, the largest one does.
    if (code === tooBigCode) return this.#blame(largestOf(unanswered), tooLarge());
    this.#isolate(suspects);
    const possible = unanswered.filter((message) => !this.#cleared.has(message['client-event-id'] ?? ''));
    const turn = possible.filter((message) => this.#current.has(message['client-event-id'] ?? ''));
    const [last, ...more] = possible.length === 1 ? possible : turn;
    if (!last || more.length > 0) return;
    // Sent behind requests that were not answered in time: the connection has to last with these alone before it counts.
    const losses = (this.#losses.get(requestKey(last))?.losses ?? 0) + (possible.length === 1 ? 1 : 0);
    this.#countLoss(last, losses);
    if (losses >= lossesBeforeGivingUp) this.#blame(last, connectionLost(losses));
  }

  #countLoss(message: ClientMessage, losses: number): void {
    const { factor, least, most } = controlMs;
    const inFlightMs = this.#sentAtMs === undefined ? 0 : this.#context.config.clock.monotonicNow() - this.#sentAtMs;
    const mostMs = sizeOf(message) >= large.characters ? large.mostMs : most;
    const ms = Math.min(mostMs, Math.max(least, factor * inFlightMs));
    this.#losses.set(requestKey(message), { losses, controlMs: ms, lane: laneOf(message) });
  }

  /** The connection is gone, `onLost` may follow; the owners of the requests send them again over the next one. */
  clear(): void {
    this.#context.config.clock.clearTimeout(this.#timer);
    this.#outlived = 0;
    if (this.#waiting) this.#waiting = this.#suspects.size > 0 ? [] : undefined;
    if (this.#isControl) this.#onLostWithoutSuspects();
    this.#isControl = false;
  }

  /** Chance, or another request is the cause: what was in flight is held back with the others the next time, or they would clear each other. */
  #onLostWithoutSuspects(): void {
    if (this.#unanswered.size === 0) return this.#losses.clear();
    for (const [key, loss] of this.#losses) this.#losses.set(key, { ...loss, losses: 0 });
    for (const message of this.#unanswered.values()) {
      const key = requestKey(message);
      if (!this.#losses.has(key)) this.#losses.set(key, { losses: 0, controlMs: controlMs.least, lane: laneOf(message) });
    }
  }

  #isolate(suspects: Iterable<string>): void {
    this.#waiting ??= [];
    this.#suspects = new Set(suspects);
  }

  #blame(message: ClientMessage, error: TriplaneError): void {
    this.#suspects.delete(requestKey(message));
    this.#losses.delete(requestKey(message));
    // A write leaves the outbox, and presence its room; a query stays open, and would be sent again.
    if (message.op === 'add-query') this.#setAside.set(requestKey(message), error);
    this.refuse(message, error);
  }

  #send(message: ClientMessage): void {
    const { clock } = this.#context.config;
    this.#sentAtMs = clock.monotonicNow();
    if (this.#waiting) {
      clock.clearTimeout(this.#timer);
      this.#timer = clock.setTimeout(() => this.#sendNext(), answerMs);
    }
    this.#on.send(message);
    const eventId = message['client-event-id'] ?? '';
    if (this.#unanswered.has(eventId)) this.#current.add(eventId);
  }

  /** A write that its caller took back while it waited here. */
  #isDiscarded(message: ClientMessage): boolean {
    const { outbox, receipts } = this.#context.state;
    const eventId = message['client-event-id'] ?? '';
    return message.op === 'transact' && !outbox.get(receipts.claimOf(eventId)?.eventId ?? eventId);
  }

  #sendNext(): void {
    if (!this.#waiting || this.#isControl) return;
    this.#context.config.clock.clearTimeout(this.#timer);
    this.#current.clear();
    // Some messages are not answered at all.
    for (let next = this.#waiting.shift(); next; next = this.#waiting?.shift()) {
      if (!this.#isDiscarded(next)) this.#send(next);
      if (this.#current.size > this.#outlived / outlivedPerRequest && this.#suspects.size > 0) return;
    }
    if (this.#suspects.size > 0 && (this.#unanswered.size > 0 || this.#current.size > 0)) return;
    this.#suspects.clear();
    this.#waiting = undefined;
  }
}

const sizeOf = (message: ClientMessage): number => JSON.stringify(message).length;

function largestOf(messages: readonly ClientMessage[]): ClientMessage {
  return messages.reduce((largest, message) => (sizeOf(message) > sizeOf(largest) ? message : largest));
}

/** What follows when a request must not be sent: nothing waits for it any longer. */
function setAside(state: SyncState, message: ClientMessage, error: TriplaneError, { nowMs, dateMs }: Env): readonly Effect[] {
  const { outbox, queries, features, session } = state;
  const eventId = message['client-event-id'] ?? '';
  if (message.op === 'transact') {
    const write = outbox.get(eventId);
    return write && write.state !== 'acknowledged' ? reject(state, write, asRejection(error), dateMs) : [];
  }
  const live = message.op === 'add-query' ? queries.byEvent(eventId) : undefined;
  if (live) return queries.onError(live, error, undefined);
  // A room can be joined without the presence that was refused.
  const original = message.op === 'join-room' && message.data !== undefined ? { ...message, op: 'set-presence' } : { ...message };
  const response = { op: 'error', status: 400, message: error.message, 'client-event-id': eventId, 'original-event': original } as const;
  const rejected = { message: response, error: asRejection(error), nowMs, owner: session.owner, retryAtMs: () => undefined };
  return features.onError(rejected) ?? [{ do: 'report', error }];
}

/** As a rejected write keeps its reason. */
function asRejection(error: TriplaneError): InstantAPIError {
  if (error instanceof InstantAPIError) return error;
  return new InstantAPIError({ status: 400, body: { type: 'validation-failed', message: error.message, hint: error.hint } });
}

function tooLarge(): InstantAPIError {
  const message = 'The server closed the connection because this request is too large for it';
  return new InstantAPIError({ status: 413, body: { type: 'param-malformed', message, hint: { limit: 'max-frame-bytes' } } });
}

function connectionLost(times: number): InstantAPIError {
  const message = `The connection was lost ${times} times in a row while the server had only this request to answer: it is not sent again`;
  return new InstantAPIError({ status: 500, body: { type: 'connection-lost', message } });
}

function neverReached(): InstantAPIError {
  const message = 'This request does not reach the server, although others do: it is not sent again';
  return new InstantAPIError({ status: 500, body: { type: 'connection-lost', message } });
}
