// The way down of an event stream: by `fetch`, or by an EventSource that a program brings along, for platforms whose `fetch`
// gives no streams. It is opened once and never again by itself: that is for the machine to decide.

import type { EventSourceConstructor } from '../types/event-source.ts';
import { eventReader, type EventsRead } from './event-reader.ts';

export interface FeedEvents extends EventsRead {
  /** Once and last; the feed is then to be closed. */
  ended(reason: string, status?: number): void;
}

/** Gives what closes it; after that nothing is told. */
export type Feed = (url: string, on: FeedEvents) => () => void;

export function fetchFeed(send: typeof fetch): Feed {
  return (url, on) => {
    const aborting = new AbortController();
    const isOver = (): boolean => aborting.signal.aborted;
    const end = (reason: string, status?: number): void => {
      if (isOver()) return;
      aborting.abort();
      on.ended(reason, status);
    };
    readAll(send, url, aborting.signal, on).then(
      ({ reason, status }) => end(reason, status),
      (error: unknown) => end(String(error)),
    );
    return () => aborting.abort();
  };
}

async function readAll(
  send: typeof fetch,
  url: string,
  signal: AbortSignal,
  on: EventsRead,
): Promise<{ readonly reason: string; readonly status?: number }> {
  const response = await send(url, { headers: { accept: 'text/event-stream' }, cache: 'no-store', signal });
  const { ok, status, body, headers } = response;
  if (!ok) return { reason: `The event stream was answered with ${status}`, status };
  // A hotel's sign-in page also answers with 200.
  if (!headers.get('content-type')?.startsWith('text/event-stream')) return { reason: 'What answered is no event stream', status };
  if (!body) return { reason: 'This platform gives no streams; hand in an EventSource' };
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const read = eventReader(on);
  for (;;) {
    const { value, done } = await reader.read();
    if (signal.aborted || done) return { reason: 'The event stream ended' };
    read(decoder.decode(value, { stream: true }));
  }
}

export function sourceFeed(Source: EventSourceConstructor): Feed {
  return (url, on) => {
    const source = new Source(url);
    source.onmessage = ({ data }: { readonly data: unknown }) => {
      if (typeof data === 'string') on.event(data);
    };
    // It would come back by itself; whoever is told closes it.
    source.onerror = () => on.ended('The event source failed');
    return () => {
      source.onmessage = null;
      source.onerror = null;
      source.close();
    };
  };
}
