// What nobody should send, to every route that changes something: it is refused in JSON, nothing of it is kept, and the next request works.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { notBuilt } from '../../../src/server/http/not-built-routes.ts';
import { createServer, memory, type Storage, type TriplaneServer } from '../../../src/server/index.ts';

const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace('*', '.+')}$`);
const absent = notBuilt.flatMap(([, paths]) => paths).map(pattern);
const routes = readFileSync(new URL('original-routes.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((route) => route.split(' ') as [method: string, path: string])
  .filter(([method, path]) => method !== 'GET' && !absent.some((each) => each.test(path)));

let server: TriplaneServer;
let appends = 0;
let other: string;
let refreshToken: string;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Counts what is written. */
function counting(storage: Storage): Storage {
  return {
    ...storage,
    async open(appId) {
      const log = await storage.open(appId);
      return new Proxy(log, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]): unknown => {
            if (name === 'append') appends += 1;
            return (value as (...given: unknown[]) => unknown).apply(target, args);
          };
        },
      });
    },
  };
}

beforeAll(async () => {
  server = await createServer({ storage: counting(memory()) });
  ({ adminToken: other } = await server.createApp());
  const before = appends;
  const signIn = await send('POST', '/runtime/auth/sign_in_guest', { body: JSON.stringify({ 'app-id': server.appId }) });
  // What is written is seen.
  expect(appends).toBeGreaterThan(before);
  refreshToken = (JSON.parse(signIn.text) as { user: { refresh_token: string } }).user.refresh_token;
});
afterAll(async () => {
  agent.destroy();
  await server.close();
});

interface Sent {
  readonly body?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** Over one connection, so that a request that spoils it spoils the next one too. */
function send(method: string, path: string, { body, headers = [] }: Sent): Promise<{ status: number; text: string }> {
  const all = [
    ['host', '127.0.0.1'],
    ...(headers.some(([name]) => name === 'content-type') ? [] : [['content-type', 'application/json']]),
    ...headers,
  ];
  const flat = [...all, ...(body === undefined ? [] : [['content-length', String(Buffer.byteLength(body))]])].flat();
  return new Promise((resolve, reject) => {
    const sent = request(server.url + path, { method, agent, headers: flat }, (answer) => {
      let text = '';
      if (answer.headers['content-type']?.startsWith('text/event-stream')) answer.destroy();
      answer.on('data', (data) => (text += String(data))).on('close', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end(body);
  });
}

const filled = (path: string): string =>
  path
    .replace(':app_id', server.appId)
    .replace(/:[\w-]+/g, '00000000-0000-4000-8000-000000000001')
    .replace('*', '0/1A/2B3C4D5E');
const isTool = (path: string): boolean => /^\/(dash|superadmin)\//.test(path);
const rightful = (path: string): readonly (readonly [string, string])[] => [
  ['authorization', `Bearer ${isTool(path) ? server.operatorToken : server.adminToken}`],
  ['app-id', server.appId],
];

/** Who guesses is counted. */
const counts = /magic_code/;

async function expectRefused(method: string, path: string, sent: Sent): Promise<void> {
  const before = appends;
  const { status, text } = await send(method, filled(path), sent);
  expect([status, text]).toEqual([expect.toSatisfy((code: number) => code < 500), expect.any(String)]);
  if (status < 400) return;
  const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
  expect(message ?? error).toEqual(expect.any(String));
  if (!counts.test(path)) expect(appends, `${method} ${path} wrote`).toBe(before);
}

const fields = [
  ...['query', 'steps', 'schema', 'code', 'rules', 'perms', 'title', 'extra-fields', 'email', 'app-id', 'app_id', 'refresh-token', 'id'],
  ...['filenames', 'filename', 'messages', 'url', 'namespaces', 'actions', 'meta', 'provider_name', 'client_name', 'name', 'status'],
  ...[
    'expiry',
    'admin-token',
    'admin_token',
    'rules-override',
    'id_token',
    'nonce',
    'code_verifier',
    'redirect_to_url',
    'params',
    'service',
  ],
  ...['token', 'sse_token', 'session_id', 'machine_id', 'reason', 'subject', 'html', 'job-type', 'provider_id', 'client_id', 'ticket'],
];
const within = (names: readonly string[], value: string): string => `{${names.map((field) => `${JSON.stringify(field)}:${value}`).join()}}`;
const everywhere = (value: string): string => within(fields, value);
/** What is read as a whole. */
const nested = ['query', 'steps', 'schema', 'code', 'perms', 'extra-fields', 'messages', 'meta'];
const deep = (open: string, close: string, levels: number): string => `${open.repeat(levels)}1${close.repeat(levels)}`;

const bodies: Readonly<Record<string, string>> = {
  'cut off': everywhere('{"a":1}').slice(0, -20),
  'no JSON': '\u0000 nonsense',
  'a null': 'null',
  'a list': '[[]]',
  numbers: everywhere('1'),
  texts: everywhere('"x"'),
  'texts of half a character': everywhere('"\\ud800\\u0000"'),
  'numbers beyond a double': everywhere('1e999'),
  'empty objects': everywhere('{}'),
  'lists of nulls': everywhere('[null]'),
  'objects of nulls': everywhere('{"entities":{"a":null},"links":{"l":null},"$":null,"a":null,"allow":null}'),
  'a prototype': everywhere('{"__proto__":{"a":1},"constructor":{"prototype":{}}}'),
  'objects at the limit of depth': within(nested, deep('{"a":', '}', 990)),
  'lists at the limit of depth': within(nested, deep('[', ']', 990)),
  'objects beyond any depth': within(nested, deep('{"a":', '}', 2500)),
  'lists beyond any depth': within(['query', 'steps', 'schema', 'code'], deep('[', ']', 20_000)),
};

describe('a body with', () => {
  test.each(Object.entries(bodies))('%s', async (_what, body) => {
    for (const [method, path] of routes) await expectRefused(method, path, { body, headers: rightful(path) });
  });

  test('JSON with the content type of text', async () => {
    for (const [method, path] of routes) {
      await expectRefused(method, path, { body: everywhere('"x"'), headers: [...rightful(path), ['content-type', 'text/plain']] });
    }
  });
});

const strangers: Readonly<Record<string, () => readonly (readonly [string, string])[]>> = {
  'no token': () => [],
  'an empty token': () => [['authorization', '']],
  'a token of another form': () => [['authorization', 'Bearer x']],
  'an unknown token': () => [['authorization', `Bearer ${id()}`]],
  "another app's token": () => [['authorization', `Bearer ${other}`]],
  "a user's token": () => [['authorization', `Bearer ${refreshToken}`]],
  'an unknown personal access token': () => [['authorization', `Bearer per_${'0'.repeat(64)}`]],
  'an unknown platform token': () => [['authorization', `Bearer pat_${'0'.repeat(64)}`]],
  'a signed token': () => [['authorization', 'Bearer eyJhbGciOiJub25lIn0.e30.']],
};
/** Open to everybody: clients sign in, rules decide about their files, tools ask for a login and make apps for a while. */
const open = /^\/(runtime|storage)\/|^\/dash\/(cli\/auth\/|apps\/ephemeral$)|\/track-import$|^\/admin\/sse\/push$/;

describe('a request with', () => {
  test.each(Object.entries(strangers))('%s is rejected on every route and changes nothing', async (_what, headers) => {
    for (const [method, path] of routes.filter(([, each]) => !open.test(each))) {
      const before = appends;
      const { status, text } = await send(method, filled(path), {
        body: everywhere('"x"'),
        headers: [['app-id', server.appId], ...headers()],
      });
      expect([path, status, text]).toEqual([path, expect.toSatisfy((code: number) => code === 400 || code === 401), expect.any(String)]);
      expect(appends, `${method} ${path} wrote`).toBe(before);
    }
  });

  test('two app ids is rejected', async () => {
    for (const [method, path] of routes.filter(([, each]) => each.startsWith('/admin/') && each !== '/admin/sse/push')) {
      const headers = [...rightful(path), ['app-id', id()] as const];
      const { status, text } = await send(method, filled(path), { body: '{}', headers });
      expect([path, status, JSON.parse(text)]).toMatchObject([path, 400, { type: 'param-malformed' }]);
    }
  });
});

test('a body above the size limit is rejected before it is sent, on every route', async () => {
  for (const [method, path] of routes.filter(([, each]) => !/storage\/(upload|.*consume)/.test(each))) {
    const headers = [...rightful(path), ['content-length', '99999999'] as const, ['content-type', 'application/json'] as const];
    const answer = await new Promise<number>((resolve, reject) => {
      const sent = request(server.url + filled(path), { method, headers: [['host', 'x'], ...headers].flat() }, (response) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      sent.on('error', reject).flushHeaders();
    });
    expect([path, answer]).toEqual([path, 413]);
  }
});

test('a large body that no route reads leaves the connection usable for the next request', async () => {
  const body = JSON.stringify({ text: 'x'.repeat(400_000) });
  for (let n = 0; n < 6; n += 1) {
    expect((await fetch(`${server.url}/admin/transact`, { method: 'POST', body })).status).toBe(400);
    expect((await fetch(`${server.url}/nowhere`, { method: 'POST', body })).status).toBe(404);
  }
});
