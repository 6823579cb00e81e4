// A Transport over plain HTTP, for networks that block WebSockets: messages arrive on an event stream and are sent by POST. The channel is
// open once `sse-init` has arrived; the machine limits how long that may take, as for every transport. PROTOCOL.md#sse-init

import { TriplaneError } from '../../errors.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { type Log, silent } from '../../lib/log.ts';
import { type Random, systemRandom } from '../../lib/random.ts';
import type { ServerMessage, SseInit } from '../../protocol/server-message.ts';
import type { EventSourceConstructor } from '../../types/ports.ts';
import { type Channel, type ChannelEvents, type CloseReason, deliverFrame, type Transport } from '../transport.ts';
import { eventSourceStream, type EventStreamEvents, fetchEventStream } from './event-stream.ts';
import { PostQueue, type PostQueueConfig } from './post-queue.ts';

export interface EventSourceConfig {
  /** …/runtime/sse?app_id=…, both for the event stream and for posts. */
  readonly url: string;
  /** The URL for posts, if different. */
  readonly postUrl?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Used instead of a streaming `fetch`. */
  readonly EventSource?: EventSourceConstructor | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly log?: Log | undefined;
  /** Whether the session answers `remove-query`, with which the line is tried while a POST fails. */
  readonly canProbe?: boolean | undefined;
}

export function eventSourceTransport(config: EventSourceConfig): Transport {
  const { url, postUrl = url, EventSource: Source, clock = systemClock, random = systemRandom, log = silent } = config;
  // Called as a plain function: a browser's `fetch` throws when called as a method of another object.
  const send: typeof fetch = config.fetch ?? ((...call) => fetch(...call));
  const openStream = Source ? eventSourceStream(Source) : fetchEventStream(send);
  const posts: PostQueueConfig = { url: postUrl, fetch: send, clock, random, canProbe: config.canProbe === true };
  return { name: 'sse', open: (on) => openChannel((events) => openStream(url, events), posts, on, log) };
}

function openChannel(openStream: (on: EventStreamEvents) => () => void, config: PostQueueConfig, events: ChannelEvents, log: Log): Channel {
  /** Undefined once the channel is closed by either end. */
  let on: ChannelEvents | undefined = events;
  /** Set from `sse-init` on. */
  let queue: PostQueue | undefined;
  const close = (): void => {
    on = undefined;
    queue?.close();
    queue = undefined;
    closeStream();
  };
  const lost = (why: CloseReason): void => {
    const last = on;
    if (!last) return;
    close();
    last.closed(why);
  };
  const disconnected = (reason: string, code = 1006): void => lost({ code, reason });
  const open = (init: SseInit): void => {
    if (!on || queue) return;
    queue = new PostQueue(config, { machineId: init['machine-id'], sessionId: init['session-id'], sseToken: init['sse-token'] }, lost);
    on.opened();
  };
  const onMessage = (message: ServerMessage): void => {
    if (message.op === 'sse-init') open(message);
    else if (queue) on?.message(message);
    else disconnected(`Received '${message.op}' before 'sse-init'`);
  };
  const onActivity = (): void => on?.activity();
  const closeStream = openStream({
    event: (data) => deliverFrame(data, { message: onMessage, activity: onActivity, fault: (error) => on?.fault(error) }, log),
    heartbeat: onActivity,
    ended: disconnected,
  });
  return {
    send(message) {
      if (!queue) throw new TriplaneError('unreachable', 'The event stream is not open');
      queue.add(message);
    },
    close,
  };
}
