// The client below both adapters' APIs: what it repeats, what ends a call, and that each end is the API's own error. Real HTTP.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type ApiConfig, type ApiFailure, JsonApi } from '../../src/rest/json-api.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';

class Failure extends Error {
  readonly status: number;
  readonly code: string;
  readonly wasRetried: boolean;
  override readonly cause: unknown;

  constructor({ status, code, message, cause, wasRetried }: ApiFailure) {
    super(message);
    [this.status, this.code, this.wasRetried, this.cause] = [status, code, wasRetried, cause];
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let baseUrl: string;
let handlers: Handler[];
let count: number;
beforeEach(async () => {
  [handlers, count] = [[], 0];
  server = createServer((request, response) => {
    const handle = handlers[Math.min(count++, handlers.length - 1)];
    handle?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const api = (config: Partial<ApiConfig> = {}): JsonApi =>
  new JsonApi({
    baseUrl,
    retryDelayMs: 1,
    canRefresh: false,
    credentials: () => Promise.resolve({}),
    toError: (failure) => new Failure(failure),
    ...config,
  });
const answer =
  (status: number, body = '{"error":"OOPS","message":"oops"}'): Handler =>
  (_request, response) =>
    void response.writeHead(status).end(body);
const silence: Handler = () => {};
const hangUp: Handler = (request) => void request.socket.destroy();
const get = { method: 'GET', path: '/x' } as const;
const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('what is repeated', () => {
  test.each([
    [502, 3],
    [503, 3],
    [504, 3],
    [408, 1],
    [429, 1],
    [500, 1],
    [501, 1],
    [404, 1],
  ])('a GET that is answered %i is sent %i times', async (status, times) => {
    handlers = [answer(status)];
    expect(await failureOf(api().json(get))).toMatchObject({ status, code: 'OOPS', wasRetried: times > 1 });
    expect(count).toBe(times);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'POST'] as const)('%s, when the server hangs up', async (method) => {
    handlers = [hangUp, answer(200, '{"a":1}')];
    const result = await failureOf(api().json({ ...get, method }));
    if (method === 'POST') expect(result).toMatchObject({ status: 0, code: 'UNREACHABLE' });
    else expect(result).toEqual({ a: 1 });
  });

  test('a DELETE whose answer was lost is not told that there is nothing to delete; the first 404 is an error', async () => {
    handlers = [hangUp, answer(404)];
    expect(await api().json({ ...get, method: 'DELETE' })).toBeUndefined();
    await expect(api().json({ ...get, method: 'DELETE' })).rejects.toMatchObject({ status: 404 });
  });

  test('after 401 once, with forced credentials, where they may be others', async () => {
    handlers = [answer(401)];
    const forced: boolean[] = [];
    const credentials = ({ force }: { force: boolean }) => (forced.push(force), Promise.resolve({ authorization: 'x' }));
    expect(await failureOf(api({ credentials, canRefresh: true }).json(get))).toMatchObject({ status: 401 });
    expect(forced).toEqual([false, true]);
    expect(await failureOf(api({ credentials }).json(get))).toMatchObject({ status: 401 });
    expect(forced).toEqual([false, true, false]);
  });
});

describe('what ends a call', () => {
  test('no response in time, or none to the whole body', async () => {
    for (const handler of [silence, (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(200).write('{"a":')]) {
      handlers = [handler];
      expect(await failureOf(api({ timeoutMs: 30 }).json(get))).toMatchObject({ status: 0, code: 'TIMEOUT' });
    }
  });

  test('credentials that never come, or fail', async () => {
    handlers = [answer(200)];
    const never = new Promise<never>(() => {});
    expect(await failureOf(api({ timeoutMs: 30, credentials: () => never }).json(get))).toMatchObject({ code: 'TIMEOUT' });
    const cause = new Error('signed out');
    const failing = { credentials: () => Promise.reject(cause) };
    expect(await failureOf(api(failing).json(get))).toMatchObject({ status: 0, code: 'AUTH_FAILED', cause });
    const throwing = {
      credentials: () => {
        throw cause;
      },
    };
    expect(await failureOf(api(throwing).json(get))).toMatchObject({ status: 0, code: 'AUTH_FAILED', cause });
    expect(count).toBe(0);
  });

  test('a token that no header can carry, and that no message shows', async () => {
    const credentials = () => Promise.resolve({ authorization: 'Bearer se\ncret' });
    const failure = await failureOf(api({ credentials }).json(get));
    expect(failure).toMatchObject({ status: 0, code: 'INVALID_HEADER' });
    expect((failure as Error).message).not.toContain('cret');
  });

  test("the caller's signal: before, during, and between two attempts; with its own reason", async () => {
    handlers = [silence];
    const reason = new Error('no longer needed');
    expect(await failureOf(api().json({ ...get, signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(count).toBe(0);
    for (const where of ['call', 'config'] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      const pending = failureOf(where === 'call' ? api().json({ ...get, signal }) : api({ signal }).json(get));
      await expect.poll(() => count).toBeGreaterThan(0);
      controller.abort(reason);
      expect(await pending).toBe(reason);
      count = 0;
    }
    handlers = [answer(503)];
    const controller = new AbortController();
    const clock = new VirtualClock(0);
    const waiting = failureOf(api({ clock, retryDelayMs: 60_000 }).json({ ...get, signal: controller.signal }));
    await expect.poll(() => count).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
  });

  test('closing the client', async () => {
    handlers = [silence];
    const controller = new AbortController();
    const closed = controller.signal;
    const pending = failureOf(api({ closed }).json(get));
    await expect.poll(() => count).toBe(1);
    controller.abort();
    expect(await pending).toMatchObject({ status: 0, code: 'CLOSED' });
    expect(await failureOf(api({ closed }).json(get))).toMatchObject({ code: 'CLOSED' });
    expect(count).toBe(1);
  });

  test('a response without end', async () => {
    handlers = [
      (_request, response) => {
        response.writeHead(200);
        const more = (): void => void (response.destroyed || response.write('x'.repeat(10_000), () => setImmediate(more)));
        more();
      },
    ];
    const failure = await failureOf(api({ maxResponseBytes: 100_000 }).json(get));
    expect(failure).toMatchObject({ status: 200, code: 'RESPONSE_TOO_LARGE', wasRetried: false });
    handlers = [answer(200, JSON.stringify('x'.repeat(99_998)))];
    expect(await api({ maxResponseBytes: 100_000 }).json(get)).toHaveLength(99_998);
  });

  test('a call that has ended leaves no timer and no listener', async () => {
    handlers = [answer(200, '{}')];
    const clock = new VirtualClock(0);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
    });
    await api({ clock, closed: signal }).json({ ...get, signal });
    expect([listeners, clock.timers]).toEqual([0, 0]);
  });
});
