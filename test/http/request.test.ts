// One call over a real line: what goes out, what comes back, and the one error for each way to fail.

import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { InstantAPIError, TriplaneError } from '../../src/errors.ts';
import { type HttpCall, request } from '../../src/http/request.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { useRecorder } from './recorder.ts';

const server = useRecorder();
const call: HttpCall = { method: 'POST', path: '/runtime/signout', body: { a: 1 } };

const ask = (changes: Partial<HttpCall> = {}): Promise<unknown> => request({ apiURI: server.apiURI }, { ...call, ...changes });

async function failure(response: Promise<unknown>): Promise<TriplaneError> {
  const error = await response.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TriplaneError);
  return error as TriplaneError;
}

describe('the request', () => {
  const rows: readonly [name: string, changes: Partial<HttpCall>, asked: object][] = [
    ['a body is JSON', {}, { method: 'POST', url: '/runtime/signout', body: '{"a":1}' }],
    ['a query is encoded', { query: { a: 'é &', c: '' } }, { url: '/runtime/signout?a=%C3%A9%20%26&c=' }],
    ['bytes are sent unchanged', { bytes: 'a,b', headers: { 'content-type': 'text/csv' } }, { body: 'a,b' }],
    ['a stream is sent to its end', { bytes: new Blob(['one', 'two']).stream() }, { body: 'onetwo' }],
    ['GET has no body', { method: 'GET', body: undefined }, { method: 'GET', body: '' }],
  ];
  it.each(rows)('%s', async (_name, changes, requested) => {
    await ask(changes);
    expect(server.requested).toMatchObject([requested]);
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each([[{ extra: 1n }], [circular]])('a body that JSON cannot carry is an error of the call: %o', async (body) => {
    expect(await failure(ask({ body }))).toMatchObject({ code: 'data-invalid', message: expect.stringContaining('/runtime/signout') });
    expect(server.requested).toEqual([]);
  });

  it('undefined headers are omitted', async () => {
    await ask({ headers: { authorization: 'Bearer ours', 'as-guest': undefined } });
    expect(server.requested[0]?.method).toBe('POST');
    expect(server.requested[0]?.headers).toMatchObject({ authorization: 'Bearer ours', 'content-type': 'application/json' });
    expect(server.requested[0]?.headers).not.toHaveProperty('as-guest');
  });

  it('fetch: null means the platform’s fetch, called unbound', async () => {
    const nothing = null as unknown as undefined;
    await request({ apiURI: server.apiURI, fetch: nothing }, call);
    expect(server.requested).toHaveLength(1);
  });

  it('bypasses the fetch cache of Next.js 13', async () => {
    const caches: unknown[] = [];
    const patched = Object.assign(
      async (_url: unknown, init?: RequestInit) => {
        caches.push(init?.cache);
        return new Response('{}');
      },
      { __nextPatched: true },
    );
    await request({ apiURI: '', fetch: patched }, call);
    expect(caches).toEqual(['no-store']);
  });
});

describe('the response', () => {
  it.each([
    ['JSON', { body: { user: null } }, { user: null }],
    ['any success status', { status: 201, body: [1] }, [1]],
    ['nothing', { text: '' }, undefined],
    ['an empty response with status 204', { status: 204, text: '' }, undefined],
  ])('%s', async (_name, reply, value) => {
    server.response(reply);
    await expect(ask()).resolves.toEqual(value);
  });
});

describe('error responses', () => {
  const hint = { 'record-type': 'app-user' };
  const page = '<html>Bad gateway</html>';
  const rows: readonly [name: string, status: number, text: string, body: object, message: string, code: string][] = [
    [
      'the standard error body',
      400,
      JSON.stringify({ type: 'record-not-found', message: 'Record not found: app-user', hint, 'trace-id': 't1' }),
      { type: 'record-not-found', message: 'Record not found: app-user', hint, 'trace-id': 't1' },
      'Record not found: app-user',
      'refused',
    ],
    [
      'an OAuth error body',
      400,
      '{"type":"oauth-error","error":"No such code"}',
      { type: 'oauth-error', message: 'No such code' },
      'No such code',
      'refused',
    ],
    ['no type', 404, '{"message":"Oops"}', { message: 'Oops' }, 'Oops', 'refused'],
    ['a null type', 500, '{"type":null,"message":"x"}', { message: 'x' }, 'x', 'server-failed'],
    ['a body with unknown fields', 400, '{"message":"x","more":1}', { message: 'x', more: 1 }, 'x', 'refused'],
    [
      'a message that is not a string',
      400,
      '{"message":{"a":1}}',
      { message: undefined },
      'The server responded with status 400',
      'refused',
    ],
    ['text', 502, page, { message: page }, page, 'server-failed'],
    ['JSON that is not an object', 400, '["no"]', { message: '["no"]' }, '["no"]', 'refused'],
    ['nothing', 503, '', {}, 'The server responded with status 503', 'server-failed'],
  ];
  it.each(rows)('%s', async (_name, status, text, body, message, code) => {
    server.response({ status, text });
    const error = await failure(ask());
    expect(error).toBeInstanceOf(InstantAPIError);
    expect(error).toMatchObject({ code, message, status });
    expect((error as InstantAPIError).body).toMatchObject(body);
  });

  it('carries the hint and the trace id', async () => {
    server.response({ status: 400, body: { type: 'record-not-found', message: 'x', hint, traceId: 't2' } });
    expect(await failure(ask())).toMatchObject({ hint, traceId: 't2', type: 'record-not-found' });
  });
});

describe('no response', () => {
  /** Its timers run when told, and say whether any is left. */
  function handClock(): Clock & { run: () => void; waiting: () => number } {
    const timers = new Map<number, () => void>();
    let last = 0;
    return {
      now: () => 0,
      monotonicNow: () => 0,
      setTimeout: (run) => {
        timers.set(++last, run);
        return last;
      },
      clearTimeout: (timer) => void timers.delete(timer as number),
      run: () => timers.forEach((run) => run()),
      waiting: () => timers.size,
    };
  }

  it('no server responds', async () => {
    const error = await failure(request({ apiURI: 'http://127.0.0.1:1' }, { ...call, query: { token: 'secret' } }));
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(
      'POST http://127.0.0.1:1/runtime/signout: no server responded. Check that this device is online, that apiURI is correct and that the server is running',
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('the connection breaks while the response arrives', async () => {
    const broken = new ReadableStream({ start: (stream) => stream.error(new TypeError('terminated')) });
    const error = await failure(request({ apiURI: 'http://x', fetch: async () => new Response(broken) }, call));
    expect(error).toMatchObject({ code: 'unreachable', cause: { message: 'terminated' } });
  });

  it('within the default timeout', async () => {
    server.response({ status: 'silence' });
    const clock = handClock();
    const response = failure(request({ apiURI: server.apiURI, clock }, call));
    expect(clock.waiting()).toBe(1);
    clock.run();
    expect(await response).toMatchObject({
      code: 'timeout',
      message: `POST ${server.apiURI}/runtime/signout: no response within 60000 ms`,
    });
    expect(clock.waiting()).toBe(0);
  });

  it.each([
    ['a minute at most', {}, 1],
    ['bytes have no time limit', { bytes: 'x' }, 0],
  ])('%s', async (_name, changes, waiting) => {
    const clock = handClock();
    const response = request({ apiURI: server.apiURI, clock }, { ...call, ...changes });
    expect(clock.waiting()).toBe(waiting);
    await response;
    expect(clock.waiting()).toBe(0);
  });

  it.each(['before', 'during'])('aborted %s', async (when) => {
    server.response({ status: 'silence' });
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before') controller.abort(reason);
    const response = expect(ask({ signal: controller.signal })).rejects.toBe(reason);
    controller.abort(reason);
    await response;
  });

  it('aborted by the signal of all calls', async () => {
    const signal = AbortSignal.abort();
    await expect(request({ apiURI: server.apiURI, signal }, call)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('a response that is not JSON', async () => {
    server.response({ text: '<html>Log in to the hotel</html>' });
    const error = await failure(ask());
    expect(error).toMatchObject({ code: 'server-failed', message: expect.stringContaining('is not JSON') });
    expect(error).not.toBeInstanceOf(InstantAPIError);
  });

  it('an invalid header is rejected without revealing its value', async () => {
    const error = await failure(ask({ headers: { authorization: 'Bearer tell-nobody\nx' } }));
    expect(error).toMatchObject({ code: 'config-invalid', message: expect.stringContaining("'authorization'") });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('tell-nobody');
    expect(server.requested).toEqual([]);
  });
});
