// Routes incoming frames to subscriptions, channels, or the listeners of direct messages. Each kind of malformed frame is reported once.

import { isPlain } from '../rooms/payload.ts';
import { errorOf } from '../rooms/room-error.ts';
import { type PlatformChannel, readMembers } from './channel.ts';
import { PlatformRealtimeError } from './platform-error.ts';
import type { Wire } from './wire.ts';

export interface RouterContext {
  readonly wire: Wire;
  channel(name: string): PlatformChannel | undefined;
  /** False if it is not an event of a topic. */
  received(body: unknown, topic: string | undefined): boolean;
  direct(event: string, data: unknown, raw: unknown): void;
  report(error: Error): void;
}

/** Kinds of malformed frames that are reported. */
const maxKinds = 100;

export class EventRouter {
  readonly #context: RouterContext;
  readonly #reported = new Set<string>();

  constructor(context: RouterContext) {
    this.#context = context;
  }

  event(body: unknown, topic: string | undefined): void {
    this.#guarded(() => this.#event(body, topic));
  }

  other(event: string, body: unknown): void {
    this.#guarded(() => this.#other(event, body));
  }

  /** The functions in `wire` may be the caller's, and an error of theirs must not end the connection's loop. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#context.report(errorOf(error));
    }
  }

  #event(body: unknown, topic: string | undefined): void {
    const { wire } = this.#context;
    // A channel message may come as an event of the socket service (A4).
    const event = wire.parseEvent(body, topic);
    const message = event?.source === 'socket' ? wire.parseMessage(event.payload) : undefined;
    const channel = message && this.#context.channel(message.channel);
    if (channel?.room.isWanted) channel.message(message as NonNullable<typeof message>, body);
    if (!this.#context.received(body, topic)) this.#reportOnce('An event names no topic');
  }

  #other(event: string, body: unknown): void {
    const { wire } = this.#context;
    const { message, presenceJoin, presenceLeave } = wire.channel;
    if (event === message) {
      const read = wire.parseMessage(body);
      if (read) return this.#context.channel(read.channel)?.message(read, body);
      // Sent to this socket only.
      if (isPlain(body) && typeof body['event'] === 'string') return this.#context.direct(body['event'], body['data'], body);
      return this.#reportOnce(`'${event}' does not carry a channel message`);
    }
    if (event === presenceJoin || event === presenceLeave) {
      const [member] = isPlain(body) ? readMembers([body]) : [];
      if (!member || !isPlain(body) || typeof body['channel'] !== 'string') return this.#reportOnce(`'${event}' names no member`);
      return this.#context.channel(body['channel'])?.presence(event === presenceJoin ? 'join' : 'leave', member);
    }
    if (event === 'error') {
      const { code, message: text } = isPlain(body) ? body : {};
      const message = typeof text === 'string' ? text : 'The server reported an error';
      return this.#context.report(new PlatformRealtimeError(typeof code === 'string' ? code : 'SERVER_ERROR', message));
    }
    if (event === '') this.#reportOnce('A frame is not a message of the protocol');
  }

  #reportOnce(why: string): void {
    if (this.#reported.has(why) || this.#reported.size >= maxKinds) return;
    this.#reported.add(why);
    this.#context.report(new PlatformRealtimeError('MALFORMED_FRAME', why));
  }
}
