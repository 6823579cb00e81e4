// The requests of a step over HTTP, event streams among them.

import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

import type { AppUnderTest } from './app-under-test.ts';
import type { Placeholders } from './placeholders.ts';
import { type Sessions, parseText } from './sessions.ts';
import type { Answer, Step } from './transcript.ts';

const requestTimeoutMs = 15_000;

/** Headers of the connection or the machine, which `keep: 'all'` leaves out. */
const passingHeaders = new Set([
  ...['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'access-control-expose-headers'],
  ...['x-instant-server-hostname', 'x-instant-server-port'],
]);

export interface Received {
  readonly answer: Answer;
  /** Every header, whether it counts or not. */
  readonly headers: Readonly<Record<string, string>>;
}

export async function request(step: Step, app: AppUnderTest, names: Placeholders): Promise<Received> {
  try {
    const { status, headers, text } = await exchange(step, app, names);
    const body = parseText(text);
    return { answer: { status, body, ...(step.keep && { headers: keptHeaders(headers, step.keep) }) }, headers };
  } catch (error) {
    return { answer: { failed: (error as Error).name === 'AbortError' ? 'AbortError' : 'TypeError' }, headers: {} };
  }
}

interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true });
const watchedSockets = new WeakSet<Socket>();

/** A server that answers before it has read a large body closes the connection; what is still being written fails when the answer is there. */
function ignoreLateErrors(socket: Socket): void {
  if (watchedSockets.has(socket)) return;
  watchedSockets.add(socket);
  socket.on('error', () => {});
}

/** One request with Node's own client, which costs a fraction of `fetch`: there are thousands of them. */
function exchange(step: Step, app: AppUnderTest, names: Placeholders): Promise<Exchange> {
  const { url, method, headers, body } = requestOf(step, app, names);
  const signal = AbortSignal.timeout(step.timeout ?? requestTimeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { agent, method, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: given } = response;
        const joined = Object.entries(given).map(([name, value]) => [name, [value].flat().join(', ')] as const);
        resolve({ status, headers: Object.fromEntries(joined), text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed the idle connection in the moment in which it was used again: it has not seen the request.
      const isStale = outgoing.reusedSocket && error.code === 'ECONNRESET';
      if (isStale) exchange(step, app, names).then(resolve, reject);
      else reject(error);
    });
    outgoing.on('socket', ignoreLateErrors);
    outgoing.end(body);
  });
}

/** Opens an event stream. Its head is the answer; its events are received under the name of the stream. */
export async function openEventStream(step: Step, app: AppUnderTest, names: Placeholders, sessions: Sessions): Promise<Received> {
  const name = step.sse ?? '';
  const keep = step.keep ?? ['content-type', 'cache-control'];
  const abort = new AbortController();
  try {
    const response = await send(step, app, names, abort.signal);
    const isStream = response.ok && (response.headers.get('content-type') ?? '').includes('event-stream');
    if (!isStream || !response.body) return await received(response, keep);
    const receive = sessions.add(name, { send: () => {}, close: () => abort.abort() });
    void readEvents(response.body, (event) => receiveEvent(step, event, names, receive.message)).then(() =>
      receive.close({ closed: true }),
    );
    const headers = Object.fromEntries(response.headers);
    return { answer: { status: response.status, headers: keptHeaders(headers, keep) }, headers };
  } catch (error) {
    return { answer: { failed: (error as Error).name }, headers: {} };
  }
}

function requestOf(step: Step, app: AppUnderTest, names: Placeholders) {
  const [method = 'GET', ...path] = (step.http ?? '').split(' ');
  const body = bodyOf(step, names);
  return { url: new URL(app.http + String(names.fill(path.join(' ')))), method, headers: headersOf(step, app, names), body };
}

function send(step: Step, app: AppUnderTest, names: Placeholders, signal: AbortSignal): Promise<Response> {
  const { url, method, headers, body } = requestOf(step, app, names);
  return fetch(url, { method, signal, redirect: 'manual', headers, ...(body !== undefined && { body }) });
}

async function received(response: Response, keep: Step['keep']): Promise<Received> {
  const headers = Object.fromEntries(response.headers);
  const body = parseText(await response.text());
  return { answer: { status: response.status, body, ...(keep && { headers: keptHeaders(headers, keep) }) }, headers };
}

function keptHeaders(headers: Readonly<Record<string, string>>, keep: readonly string[] | 'all'): Record<string, unknown> {
  if (keep === 'all') return Object.fromEntries(Object.entries(headers).filter(([name]) => !passingHeaders.has(name)));
  return Object.fromEntries(keep.map((name) => [name, headers[name] ?? null]));
}

function headersOf({ as = 'nobody', headers = {} }: Step, app: AppUnderTest, names: Placeholders): Record<string, string> {
  const all: Record<string, unknown> = {
    ...{ 'content-type': 'application/json', 'app-id': app.id },
    ...callerHeaders(as, app, names),
    ...(names.fill(headers) as Record<string, unknown>),
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null));
}

function callerHeaders(as: string, { adminToken }: AppUnderTest, names: Placeholders): Record<string, unknown> {
  const [kind, ...rest] = as.split(':');
  if (kind === 'dash' || kind === 'bearer') {
    const name = kind === 'dash' ? `DASH:${rest.join(':')}` : rest.join(':');
    return { authorization: `Bearer ${String(names.valueOf(name))}`, 'app-id': null };
  }
  const authorization = `Bearer ${adminToken}`;
  if (as === 'nobody') return {};
  if (as === 'admin') return { authorization };
  if (as === 'guest') return { authorization, 'as-guest': 'true' };
  return as.includes('@') ? { authorization, 'as-email': as } : { authorization, 'as-token': String(names.valueOf(as)) };
}

function bodyOf({ body, pad }: Step, names: Placeholders): string | undefined {
  if (pad) return JSON.stringify({ ...(names.fill(body ?? {}) as object), pad: 'x'.repeat(pad) });
  if (body === undefined) return undefined;
  const filled = names.fill(body);
  return typeof body === 'string' ? String(filled) : JSON.stringify(filled);
}

async function readEvents(body: ReadableStream<Uint8Array>, onEvent: (event: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array> & ReadableStream) {
      const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = events.pop() ?? '';
      events.forEach(onEvent);
    }
  } catch {
    // The server cut the connection, or the step closed it: the stream is over either way.
  }
}

function receiveEvent({ sse = '', framing }: Step, event: string, names: Placeholders, receive: (message: unknown) => void): void {
  const lines = event.split('\n');
  const other = lines.filter((line) => !line.startsWith('data:'));
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length));
  if (other.join('\n') !== '') receive({ line: other.join('\n') });
  if (data.join('\n') === '') return;
  const parsed = parseText(data.join('\n'));
  for (const message of [parsed].flat() as Record<string, unknown>[]) {
    if (message['op'] === 'sse-init') {
      for (const key of ['machine-id', 'session-id', 'sse-token']) names.saved.set(`${sse}:${key}`, message[key]);
    }
    receive(framing && event.startsWith('data: ') ? { prefix: 'data: ', ...message } : message);
  }
  if (framing && Array.isArray(parsed)) receive({ array: parsed.length });
}
