// A Transport over plain HTTP, for networks that let no WebSocket through: messages come down an event stream and go up by
// POST. The line counts as open when `sse-init` has come; how long that may take is the machine's affair, as with every
// transport. PROTOCOL.md#sse-init

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, silent } from '../lib/log.ts';
import type { ClientMessage } from '../protocol/client-message.ts';
import { decodeServerFrame, learn, type ServerFrame } from '../protocol/codec.ts';
import { feedFields } from '../protocol/feed-fields.ts';
import type { ServerMessage, SseInit } from '../protocol/server-message.ts';
import type { EventSourceConstructor } from '../types/event-source.ts';
import { type FeedEvents, fetchFeed, sourceFeed } from './event-feed.ts';
import { PostBox, type PostBoxConfig } from './post-box.ts';
import type { Line, LineEvents, Transport } from './transport.ts';

export interface EventSourceConfig {
  /** …/runtime/sse?app_id=…: listened to, and posted to. */
  readonly url: string;
  /** Where to post, if that is elsewhere. */
  readonly postUrl?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** In place of a `fetch` that gives streams. */
  readonly EventSource?: EventSourceConstructor | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
}

export function eventSourceTransport(config: EventSourceConfig): Transport {
  learn(feedFields);
  const { url, postUrl = url, EventSource: Source, clock = systemClock, log = silent } = config;
  // Called bare: a browser's `fetch` refuses to be a method of something else.
  const send: typeof fetch = config.fetch ?? ((...call) => fetch(...call));
  const feed = Source ? sourceFeed(Source) : fetchFeed(send);
  return { name: 'sse', open: (on) => new EventSourceLine((events) => feed(url, events), { url: postUrl, fetch: send, clock }, on, log) };
}

const gone = 1006;

class EventSourceLine implements Line {
  readonly #config: PostBoxConfig;
  readonly #log: Log;
  readonly #closeFeed: () => void;
  /** There from `sse-init` on. */
  #posts: PostBox | undefined;
  /** Gone once the line is closed, from either end. */
  #on: LineEvents | undefined;

  constructor(listen: (on: FeedEvents) => () => void, config: PostBoxConfig, on: LineEvents, log: Log) {
    this.#config = config;
    this.#on = on;
    this.#log = log;
    this.#closeFeed = listen({
      event: (data) => this.#take(data),
      beat: () => this.#on?.heard(),
      ended: (reason, status) => this.#lost(reason, status),
    });
  }

  send(message: ClientMessage): void {
    if (!this.#posts) throw new TriplaneError('unreachable', 'The event stream is not open');
    this.#posts.add(message);
  }

  close(): void {
    this.#on = undefined;
    this.#posts?.close();
    this.#posts = undefined;
    this.#closeFeed();
  }

  #take(data: string): void {
    const frame = this.#read(data);
    if (!frame) return;
    if (frame.messages.length === 0) this.#on?.heard();
    for (const { op } of frame.unknown) this.#log.debug('connection', `'${op}' is no op that this client knows`);
    for (const message of frame.messages) this.#hear(message);
  }

  #hear(message: ServerMessage): void {
    if (message.op === 'sse-init') return this.#open(message);
    if (this.#posts) this.#on?.message(message);
    else this.#lost(`'${message.op}' came before 'sse-init'`);
  }

  #open(head: SseInit): void {
    if (!this.#on || this.#posts) return;
    const { 'machine-id': machineId, 'session-id': sessionId, 'sse-token': sseToken } = head;
    this.#posts = new PostBox(this.#config, { machineId, sessionId, sseToken }, (reason) => this.#lost(reason));
    this.#on.opened();
  }

  #read(data: string): ServerFrame | undefined {
    try {
      return decodeServerFrame(data);
    } catch (error) {
      if (!(error instanceof TriplaneError)) throw error;
      this.#on?.fault(error);
      return undefined;
    }
  }

  #lost(reason: string, code = gone): void {
    const on = this.#on;
    if (!on) return;
    this.close();
    on.closed({ code, reason });
  }
}
