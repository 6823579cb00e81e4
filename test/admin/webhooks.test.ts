// Webhooks: signatures, keys, payloads and handlers, with ours and with the official package, over a scripted server. A test's number is that
// of the feature in docs/admin.md.

import { createPrivateKey, sign } from 'node:crypto';
import { Readable } from 'node:stream';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import * as ours from '../../src/admin/index.ts';
import { useRecorder } from '../http/recorder.ts';
import { failureOf, sdks } from './sdks.ts';
import { eventually } from '../support/eventually.ts';

const recorder = useRecorder();
const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const webhookId = '0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9';
const isn = '0/1A/2B3C4D5E';
const t = 1767225600;
const x = 'A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg';
/** RFC 8032 key of the bytes 0 to 31. */
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(Array.from({ length: 32 }, (_, n) => n))]),
  format: 'der',
  type: 'pkcs8',
});
const vectorBody = `{"payloadUrl":"http://127.0.0.1:7788/webhooks/payload/${appId}/${webhookId}/${isn}","token":"eyJ0ZXN0Ijp0cnVlfQ.e30.c2ln"}`;
const vectorV1 =
  'c6312dfb551b5884d742135dc1738a588a2b59e056b161544b4e95fedba565a621765ca541fa7ab972e5ad8094b45c4bbf9e949be5b2c6d36df91f874c8c3a01';

/** Keys are cached for the life of the process: every test has a key of its own. */
let kid: string;
let keys = 0;
const jwk = (id = kid) => ({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: id, x });

function headerOf(body: string, at = Math.floor(Date.now() / 1000)): string {
  return `t=${at},kid=${kid},v1=${sign(null, Buffer.from(`${at}.${body}`), privateKey).toString('hex')}`;
}

const record = (namespace: string, action: string, id = 'e1') => ({
  namespace,
  action,
  id,
  before: null,
  after: { id },
  idempotencyKey: 'k',
});

describe.each(sdks)('%s', (_name, sdk) => {
  let webhooks: ours.Webhooks<ours.InstantUnknownSchema>;
  beforeEach(() => {
    kid = `triplane-test-${++keys}`;
    webhooks = sdk.init({ appId, adminToken: 'c0ffee00-1234-4abc-9def-001122334455', apiURI: `${recorder.apiURI}/k${keys}` }).webhooks;
    recorder.response({ body: { keys: [jwk()] } });
  });
  const at = (seconds: number) => ({ receivedAt: new Date((t + seconds) * 1000) });

  test('S64 the signature from the specification is accepted', async () => {
    kid = 'triplane-test-1';
    recorder.response({ body: { keys: [jwk()] } });
    expect(sign(null, Buffer.from(`${t}.${vectorBody}`), privateKey).toString('hex')).toBe(vectorV1);
    expect(await webhooks.validate(`t=${t},kid=${kid},v1=${vectorV1}`, vectorBody, at(0))).toEqual(JSON.parse(vectorBody));
    expect(await webhooks.validate(`v1=${vectorV1.toUpperCase()},kid=${kid},t=${t}`, async () => vectorBody, at(300))).toHaveProperty(
      'token',
    );
  });

  const body = vectorBody;
  type Row = readonly [what: string, header: () => string, body: string, opts: object];
  const rows: readonly Row[] = [
    ['too old', () => headerOf(body, t), body, at(301)],
    ['older than the tolerance', () => headerOf(body, t), body, { ...at(11), tolerance: 10 }],
    ['another body', () => headerOf(body, t), `${body} `, at(0)],
    ['another time', () => headerOf(body, t).replace(String(t), String(t + 1)), body, at(0)],
    ['another signature', () => headerOf(body, t).replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), body, at(0)],
    ['an unknown key', () => headerOf(body, t).replace(kid, 'unknown'), body, at(0)],
    ['no time', () => headerOf(body, t).replace(/t=\d+,/, ''), body, at(0)],
    ['no key', () => headerOf(body, t).replace(`kid=${kid},`, ''), body, at(0)],
    ['no signature', () => headerOf(body, t).replace(/,v1=.*/, ''), body, at(0)],
    ['an empty header', () => '', body, at(0)],
    ['a body that is not a webhook', () => headerOf('{"a":1}', t), '{"a":1}', at(0)],
    ['a body that is not JSON', () => headerOf('nonsense', t), 'nonsense', at(0)],
  ];
  test.each<Row>(rows)('S64 rejected: %s', async (_what, header, text, opts) => {
    const failure = await failureOf(() => webhooks.validate(header(), text, opts));
    if (sdk === ours) expect(failure).toMatchObject({ name: 'TriplaneError', code: 'signature-invalid' });
  });

  test('S64 a timestamp in the future is accepted, because clocks differ', async () => {
    expect(await webhooks.validate(headerOf(body, t), body, at(-1_000_000))).toHaveProperty('token');
  });

  test('S68 keys are fetched once, from the configured server', async () => {
    await webhooks.validate(headerOf(body), body);
    await webhooks.validate(headerOf(body), body);
    expect(recorder.requested.map(({ url }) => url)).toEqual([`/k${keys}/.well-known/webhooks/jwks.json`]);
    expect(await webhooks.fetchJwks()).toEqual({ keys: [jwk()] });
  });

  test('S65 records are fetched with the token from the body', async () => {
    recorder.response({ body: { data: [record('todos', 'create')], idempotencyKey: 'p' } });
    const payload = await webhooks.fetchPayloads({
      payloadUrl: `${recorder.apiURI}/webhooks/payload/${appId}/${webhookId}/${isn}`,
      token: 'eyJ.a.b',
    });
    expect(payload).toEqual({ data: [record('todos', 'create')], idempotencyKey: 'p' });
    expect(recorder.requested[0]).toMatchObject({
      url: `/webhooks/payload/${appId}/${webhookId}/${isn}`,
      headers: { authorization: 'Bearer eyJ.a.b' },
    });
  });

  test('S66 S69 the most specific handler receives a record, and handlers may return promises or values', async () => {
    const seen: string[] = [];
    const handlers = {
      todos: { create: async (given: { id: string }) => void seen.push(`create ${given.id}`), $default: () => void seen.push('todos') },
      goals: { delete: () => void seen.push('goals.delete') },
      $default: ({ namespace }: { namespace: string }) => void seen.push(`any ${namespace}`),
    };
    const data = [
      record('todos', 'create', 'a'),
      record('todos', 'update'),
      record('goals', 'delete'),
      record('goals', 'create'),
      record('notes', 'create'),
    ];
    await webhooks.processPayload(handlers, { data, idempotencyKey: 'p' } as never);
    expect(seen).toEqual(['create a', 'todos', 'goals.delete', 'any goals', 'any notes']);
    seen.length = 0;
    await webhooks.processPayload({ todos: handlers.todos }, { data: [record('notes', 'create')], idempotencyKey: 'p' } as never);
    expect(seen).toEqual([]);
    const failing = { todos: { $default: () => Promise.reject(new Error('full')) } };
    expect(await failureOf(() => webhooks.processPayload(failing as never, { data, idempotencyKey: 'p' } as never))).toMatchObject({
      message: 'full',
    });
  });

  test('S66 handlers can be combined', () => {
    const { typedHandlers, combineHandlers } = webhooks.helpers();
    const [first, second, rest] = [() => 1, () => 2, () => 3];
    const combined = combineHandlers(
      typedHandlers('todos', 'create', first),
      typedHandlers('todos', '$default', first),
      { todos: { create: second } },
      typedHandlers('$default', rest),
    );
    expect(combined).toEqual({ todos: { create: second, $default: first }, $default: rest });
  });

  describe('S67 adapters', () => {
    const pointer = () => JSON.stringify({ payloadUrl: `${recorder.apiURI}/payload`, token: 'eyJ.a.b' });
    const replies = () =>
      recorder.response({ body: { keys: [jwk()] } }, { body: { data: [record('todos', 'create')], idempotencyKey: 'p' } });
    let seen: string[];
    const handlers = { $default: ({ id }: { id: string }) => void seen.push(id) };
    beforeEach(() => {
      seen = [];
      replies();
    });

    test('a web Request', async () => {
      const request = new Request('https://app.example/hook', {
        method: 'POST',
        headers: { 'Instant-Signature': headerOf(pointer()) },
        body: pointer(),
      });
      await webhooks.processRequest(handlers, request);
      expect(seen).toEqual(['e1']);
      await failureOf(() => webhooks.validateRequest(new Request('https://app.example/hook', { method: 'POST', body: pointer() })));
    });

    test.each<readonly [string, (text: string) => object]>([
      ['the unread stream', (text) => Readable.from([Buffer.from(text.slice(0, 9)), Buffer.from(text.slice(9))])],
      ['a body of bytes', (text) => ({ body: Buffer.from(text) })],
      ['a body of text', (text) => ({ body: text })],
      ['a raw body beside a parsed one', (text) => ({ rawBody: Buffer.from(text), body: { parsed: true } })],
      ['a parsed body', (text) => ({ body: JSON.parse(text) as unknown })],
    ])('a Node.js request: %s', async (_what, request) => {
      const req = Object.assign(request(pointer()), {
        headers: { 'instant-signature': headerOf(pointer()), host: 'app.example' },
        url: '/hook',
        method: 'POST',
      });
      await webhooks.processNodeRequest(handlers, req);
      expect(seen).toEqual(['e1']);
    });
  });

  const webhook = {
    id: webhookId,
    sink: { url: 'https://hooks.example.org/instant' },
    namespaces: ['goals'],
    actions: ['create'],
    status: 'disabled',
    disabled_reason: 'maintenance',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-02T00:00:00Z',
  };
  const info = {
    ...Object.fromEntries(Object.entries(webhook).filter(([key]) => !key.includes('_'))),
    disabledReason: 'maintenance',
    createdAt: new Date(webhook.created_at),
    updatedAt: new Date(webhook.updated_at),
  };
  const event = {
    isn,
    status: 'error',
    attempts: [
      {
        'attempt-at': '2026-01-01T00:00:00.045Z',
        'duration-ms': 312,
        'success?': false,
        'status-code': 503,
        'response-text': 'busy',
        'error-type': null,
      },
    ],
    next_attempt_after: '2026-01-01T00:01:00Z',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:01Z',
  };
  const eventInfo = {
    isn,
    status: 'error',
    attempts: [
      {
        attemptAt: new Date('2026-01-01T00:00:00.045Z'),
        durationMs: 312,
        success: false,
        statusCode: 503,
        responseText: 'busy',
        errorType: null,
        errorMessage: null,
      },
    ],
    nextAttemptAfter: new Date(event.next_attempt_after),
    createdAt: new Date(event.created_at),
    updatedAt: new Date(event.updated_at),
  };

  test('S55 S56 S60 S61 S63 webhooks are listed, created, updated and deleted, in camel case', async () => {
    const { manager } = webhooks;
    recorder.response({ body: { webhooks: [webhook] } }, { body: { webhook } });
    expect(await manager.list()).toEqual([info]);
    expect(await manager.create({ url: webhook.sink.url, namespaces: ['goals'], actions: ['create'] })).toEqual(info);
    expect(await manager.update(webhookId, { namespaces: ['goals'] })).toEqual(info);
    expect(await manager.enable(webhookId)).toEqual(info);
    expect(await manager.disable(webhookId, { reason: 'maintenance' })).toEqual(info);
    expect(await manager.delete(webhookId)).toEqual(info);
  });

  test('S57 S59 S62 S63 events are listed by page and resent', async () => {
    const { manager } = webhooks;
    recorder.response(
      { body: { events: [event], pageInfo: { startCursor: 'a', endCursor: 'b', hasNextPage: true } } },
      { body: { event } },
    );
    const page = await manager.listEvents(webhookId);
    expect(page).toMatchObject({ events: [eventInfo], pageInfo: { startCursor: 'a', endCursor: 'b', hasNextPage: true } });
    expect(await manager.getEvent(webhookId, isn)).toEqual(eventInfo);
    expect(await manager.resendEvent(webhookId, isn)).toEqual(eventInfo);
  });

  test('S58 the payload of an event can be fetched', async () => {
    recorder.response({ body: { data: [], idempotencyKey: 'p' } });
    expect(await webhooks.manager.getPayload(webhookId, isn)).toEqual({ data: [], idempotencyKey: 'p' });
  });

  test('S72 webhooks are part of the SDK, and work without a client', async () => {
    const alone = new sdk.Webhooks({ apiURI: `${recorder.apiURI}/k${keys}` });
    expect(await alone.validate(headerOf(body), body)).toHaveProperty('token');
    await failureOf(() => alone.manager.list());
  });
});

describe('our SDK only', () => {
  let webhooks: ours.Webhooks<ours.InstantUnknownSchema>;
  beforeEach(() => {
    kid = `triplane-test-${++keys}`;
    webhooks = new ours.Webhooks({
      appId,
      adminToken: 'c0ffee00-1234-4abc-9def-001122334455',
      apiURI: `${recorder.apiURI}/k${keys}`,
      onError: () => {},
    });
    recorder.response({ body: { keys: [jwk()] } });
  });

  test('validate accepts spaces in the header, bytes as the body, and maxAgeSeconds', async () => {
    const header = headerOf(vectorBody, t).replaceAll(',', ' , ');
    const opts = { receivedAt: new Date((t + 10) * 1000), maxAgeSeconds: 10 };
    expect(await webhooks.validate(header, new TextEncoder().encode(vectorBody), opts)).toHaveProperty('token');
  });

  test('unknown key ids do not cause repeated key requests', async () => {
    for (let n = 0; n < 5; n += 1) await failureOf(() => webhooks.validate(headerOf(vectorBody).replace(kid, `invented-${n}`), vectorBody));
    expect(recorder.requested).toHaveLength(1);
  });

  test('aborting one validation during the key request does not abort the others', async () => {
    const answers: ((response: Response) => void)[] = [];
    const fetch = ((_url: string, init: RequestInit) =>
      new Promise((resolve, reject) => {
        answers.push(resolve);
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
      })) as typeof globalThis.fetch;
    const own = () => new ours.Webhooks({ apiURI: `http://keys-${kid}.test`, fetch });
    const leaving = new AbortController();
    const first = failureOf(() => own().validate(headerOf(vectorBody), vectorBody, { signal: leaving.signal }));
    const second = own().validate(headerOf(vectorBody), vectorBody);
    const third = new AbortController();
    const waiting = failureOf(() => own().validate(headerOf(vectorBody), vectorBody, { signal: third.signal }));
    await eventually(() => expect(answers).toHaveLength(1));
    third.abort(new Error('third'));
    expect(await waiting).toMatchObject({ message: 'third' });
    leaving.abort(new Error('first'));
    expect(await first).toMatchObject({ message: 'first' });
    await eventually(() => expect(answers).toHaveLength(2));
    answers[1]?.(Response.json({ keys: [jwk()] }));
    expect(await second).toHaveProperty('token');
  });

  test('during a key rotation, one request fetches both keys', async () => {
    const [old, next] = [kid, `${kid}-next`];
    recorder.response({ body: { keys: [jwk(old), jwk(next)] } });
    for (const named of [old, next, old]) {
      kid = named;
      expect(await webhooks.validate(headerOf(vectorBody), vectorBody)).toHaveProperty('token');
    }
    expect(recorder.requested).toHaveLength(1);
  });

  test('a new key is fetched when a signature first names it', async () => {
    await webhooks.validate(headerOf(vectorBody), vectorBody);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 11_000);
    const old = kid;
    kid = `${kid}-next`;
    recorder.response({ body: { keys: [jwk(old), jwk()] } });
    expect(await webhooks.validate(headerOf(vectorBody), vectorBody)).toHaveProperty('token');
    expect(recorder.requested).toHaveLength(2);
    vi.restoreAllMocks();
  });

  test('a payload whose history is no longer stored has no records', async () => {
    recorder.response({ body: { data: null, idempotencyKey: 'p' } });
    expect(await webhooks.fetchPayloads({ payloadUrl: `${recorder.apiURI}/p`, token: 'x' })).toEqual({ data: [], idempotencyKey: 'p' });
  });

  test('every handler finishes before the first error is thrown', async () => {
    const ended: string[] = [];
    const handlers = {
      a: {
        $default: () => {
          throw new Error('at once');
        },
      },
      b: {
        $default: async () => {
          await Promise.resolve();
          ended.push('b');
        },
      },
    };
    const data = [record('a', 'create'), record('b', 'create')];
    await failureOf(() => webhooks.processPayload(handlers, { data, idempotencyKey: 'p' } as never));
    expect(ended).toEqual(['b']);
  });

  test('requestHandler responds with 200, 401 and 500', async () => {
    const text = JSON.stringify({ payloadUrl: `${recorder.apiURI}/payload`, token: 'eyJ.a.b' });
    const post = (signature: string) =>
      new Request('https://app.example/hook', { method: 'POST', headers: { 'instant-signature': signature }, body: text });
    recorder.response({ body: { keys: [jwk()] } }, { body: { data: [record('todos', 'create')], idempotencyKey: 'p' } });
    const statuses = [
      await webhooks.requestHandler({})(post(headerOf(text))),
      await webhooks.requestHandler({})(post(headerOf('other'))),
      await webhooks.requestHandler({ $default: () => Promise.reject(new Error('full')) } as never)(post(headerOf(text))),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 401, 500]);
  });

  test('nodeHandler responds with 401 to an invalid request', async () => {
    const answer = { statusCode: 0, body: '', setHeader: () => undefined, end: (text: string) => void (answer.body = text) };
    await webhooks.nodeHandler({})({ headers: {}, body: 'x' }, answer);
    expect(answer).toMatchObject({ statusCode: 401, body: expect.stringContaining('"ok":false') as string });
  });

  test('invalid arguments are rejected before any request', async () => {
    const { manager } = webhooks;
    for (const run of [
      () => manager.getEvent(webhookId, 42 as never),
      () => manager.getEvent(webhookId, '../..'),
      () => manager.enable(' '),
    ]) {
      expect(await failureOf(run)).toMatchObject({ code: 'config-invalid' });
    }
    expect(await failureOf(() => webhooks.fetchPayloads({ payloadUrl: 'file:///etc/passwd', token: 'x' }))).toMatchObject({
      code: 'config-invalid',
    });
    expect(recorder.requested).toEqual([]);
  });

  test('an oversized body is not read to its end', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(10_000);
      })(),
    );
    const req = Object.assign(endless, { headers: { 'instant-signature': headerOf('x') } });
    expect(await failureOf(() => webhooks.processNodeRequest({}, req as never))).toMatchObject({ code: 'limit' });
  });
});
