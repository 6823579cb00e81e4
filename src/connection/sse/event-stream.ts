// The receiving side of an event stream: over `fetch`, or over an EventSource supplied by the program, for platforms whose `fetch` does not
// stream. Opened once; reconnecting is decided by the machine. The parser implements the part of server-sent events (HTML standard) that
// the protocol uses: `data`, without names, ids or retry times. PROTOCOL.md#sse-init

import { textOf } from '../../lib/thrown.ts';
import type { EventSourceConstructor } from '../../types/ports.ts';

export interface EventStreamHandlers {
  event(data: string): void;
  /** A comment line: it keeps the connection alive and proves that it is. */
  heartbeat(): void;
}

/** Returns a function that accepts text in pieces of any size. */
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
    // Most pieces of a long event contain no line end: the buffered text is not scanned again for each piece.
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
  /** Called once, as the last event; the caller then closes the stream. */
  ended(reason: string, status?: number): void;
}

/** Returns a function that closes the stream; no handler is called afterwards. */
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
      (error: unknown) => end(textOf(error)),
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
  if (!ok) return { reason: `The event stream request failed with status ${status}`, status };
  // The sign-in page of a captive portal also responds with 200.
  if (!headers.get('content-type')?.startsWith('text/event-stream')) return { reason: 'The response is not an event stream', status };
  if (!body) return { reason: "This platform's fetch does not stream; pass an EventSource to init" };
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
    // EventSource would reconnect by itself; the caller closes it when it is notified.
    source.onerror = () => on.ended('The event source failed');
    return () => {
      source.onmessage = null;
      source.onerror = null;
      source.close();
    };
  };
}
