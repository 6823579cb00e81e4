// One connection: frames in, frames out. Every message gets a response, which handle.ts decides.
//   opened ── init ──▶ opening ── app and user found ──▶ ready
//      ▲                  │ refused                        │
//      └──────────────────┘             any ── close ──▶ closed

import { knownFault, tolerant } from './tolerant-fields.ts';
import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { ClientMessage, Init } from '../../protocol/client-message.ts';
import { decodeClientFrame, type ClientFrame } from '../../protocol/codec.ts';
import { frameFault, malformed } from '../../protocol/frame-errors.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import { supportedFeatures } from '../../protocol/version.ts';
import { EarlyMessages } from './early-messages.ts';
import { encodeMessage } from './encode.ts';
import { errorReplies, malformedReply, unknownOpReply } from './error-replies.ts';
import { RateLimiter } from './message-rate.ts';
import { handle } from './handle.ts';
import { announcedLimits, maxFrameDepth } from '../limits.ts';
import { RepeatedMessages } from './repeated-messages.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { type Frame, lengthOf } from '../parted-output.ts';
import { longName, messageIn, withoutNames } from './message-head.ts';
import { exceededByParsing } from '../parse-work.ts';
import type { Authenticated, SessionConfig } from './session-config.ts';
import type { SessionContext } from './session-context.ts';
import { WriteOrder } from './write-order.ts';
import { safeSocket } from './safe-socket.ts';
import type { Socket, Subscriber } from './subscriber.ts';
import { SendBatch } from './send-batch.ts';
import { busy, invalid, rejection, signedOut } from '../errors.ts';
import { checkStatus } from './app-status.ts';

type State =
  | { readonly is: 'opened' }
  | { readonly is: 'opening'; readonly waiting: EarlyMessages }
  | { readonly is: 'ready'; readonly context: SessionContext }
  | { readonly is: 'closed' };

/** Close codes "policy violation" and "service restart". */
const [badClient, serviceRestart] = [1008, 1012];
/** The prefix of a frame that is searched for the message the error should name. */
const headLength = 4096;
const noMessage = { path: [], problem: 'malformed', expected: 'at least one message' } as const;

export class Session {
  readonly id: string;
  readonly #config: SessionConfig;
  readonly #socket: Socket;
  #state: State = { is: 'opened' };
  readonly #sendBatch: SendBatch;
  readonly #rateLimiter: RateLimiter;
  readonly #writeOrder: WriteOrder;
  readonly #repeated: RepeatedMessages | undefined;
  #badFrames = 0;
  #isPaused = false;

  constructor(config: SessionConfig) {
    this.id = config.id;
    this.#config = config;
    this.#socket = safeSocket(config.socket, config.log, () => this.end());
    this.#sendBatch = new SendBatch(this.#socket, config.sendTurns);
    this.#rateLimiter = new RateLimiter(config.clock, config.limits.messagesPerSecond);
    this.#writeOrder = new WriteOrder(config.clock);
    if (config.socket.mayRepeat) this.#repeated = new RepeatedMessages();
  }

  receive(frame: unknown): void {
    if (this.#state.is === 'closed' || this.#isPaused) return;
    if (typeof frame === 'string' && (this.#rejectLarge(frame) || this.#rejectCostly(frame))) return;
    const { messages, unknown, rejected } = this.#decode(frame);
    for (const { error, received } of rejected) this.#rejectMalformed(error, received);
    for (const message of unknown) this.#sendMessage(unknownOpReply(message, this.id));
    for (const message of messages) this.#accept(message);
  }

  /** Handles a frame that is too large to read; `start` is its beginning. */
  rejectOversized(start: string): void {
    if (this.#state.is === 'closed' || this.#isPaused) return;
    const { frameBytes } = this.#config.limits;
    const error = malformed({ path: [], problem: 'malformed', expected: `at most ${frameBytes} bytes` });
    this.#rejectMalformed(error, messageIn(start), { limit: 'max-frame-bytes', most: frameBytes });
  }

  #rejectLarge(frame: string): boolean {
    const isLarge = Buffer.byteLength(frame) > this.#config.limits.frameBytes;
    if (isLarge) this.rejectOversized(frame.slice(0, headLength));
    return isLarge;
  }

  /** Handles a frame that would take too long to parse. */
  #rejectCostly(frame: string): boolean {
    const isAdmin = this.#state.is === 'ready' && this.#state.context.subscriber.actor.isAdmin;
    const work = isAdmin ? Infinity : this.#config.limits.parseWork;
    const exceeded = exceededByParsing(frame, { work, depth: maxFrameDepth });
    if (!exceeded) return false;
    const expected = exceeded === 'depth' ? `at most ${maxFrameDepth} levels of nesting` : 'fewer keys, arrays and objects';
    const limit = exceeded === 'depth' ? { limit: 'max-frame-depth', most: maxFrameDepth } : { limit: 'max-frame-work', most: work };
    this.#rejectMalformed(malformed({ path: [], problem: 'malformed', expected }), messageIn(frame.slice(0, headLength)), limit);
    return true;
  }

  /** Opens a ready session without `init`, for a caller authenticated by other means. Undefined if the session was closed meanwhile. */
  openAs(authenticated: Authenticated, versions: Init['versions']): SessionContext | undefined {
    if (this.#state.is !== 'opened') return undefined;
    return this.#enter(authenticated, versions ? { versions } : {}, () => this.close(badClient, 'the sign-in has ended'));
  }

  /** Executes a message of the server on behalf of the client, with the client's permissions. */
  run(message: ClientMessage, run: () => void): void {
    if (this.#state.is !== 'ready') return;
    try {
      const { app, subscriber } = this.#state.context;
      checkStatus(message.op, app.status, subscriber.actor.isAdmin);
      run();
    } catch (error) {
      this.#reject(message, error);
    }
  }

  drain(): void {
    this.#isPaused = true;
  }

  end(): void {
    if (this.#state.is === 'closed') return;
    const before = this.#state;
    this.#state = { is: 'closed' };
    if (before.is === 'ready') {
      before.context.app.leave(before.context.subscriber);
      before.context.memory.close();
    }
    if (before.is === 'opening') before.waiting.take();
    this.#config.ended(this);
  }

  close(code: number, reason: string): void {
    if (this.#state.is === 'closed') return;
    this.#sendBatch.flush();
    this.end();
    this.#socket.close(code, reason);
  }

  #decode(frame: unknown): ClientFrame {
    try {
      const decoded = decodeClientFrame(frame, {}, tolerant);
      if (decoded.messages.length + decoded.unknown.length + decoded.rejected.length === 0) throw malformed(noMessage);
      return decoded;
    } catch (error) {
      this.#rejectMalformed(error, undefined);
      return { messages: [], unknown: [], rejected: [] };
    }
  }

  #rejectMalformed(error: unknown, received: unknown, limit: object = {}): void {
    const fault = frameFault(error);
    if (!fault) return this.#reject(isObject(received) ? received : {}, error);
    const known = isObject(received) ? knownFault(received, String(fault.path[0]), this.id) : undefined;
    if (known) this.#reject(received as Readonly<Record<string, unknown>>, known);
    else this.#sendMessage(malformedReply(fault, received, limit, this.id));
    if (++this.#badFrames >= this.#config.limits.badFrames) this.close(badClient, 'too many malformed frames');
  }

  #accept(message: ClientMessage): void {
    const tooLong = longName(message, this.#config.limits.nameLength);
    if (tooLong) return this.#reject(withoutNames(message), tooLong);
    const verdict = this.#rateLimiter.check();
    if (verdict === 'ok' && this.#writeOrder.mustWait(message)) return this.#reject(message, busy('An earlier write was turned away'));
    if (verdict === 'ok') return this.#repeated?.has(message) ? undefined : this.#dispatch(message);
    this.#reject(message, rejection('rate-limited', 'Too many messages', { 'retry-after': 1 }));
    if (verdict === 'disconnect') this.close(badClient, 'too many messages');
  }

  #dispatch(message: ClientMessage): void {
    const state = this.#state;
    switch (state.is) {
      case 'opened':
        if (message.op === 'init') void this.#open(message);
        else this.#reject(message, invalid('init', { 'sess-id': this.id }, [{ message: 'say init first' }]));
        return;
      case 'opening':
        return this.#attempt(message, () => state.waiting.add(message));
      case 'ready':
        return this.#attempt(message, () => handle(message, state.context));
      case 'closed':
        return;
    }
  }

  async #open(init: Init): Promise<void> {
    const waiting = new EarlyMessages(this.#config.limits, this.#config.memory);
    this.#state = { is: 'opening', waiting };
    let authenticated: Authenticated;
    try {
      authenticated = await this.#config.authenticate(init);
    } catch (error) {
      this.#reopen(init, error, waiting);
      return;
    }
    if (this.#isClosed()) return;
    authenticated.app.ledger.read({
      run: () => this.#ready(init, authenticated, waiting),
      reject: (error) => this.#reopen(init, error, waiting),
    });
  }

  #ready(init: Init, { app, user, tokenHash, isAdmin }: Authenticated, waiting: EarlyMessages): void {
    if (this.#isClosed()) return;
    // The session may have ended while the app was being opened.
    if (tokenHash !== undefined && !app.isTokenValid(tokenHash)) return this.#reopen(init, signedOut(), waiting);
    this.#enter({ app, user, tokenHash, isAdmin }, init, () => this.#revoke(init));
    this.#sendMessage({
      op: 'init-ok',
      'client-event-id': init['client-event-id'] ?? null,
      'session-id': this.id,
      auth: { app: { id: app.id }, user: user ?? null, 'admin?': isAdmin || null },
      attrs: app.attrs,
      'app-status': { status: app.status },
      triplane: {
        'refresh-covers-all': true,
        'deduplicates-transactions': true,
        deltas: true,
        limits: announcedLimits(this.#config.limits, isAdmin),
      },
    });
    for (const message of waiting.take()) this.#dispatch(message);
  }

  #enter({ app, user, tokenHash, isAdmin }: Authenticated, init: Pick<Init, 'versions' | 'triplane'>, revoke: () => void): SessionContext {
    const { ip, origin } = this.#socket;
    const subscriber: Subscriber = {
      id: this.id,
      actor: { userId: user?.id, isAdmin, ip, origin },
      features: supportedFeatures(init.versions),
      acceptsDeltas: init.triplane?.deltas ?? false,
    };
    const send = (message: ServerMessage): number => this.#sendMessage(message);
    const reject = (message: ClientMessage, error: unknown): void => this.#reject(message, error);
    this.#sendBatch.acceptsBatches = subscriber.features.batches;
    this.#writeOrder.isKept = init.triplane !== undefined;
    const memory = new MemoryBudget('sessionBytes', this.#config.limits, app.memory);
    const drained = this.#socket.drained && ((): Promise<void> => this.#drained());
    const held = { pending: new Set<ClientMessage>(), memory, presence: new Map<string, number>(), queries: new Map<string, number>() };
    const context: SessionContext = { app, subscriber, ...held, send, drained, reject };
    this.#state = { is: 'ready', context };
    const restart = (): void => this.close(serviceRestart, 'the data was read again');
    app.enter(subscriber, (frame) => this.#sendFrame(frame), { tokenHash, userId: user?.id, revoke, restart });
    return context;
  }

  /** Returns to the state before `init`. Messages that arrived meanwhile are answered. */
  #reopen(init: Init, error: unknown, waiting: EarlyMessages): void {
    if (this.#isClosed()) return;
    this.#state = { is: 'opened' };
    this.#reject(init, error);
    for (const message of waiting.take()) this.#dispatch(message);
  }

  /** The token was revoked: the client receives the error of a rejected `init`. */
  #revoke(init: Init): void {
    this.#reject(init, signedOut());
    this.close(badClient, 'the sign-in has ended');
  }

  #isClosed(): boolean {
    return this.#state.is === 'closed';
  }

  #attempt(message: ClientMessage, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#reject(message, error);
    }
  }

  #reject(message: ClientMessage | Readonly<Record<string, unknown>>, error: unknown): void {
    if (!(error instanceof InstantAPIError)) this.#config.log.error('a message could not be answered', error);
    this.#writeOrder.onReject(message, error);
    this.#repeated?.forget(message);
    for (const reply of errorReplies(message, error, this.id)) this.#sendMessage(reply);
  }

  async #drained(): Promise<void> {
    this.#sendBatch.flush();
    await this.#socket.drained?.();
  }

  #sendMessage(message: ServerMessage): number {
    const frame = encodeMessage(message);
    this.#sendFrame(frame);
    return lengthOf(frame);
  }

  #sendFrame(frame: Frame): void {
    if (this.#state.is !== 'closed') this.#sendBatch.send(frame);
  }
}
