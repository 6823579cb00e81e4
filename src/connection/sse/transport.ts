// A Transport over plain HTTP, for networks that let no WebSocket through: messages come down an event stream and go up by
// POST. The line counts as open when `sse-init` has come; how long that may take is the machine's affair, as with every
// transport. PROTOCOL.md#sse-init

import { TriplaneError } from '../../errors.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { type Log, silent } from '../../lib/log.ts';
import type { ServerMessage, SseInit } from '../../protocol/server-message.ts';
import type { EventSourceConstructor } from '../../types/ports.ts';
import { type EventStreamEvents, fetchEventStream, eventSourceStream } from './event-stream.ts';
import { deliverFrame } from '../transport.ts';
import { PostQueue, type PostQueueConfig } from './post-queue.ts';
import type { Channel, ChannelEvents, Transport } from '../transport.ts';

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
  const openStream = Source ? eventSourceStream(Source) : fetchEventStream(send);
  return { name: 'sse', open: (on) => openChannel((events) => openStream(url, events), { url: postUrl, fetch: send, clock }, on, log) };
}

function openChannel(openStream: (on: EventStreamEvents) => () => void, config: PostQueueConfig, events: ChannelEvents, log: Log): Channel {
  /** Gone once the line is closed, from either end. */
  let on: ChannelEvents | undefined = events;
  /** There from `sse-init` on. */
  let queue: PostQueue | undefined;
  const close = (): void => {
    on = undefined;
    queue?.close();
    queue = undefined;
    closeStream();
  };
  const disconnected = (reason: string, code = 1006): void => {
    const last = on;
    if (!last) return;
    close();
    last.closed({ code, reason });
  };
  const open = (init: SseInit): void => {
    if (!on || queue) return;
    queue = new PostQueue(
      config,
      { machineId: init['machine-id'], sessionId: init['session-id'], sseToken: init['sse-token'] },
      disconnected,
    );
    on.opened();
  };
  const onMessage = (message: ServerMessage): void => {
    if (message.op === 'sse-init') open(message);
    else if (queue) on?.message(message);
    else disconnected(`'${message.op}' came before 'sse-init'`);
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
