// One connection, from the moment it opens: frames in, frames out. It knows whether the session is ready, and that every
// message gets an answer; what the answer is, is decided by handle.ts.
//
//   opened ── init ──▶ opening ── app and user found ──▶ ready
//      ▲                  │ refused                        │
//      └──────────────────┘             any ── close ──▶ closed

import { InstantAPIError } from '../errors.ts';
import { isObject } from '../protocol/check.ts';
import type { ClientMessage, Init } from '../protocol/client-message.ts';
import { decodeClientFrame, encode, type ClientFrame } from '../protocol/codec.ts';
import { frameFault, malformed, paramRefusal, type ParamRefusal, unknownOpRefusal } from '../protocol/frame-fault.ts';
import type { OriginalEvent } from '../protocol/server-error.ts';
import type { ServerMessage, WireUser } from '../protocol/server-message.ts';
import { supportedFeatures } from '../protocol/version.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { App } from './app.ts';
import { Flood } from './flood.ts';
import { handle } from './handle.ts';
import type { Here } from './here.ts';
import type { Limits } from './limits.ts';
import type { Listener, Peer } from './listener.ts';
import { Outgoing } from './outgoing.ts';
import { failure, invalid, overLimit, refusal } from './refusal.ts';
import { checkStatus } from './status.ts';

/** What was found for an `init`. */
export interface Admitted {
  readonly app: App;
  readonly user: WireUser | undefined;
  /** Of the token it was let in with: when that ends, so does the session. */
  readonly tokenHash?: string | undefined;
  readonly isAdmin: boolean;
}

export interface SessionConfig {
  readonly id: string;
  readonly peer: Peer;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** Rejects with InstantAPIError. */
  readonly admit: (init: Init) => Promise<Admitted>;
  readonly ended: (session: Session) => void;
}

type State =
  | { readonly is: 'opened' }
  | { readonly is: 'opening'; readonly waiting: ClientMessage[] }
  | { readonly is: 'ready'; readonly here: Here }
  | { readonly is: 'closed' };

/** Policy violation. */
const badClient = 1008;
const noMessage = { path: [], problem: 'malformed', expected: 'at least one message' } as const;

export class Session {
  readonly id: string;
  readonly #config: SessionConfig;
  #state: State = { is: 'opened' };
  readonly #outgoing: Outgoing;
  readonly #flood: Flood;
  #badFrames = 0;
  #isDeaf = false;

  constructor(config: SessionConfig) {
    this.id = config.id;
    this.#config = config;
    this.#outgoing = new Outgoing(config.peer);
    this.#flood = new Flood(config.clock, config.limits.messagesPerSecond);
  }

  /** Whatever it is, it is answered. Never throws. */
  receive(frame: unknown): void {
    if (this.#state.is === 'closed' || this.#isDeaf) return;
    const { messages, unknown, refused } = this.#decode(frame);
    for (const { error, received } of refused) this.#refuseMalformed(error, received);
    for (const message of unknown) this.#say({ op: 'error', ...unknownOpRefusal(message.op), ...aboutOf(message, this.id) });
    for (const message of messages) this.#take(message);
  }

  /** Ready without an `init`, for a caller who was found by other means. Undefined if it has been closed by now. */
  openAs(admitted: Admitted, versions: Init['versions']): Here | undefined {
    if (this.#state.is !== 'opened') return undefined;
    return this.#enter(admitted, versions ? { versions } : {}, () => this.close(badClient, 'the sign-in has ended'));
  }

  /** The server's own message on behalf of the client: refused as the client's would be. */
  run(message: ClientMessage, run: () => void): void {
    if (this.#state.is !== 'ready') return;
    try {
      checkStatus(message.op, this.#state.here.app.status);
      run();
    } catch (error) {
      this.#refuse(message, error);
    }
  }

  /** Takes nothing more in. What it took is still answered. */
  drain(): void {
    this.#isDeaf = true;
  }

  /** The far end is gone. */
  end(): void {
    if (this.#state.is === 'closed') return;
    const before = this.#state;
    this.#state = { is: 'closed' };
    if (before.is === 'ready') before.here.app.leave(before.here.listener);
    this.#config.ended(this);
  }

  close(code: number, reason: string): void {
    if (this.#state.is === 'closed') return;
    this.#outgoing.flush();
    this.end();
    this.#config.peer.close(code, reason);
  }

  #decode(frame: unknown): ClientFrame {
    try {
      const decoded = decodeClientFrame(frame, { bytes: this.#config.limits.frameBytes });
      if (decoded.messages.length + decoded.unknown.length + decoded.refused.length === 0) throw malformed(noMessage);
      return decoded;
    } catch (error) {
      this.#refuseMalformed(error, undefined);
      return { messages: [], unknown: [], refused: [] };
    }
  }

  #refuseMalformed(error: unknown, received: unknown): void {
    const fault = frameFault(error);
    if (!fault) return this.#refuse(isObject(received) ? received : {}, error);
    this.#say({ op: 'error', ...this.#told(fault, received), ...aboutOf(received, this.id) });
    this.#badFrames++;
    if (this.#badFrames >= this.#config.limits.badFrames) this.close(badClient, 'too many malformed frames');
  }

  #told(fault: Parameters<typeof paramRefusal>[0], received: unknown): ParamRefusal {
    const told = paramRefusal(fault);
    const [field] = fault.path;
    if (typeof field !== 'string' || !isObject(received) || fault.problem === 'missing' || isSecret(field)) return told;
    return { ...told, hint: { ...(told.hint as object), 'original-input': received[field] } };
  }

  #take(message: ClientMessage): void {
    const pace = this.#flood.take();
    if (pace === 'fine') return this.#dispatch(message);
    this.#refuse(message, refusal('rate-limited', 'Too many messages', { 'retry-after': 1 }));
    if (pace === 'hopeless') this.close(badClient, 'too many messages');
  }

  #dispatch(message: ClientMessage): void {
    const state = this.#state;
    switch (state.is) {
      case 'opened':
        if (message.op === 'init') void this.#open(message);
        else this.#refuse(message, invalid('init', message.op, [{ message: 'say init first' }]));
        return;
      case 'opening':
        if (state.waiting.length < this.#config.limits.earlyMessages) state.waiting.push(message);
        else this.#refuse(message, overLimit('earlyMessages', this.#config.limits.earlyMessages, 'messages before the session is ready'));
        return;
      case 'ready':
        return this.#answer(message, state.here);
      case 'closed':
        return;
    }
  }

  async #open(init: Init): Promise<void> {
    const waiting: ClientMessage[] = [];
    this.#state = { is: 'opening', waiting };
    let admitted: Admitted;
    try {
      admitted = await this.#config.admit(init);
    } catch (error) {
      this.#reopen(init, error, waiting);
      return;
    }
    if (this.#isClosed()) return;
    admitted.app.ledger.read({
      run: () => this.#ready(init, admitted, waiting),
      refuse: (error) => this.#reopen(init, error, waiting),
    });
  }

  #ready(init: Init, { app, user, tokenHash, isAdmin }: Admitted, waiting: readonly ClientMessage[]): void {
    if (this.#isClosed()) return;
    // It may have ended while the door was opened.
    if (tokenHash !== undefined && !app.isGood(tokenHash)) return this.#reopen(init, signedOut(), waiting);
    this.#enter({ app, user, tokenHash, isAdmin }, init, () => this.#cut(init));
    this.#say({
      op: 'init-ok',
      'client-event-id': init['client-event-id'] ?? null,
      'session-id': this.id,
      auth: { app: { id: app.id }, user: user ?? null, 'admin?': isAdmin || null },
      attrs: app.attrs,
      'app-status': { status: app.status },
      triplane: { 'refresh-covers-all': true, 'remembers-events': true, deltas: true },
    });
    for (const message of waiting) this.#dispatch(message);
  }

  #enter({ app, user, tokenHash, isAdmin }: Admitted, init: Pick<Init, 'versions' | 'triplane'>, cut: () => void): Here {
    const { ip, origin } = this.#config.peer;
    const listener: Listener = {
      id: this.id,
      actor: { userId: user?.id, isAdmin, ip, origin },
      features: supportedFeatures(init.versions),
      takesDeltas: init.triplane?.deltas ?? false,
    };
    const say = (message: ServerMessage): void => this.#say(message);
    const refuse = (message: ClientMessage, error: unknown): void => this.#refuse(message, error);
    this.#outgoing.takesBatches = listener.features.batches;
    const here: Here = { app, listener, pending: new Set(), say, refuse };
    this.#state = { is: 'ready', here };
    app.enter(listener, (frame) => this.#send(frame), { tokenHash, userId: user?.id, cut });
    return here;
  }

  /** As before the `init`; whoever spoke behind it is told. */
  #reopen(init: Init, error: unknown, waiting: readonly ClientMessage[]): void {
    if (this.#isClosed()) return;
    this.#state = { is: 'opened' };
    this.#refuse(init, error);
    for (const message of waiting) this.#dispatch(message);
  }

  /** Its token has ended: told as if `init` had been refused. */
  #cut(init: Init): void {
    this.#refuse(init, signedOut());
    this.close(badClient, 'the sign-in has ended');
  }

  #isClosed(): boolean {
    return this.#state.is === 'closed';
  }

  #answer(message: ClientMessage, here: Here): void {
    try {
      handle(message, here);
    } catch (error) {
      this.#refuse(message, error);
    }
  }

  #refuse(message: ClientMessage | Readonly<Record<string, unknown>>, error: unknown): void {
    if (!(error instanceof InstantAPIError)) this.#config.log.error('a message could not be answered', error);
    const { status, body } = error instanceof InstantAPIError ? error : failure(error);
    const { type = null, message: text = null, hint = null } = body;
    this.#say({ op: 'error', status, type, message: text, hint, ...aboutOf(message, this.id) });
    if (message.op === 'join-room' && typeof message['room-id'] === 'string') {
      const eventId = eventIdOf(message);
      this.#say({ op: 'join-room-error', 'client-event-id': eventId, 'room-id': message['room-id'], error: text });
    }
  }

  #say(message: ServerMessage): void {
    this.#send(encode(message));
  }

  #send(frame: string): void {
    if (this.#state.is !== 'closed') this.#outgoing.send(frame);
  }
}

function signedOut(): InstantAPIError {
  return refusal('record-not-found', 'Record not found: app-user', { 'record-type': 'app-user', args: [] });
}

const secrets: ReadonlySet<string> = new Set(['refresh-token', '__admin-token', 'token', 'reconnect-token']);
const isSecret = (field: string): boolean => secrets.has(field);

interface About {
  readonly 'client-event-id': string | null;
  readonly 'original-event'?: OriginalEvent;
}

/** Which message an error is about: what was said, without its secrets. */
function aboutOf(received: unknown, sessionId: string): About {
  if (!isObject(received)) return { 'client-event-id': null };
  const said = Object.entries(received).filter(([field]) => !isSecret(field));
  return { 'client-event-id': eventIdOf(received), 'original-event': { ...Object.fromEntries(said), 'session-id': sessionId } };
}

function eventIdOf(received: object): string | null {
  const eventId: unknown = 'client-event-id' in received ? received['client-event-id'] : undefined;
  return typeof eventId === 'string' ? eventId : null;
}
