// The way down of an event stream: by `fetch`, or by an EventSource that a program brings along, for platforms whose `fetch`
// gives no streams. It is opened once and never again by itself: that is for the machine to decide.

import type { EventSourceConstructor } from '../../types/ports.ts';

// Server-sent events out of a stream of text, as the HTML standard has them. Only `data` counts here: the protocol uses no
// names, ids or retry times. PROTOCOL.md#sse-init

export interface EventStreamHandlers {
  event(data: string): void;
  /** A comment: it keeps the line alive, and shows that it is. */
  heartbeat(): void;
}

/** Takes the text piece by piece, wherever it is cut. */
export function eventStreamParser(on: EventStreamHandlers): (text: string) => void {
  let rest = '';
  let endsWithReturn = false;
  let data: string[] = [];
  let isFirst = true;
  const parseLine = (line: string): void => {
    if (line === '') {
      if (data.length > 0) on.event(data.join('\n'));
      data = [];
    } else if (line.startsWith(':')) {
      on.heartbeat();
    } else if (line === 'data' || line.startsWith('data:')) {
      data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    }
  };
  return (text) => {
    if (text === '') return;
    const piece = isFirst ? text.replace(/^\uFEFF/, '') : text;
    isFirst = false;
    // Most pieces of a long event have no end of a line in them: what came before is not looked at again for each.
    if (!endsWithReturn && !/[\r\n]/.test(piece)) {
      rest += piece;
      return;
    }
    // A return at the very end may be the first half of a line break.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    endsWithReturn = rest.endsWith('\r');
    for (const line of lines) parseLine(line);
  };
}

export interface EventStreamEvents extends EventStreamHandlers {
  /** Once and last; the feed is then to be closed. */
  ended(reason: string, status?: number): void;
}

/** Gives what closes it; after that nothing is told. */
export type OpenEventStream = (url: string, on: EventStreamEvents) => () => void;

export function fetchEventStream(send: typeof fetch): OpenEventStream {
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
  on: EventStreamHandlers,
): Promise<{ readonly reason: string; readonly status?: number }> {
  const response = await send(url, { headers: { accept: 'text/event-stream' }, cache: 'no-store', signal });
  const { ok, status, body, headers } = response;
  if (!ok) return { reason: `The event stream was answered with ${status}`, status };
  // A hotel's sign-in page also answers with 200.
  if (!headers.get('content-type')?.startsWith('text/event-stream')) return { reason: 'What answered is no event stream', status };
  if (!body) return { reason: 'This platform gives no streams; hand in an EventSource' };
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const read = eventStreamParser(on);
  for (;;) {
    const { value, done } = await reader.read();
    if (signal.aborted || done) return { reason: 'The event stream ended' };
    read(decoder.decode(value, { stream: true }));
  }
}

export function eventSourceStream(Source: EventSourceConstructor): OpenEventStream {
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
