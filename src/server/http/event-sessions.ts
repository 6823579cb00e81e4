// Sessions over server-sent events: the server sends on an event stream, and the client pushes messages in separate requests. Only the
// client that opened the stream has its token, so a push needs no other proof.

import type { Context } from 'hono';
import { InstantAPIError } from '../../errors.ts';
import type { Timer } from '../../lib/clock.ts';
import { isSameSecret, newToken } from '../auth/secrets.ts';
import type { Push } from '../session/push-relay.ts';
import { guard } from '../guarded.ts';
import { bytesOf, type Frame, PartedOutput } from '../parted-output.ts';
import type { Session } from '../session/session.ts';
import { asUuid, bodyOf, required } from './request.ts';
import { addressOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import { CutAnswer, streamed } from './streamed-answers.ts';

const keepAliveMs = 15_000;
/** "Try again later": the peer does not read. */
const tooSlow = 1013;
/** Unread bytes up to which more of a large response is sent. */
const drainedBytes = 1024 * 1024;

interface Open {
  readonly session: Session;
  readonly token: string;
}

export interface EventSessionOptions {
  /** Interval after which the client reopens a broken stream, in milliseconds. */
  readonly retryMs?: number;
  /** Called once the stream has started. */
  readonly opened?: (session: Session) => void;
}

export class EventSessions {
  readonly #desk: HttpContext;
  readonly #machineId: string;
  readonly #open = new Map<string, Open>();

  constructor(desk: HttpContext) {
    this.#desk = desk;
    this.#machineId = desk.uuid();
    desk.hub.takePush = (push) => (push.machine === this.#machineId ? this.#take(push) : undefined);
  }

  open(context: Context, options: EventSessionOptions = {}): Response {
    return context.body(streamed(context, this.#desk, this.#stream(context, options)), 200, {
      'content-type': 'text/event-stream; charset=UTF-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  }

  /** Delivers messages to a session. @throws InstantAPIError */
  async push(context: Context): Promise<Response> {
    const appId = required(context.req.query(), 'app_id', asUuid, 'params');
    const body = await bodyOf(context);
    const machine = required(body, 'machine_id', asUuid);
    const id = required(body, 'session_id', asUuid);
    const token = required(body, 'sse_token', asUuid);
    const messages = required(body, 'messages', (given) => (Array.isArray(given) ? given : undefined));
    const push: Push = { machine, session: id, token, messages };
    if (machine === this.#machineId) {
      if (!this.#take(push)) throw gone('session-missing', { 'sess-id': { 'sess-id': id } });
    } else if (!(await this.#forward(appId, push))) throw gone('member-missing', { 'machine-id': machine });
    return context.json({});
  }

  /** Before a stream opens: the app must receive messages that other servers forward for it. */
  async listenFor(appId: string): Promise<void> {
    if (this.#desk.hub.isShared) await this.#desk.hub.app(appId).catch(() => undefined);
  }

  async #forward(appId: string, push: Push): Promise<boolean> {
    const { hub } = this.#desk;
    return hub.isShared && (await (await hub.app(appId)).forwardPush(push));
  }

  #take({ session, token, messages }: Push): boolean {
    const found = this.#open.get(session);
    if (!found || !isSameSecret(found.token, token)) return false;
    if (messages.length > 0) found.session.receive(JSON.stringify(messages));
    return true;
  }

  #stream(context: Context, { retryMs, opened }: EventSessionOptions): ReadableStream<Uint8Array> {
    const { hub, clock, unread, log } = this.#desk;
    const guarded = guard(log);
    const encoder = new TextEncoder();
    let session: Session | undefined;
    let timer: Timer | undefined;
    let pulled = (): void => {};
    let output: PartedOutput | undefined;
    let waiting: (() => void)[] = [];
    const wake = (): void => {
      const woken = waiting;
      waiting = [];
      for (const resolve of woken) resolve();
    };
    const buffered = (controller: ReadableStreamDefaultController<Uint8Array>): number =>
      (output?.waitingBytes ?? 0) - (controller.desiredSize ?? 0);
    let isOpen = true;
    const ended = (): void => {
      isOpen = false;
      clock.clearTimeout(timer);
      if (session) {
        this.#open.delete(session.id);
        unread.remove(session);
      }
      session?.end();
      wake();
    };
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      const put = (text: string): void => {
        if (isOpen) controller.enqueue(encoder.encode(text));
      };
      // What the client has not asked for yet stays in parts.
      const parted = new PartedOutput(({ text, isFirst, isLast }, written) => {
        pulled = written;
        put(`${isFirst ? 'data:' : ''}${text}${isLast ? '\n\n' : ''}`);
      });
      output = parted;
      const close = (): void => {
        guarded(() => {
          parted.flush();
          if (isOpen) controller.close();
        });
        ended();
      };
      const cut = (): void => {
        connected.close(tooSlow, 'the client does not read');
        // Queued output is discarded.
        isOpen = false;
        controller.error(new CutAnswer());
      };
      const send = (frame: Frame): void => {
        if (!isOpen) return;
        if (session) unread.admit(session, buffered(controller), bytesOf(frame), cut);
        parted.send(frame);
      };
      const drained = (): Promise<void> =>
        isOpen && buffered(controller) > drainedBytes ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve();
      const connected = hub.connect({ ...addressOf(context, this.#desk), send, sendParts: send, close, drained, mayRepeat: true });
      session = connected;
      if (!isOpen) return;
      const token = newToken();
      this.#open.set(connected.id, { session: connected, token });
      if (retryMs !== undefined) put(`retry:${retryMs}\n\n`);
      const init = { op: 'sse-init', 'machine-id': this.#machineId, 'session-id': connected.id, 'sse-token': token };
      put(`data:${JSON.stringify(init)}\n\n`);
      const keepAlive = (): void => {
        if (!parted.isWriting && !guarded(() => put(':\n'))) return ended();
        timer = clock.setTimeout(keepAlive, keepAliveMs);
      };
      timer = clock.setTimeout(keepAlive, keepAliveMs);
      opened?.(connected);
    };
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (!guarded(pulled)) {
        ended();
        return controller.error(new CutAnswer());
      }
      if (session) unread.update(session, buffered(controller));
      if (buffered(controller) <= drainedBytes) wake();
    };
    return new ReadableStream<Uint8Array>({ start, pull, cancel: ended }, { highWaterMark: 0, size: (chunk) => chunk.byteLength });
  }
}

function gone(type: string, hint: object): InstantAPIError {
  return new InstantAPIError({ status: 400, body: { type, message: `There is no such session here: ${type}`, hint } });
}
