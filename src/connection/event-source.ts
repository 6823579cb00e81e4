// A Transport over plain HTTP, for networks that let no WebSocket through: messages come down an event stream and go up by
// POST. The line counts as open when `sse-init` has come; how long that may take is the machine's affair, as with every
// transport. PROTOCOL.md#sse-init

import { TriplaneError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, silent } from '../lib/log.ts';
import type { ServerMessage, SseInit } from '../protocol/server-message.ts';
import type { EventSourceConstructor } from '../types/event-source.ts';
import { type FeedEvents, fetchFeed, sourceFeed } from './event-feed.ts';
import { tellFrame } from './frames.ts';
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
  const { url, postUrl = url, EventSource: Source, clock = systemClock, log = silent } = config;
  // Called bare: a browser's `fetch` refuses to be a method of something else.
  const send: typeof fetch = config.fetch ?? ((...call) => fetch(...call));
  const feed = Source ? sourceFeed(Source) : fetchFeed(send);
  return { name: 'sse', open: (on) => openLine((events) => feed(url, events), { url: postUrl, fetch: send, clock }, on, log) };
}

function openLine(listen: (on: FeedEvents) => () => void, config: PostBoxConfig, events: LineEvents, log: Log): Line {
  /** Gone once the line is closed, from either end. */
  let on: LineEvents | undefined = events;
  /** There from `sse-init` on. */
  let posts: PostBox | undefined;
  const close = (): void => {
    on = undefined;
    posts?.close();
    posts = undefined;
    closeFeed();
  };
  const lost = (reason: string, code = 1006): void => {
    const last = on;
    if (!last) return;
    close();
    last.closed({ code, reason });
  };
  const open = (head: SseInit): void => {
    if (!on || posts) return;
    posts = new PostBox(config, { machineId: head['machine-id'], sessionId: head['session-id'], sseToken: head['sse-token'] }, lost);
    on.opened();
  };
  const hear = (message: ServerMessage): void => {
    if (message.op === 'sse-init') open(message);
    else if (posts) on?.message(message);
    else lost(`'${message.op}' came before 'sse-init'`);
  };
  const heard = (): void => on?.heard();
  const closeFeed = listen({
    event: (data) => tellFrame(data, { message: hear, heard, fault: (error) => on?.fault(error) }, log),
    beat: heard,
    ended: lost,
  });
  return {
    send(message) {
      if (!posts) throw new TriplaneError('unreachable', 'The event stream is not open');
      posts.add(message);
    },
    close,
  };
}
