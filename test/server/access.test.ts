// Who may use a server from where: web pages, browsers on this machine, and clients behind a proxy.

import { get as httpGet, type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createServer, type ServerOptions, type TriplaneServer } from '../../src/server/index.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<TriplaneServer> {
  const server = await createServer({ ...options });
  running.push(server);
  return server;
}

/** `fetch` sets `Host` itself, and joins the lines of a header. */
const get = (server: TriplaneServer, path: string, headers: OutgoingHttpHeaders = {}) => ask(server, { path, headers });

function ask(server: TriplaneServer, options: RequestOptions, sentBody = '') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: server.port, ...options }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    sent.on('error', reject).end(sentBody);
  });
}

const email = 'ann@example.com';

async function developing(options: ServerOptions = {}): Promise<{ server: TriplaneServer; code: string }> {
  let code = '';
  const server = await start({ showCodes: true, ...options, sendMagicCode: (mail) => (code = mail.code) });
  const body = JSON.stringify({ 'app-id': server.appId, email });
  await fetch(`${server.url}/runtime/auth/send_magic_code`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return { server, code };
}

test('a browser on this machine sees the apps and the codes', async () => {
  const { server, code } = await developing();
  for (const host of [`127.0.0.1:${server.port}`, `localhost:${server.port}`, `[::1]:${server.port}`, 'app.localhost']) {
    const { body, headers } = await get(server, '/', { host, 'sec-fetch-site': 'none' });
    expect(body).toContain(code);
    expect(body).toContain(server.appId);
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('the same on a server that listens on IPv4 and IPv6', async () => {
  const { server, code } = await developing({ host: '::' });
  expect((await get(server, '/', { host: `localhost:${server.port}` })).body).toContain(code);
});

test.each<[string, Record<string, string>]>([
  ['a page of another site', { origin: 'https://evil.example' }],
  ['another page of this machine', { origin: 'http://localhost:3000' }],
  ['a page without an origin', { origin: 'null' }],
  ['a frame or a script on another site', { 'sec-fetch-site': 'cross-site' }],
  ['a page of the same site', { 'sec-fetch-site': 'same-site' }],
  ['a host name bound to this address', { host: 'evil.example:4747' }],
  ['a host name that begins with localhost', { host: 'localhost.evil.example' }],
  ['a host name that begins with 127.0.0.1', { host: '127.0.0.1.evil.example' }],
  ['a proxy', { 'x-forwarded-for': '1.2.3.4' }],
  ...['x-forwarded-proto', 'x-forwarded-port', 'x-original-forwarded-for', 'x-client-ip', 'x-envoy-external-address', 'x-scheme'].map(
    (name): [string, Record<string, string>] => [`a proxy that tells ${name} alone`, { [name]: '1' }],
  ),
  ...['true-client-ip', 'fly-client-ip', 'fastly-client-ip', 'cf-ray', 'cdn-loop', 'front-end-https', 'wl-proxy-client-ip'].map(
    (name): [string, Record<string, string>] => [`a proxy that tells ${name} alone`, { [name]: '1' }],
  ),
])('%s sees neither apps nor codes', async (_who, headers) => {
  const { server, code } = await developing();
  const answer = await get(server, '/', { host: `localhost:${server.port}`, ...headers });
  expect(answer.status).toBe(200);
  expect(answer.body).not.toContain(code);
  expect(answer.body).not.toContain(server.appId);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});

test('a proxy that adds nothing, as nginx does by default, shows neither apps nor codes', async () => {
  const { server, code } = await developing();
  const socket = connect(server.port, '127.0.0.1');
  socket.end(`GET / HTTP/1.0\r\nHost: localhost:${server.port}\r\nConnection: close\r\n\r\n`);
  const answer = (await socket.setEncoding('utf8').toArray()).join('');
  expect(answer).toContain('The server is running');
  expect(answer).not.toContain(code);
});

test('a server without showCodes shows neither apps nor codes', async () => {
  const { server, code } = await developing({ showCodes: false });
  const { body } = await get(server, '/', { host: `localhost:${server.port}` });
  expect(body).not.toContain(code);
  expect(body).not.toContain(server.appId);
});

function opens(server: TriplaneServer, origin?: string): Promise<string> {
  const socket = new WebSocket(server.websocketURI, origin === undefined ? {} : { origin });
  return new Promise((resolve) => {
    socket.on('open', () => (socket.terminate(), resolve('open')));
    socket.on('error', (error) => resolve(/\d{3}/.exec(error.message)?.[0] ?? error.message));
  });
}

test('with a list of origins, pages of other origins can neither connect nor read responses', async () => {
  const server = await start({ origins: ['https://App.example.com/', 'capacitor://localhost'] });
  const allowedFor = async (origin: string) => (await get(server, '/health', { origin })).headers['access-control-allow-origin'];
  for (const origin of ['https://app.example.com', 'capacitor://localhost', server.url]) {
    expect(await opens(server, origin)).toBe('open');
    expect(await allowedFor(origin)).toBe(origin);
  }
  for (const origin of ['https://evil.example', 'http://app.example.com', 'https://app.example.com.evil.example', 'null']) {
    expect(await opens(server, origin)).toBe('403');
    expect(await allowedFor(origin)).toBeUndefined();
    const preflight = await fetch(`${server.url}/admin/query`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  }
  expect(await opens(server)).toBe('open');
  expect(await opens(await start(), 'https://any.example')).toBe('open');
  expect(await opens(await start({ origins: ['*'] }), 'https://any.example')).toBe('open');
});

test('with a list of origins, a request of a page of another origin does nothing, also one that a browser sends without asking first', async () => {
  const sent: string[] = [];
  const server = await start({ origins: ['https://app.example.com'], sendMagicCode: (mail) => sent.push(mail.email) });
  const post = (path: string, origin?: string) => {
    const headers = { 'content-type': 'application/json', ...(origin !== undefined && { origin }) };
    return ask(server, { method: 'POST', path, headers }, JSON.stringify({ 'app-id': server.appId, title: 'made', email }));
  };
  const paths = ['/runtime/auth/send_magic_code', '/runtime/auth/sign_in_guest', '/dash/apps/ephemeral'];
  for (const origin of ['https://evil.example', 'null', `http://evil.example:${server.port}`]) {
    for (const path of paths)
      expect(await post(path, origin)).toMatchObject({ status: 403, body: expect.stringContaining('permission-denied') });
    expect((await get(server, `/runtime/sse?app_id=${server.appId}`, { origin })).status).toBe(403);
  }
  expect(sent).toEqual([]);
  for (const origin of [undefined, 'https://app.example.com', server.url]) {
    for (const path of paths) expect((await post(path, origin)).status).toBe(200);
  }
  // Apple sends its answer from a form on a page of its own.
  expect((await post('/runtime/oauth/callback', 'https://appleid.apple.com')).status).not.toBe(403);
});

test.each([
  ['https://app.example.com:443', 'https://app.example.com'],
  ['HTTP://App.example.com:80/', 'http://app.example.com'],
  ['https://app.example.com:8443', 'https://app.example.com:8443'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
])("the origin '%s' allows pages that browsers call %s", async (given, origin) => {
  const server = await start({ origins: [given] });
  expect(await opens(server, origin)).toBe('open');
  expect((await get(server, '/health', { origin })).headers['access-control-allow-origin']).toBe(origin);
});

const notOrigins = ['app.example.com', 'https://a.example/path', 'https://', '', 'https://*.example.com', 'https://ann@a.example'];
test.each(notOrigins)("'%s' is rejected as an origin", async (origin) => {
  await expect(createServer({ origins: [origin] })).rejects.toMatchObject({ code: 'config-invalid' });
});

test('rules see the same address of a client over HTTP, on a socket and on an event stream', async () => {
  const rules = { notes: { allow: { view: "request.ip == '1.2.3.4'", create: 'true' } } };
  const schema = { entities: { notes: { attrs: { text: { valueType: 'string', required: false, config: {} } } } }, links: {} };
  const seen = async (options: ServerOptions, forwarded: Forwarded) => {
    const server = await start({ ...options, schema: schema as never, rules });
    const admin = { authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId, 'content-type': 'application/json' };
    const steps = [['update', 'notes', crypto.randomUUID(), { text: 'a' }]];
    await fetch(`${server.url}/admin/transact`, { method: 'POST', headers: admin, body: JSON.stringify({ steps }) });
    const headers = { ...admin, 'as-guest': 'true', 'x-forwarded-for': forwarded };
    return [await notesOverHttp(server, headers), await notesOnSocket(server, forwarded), await notesOnStream(server, forwarded)];
  };
  expect(await seen({}, '1.2.3.4')).toEqual([0, 0, 0]);
  expect(await seen({ trustProxy: 1 }, '1.2.3.4, 6.6.6.6')).toEqual([0, 0, 0]);
  expect(await seen({ trustProxy: 1 }, '6.6.6.6, 1.2.3.4')).toEqual([1, 1, 1]);
  expect(await seen({ trustProxy: ['loopback'] }, '6.6.6.6, 1.2.3.4')).toEqual([1, 1, 1]);
  // Several lines of the header are one list.
  expect(await seen({ trustProxy: 1 }, ['6.6.6.6', '1.2.3.4'])).toEqual([1, 1, 1]);
  expect(await seen({ trustProxy: 1 }, ['1.2.3.4', '6.6.6.6'])).toEqual([0, 0, 0]);
  expect(await seen({ trustProxy: '127.0.0.0/8, 10.0.0.0/8' }, ['6.6.6.6, [::ffff:102:304]:80', '10.0.0.9:443'])).toEqual([1, 1, 1]);
});

/** The lines of a header. */
type Forwarded = string | string[];

async function notesOverHttp(server: TriplaneServer, headers: Record<string, Forwarded>): Promise<number> {
  const { body } = await ask(server, { path: '/admin/query', method: 'POST', headers }, '{"query":{"notes":{}}}');
  return rowsIn(JSON.parse(body));
}

const rowsIn = (result: unknown): number => (JSON.stringify(result).includes('"a"') ? 1 : 0);

function notesOnSocket(server: TriplaneServer, forwarded: Forwarded): Promise<number> {
  const headers = { 'x-forwarded-for': forwarded } as unknown as Record<string, string>;
  const socket = new WebSocket(server.websocketURI, { headers });
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.send(JSON.stringify({ op: 'init', 'app-id': server.appId }));
      socket.send(JSON.stringify({ op: 'add-query', q: { notes: {} } }));
    });
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString('utf8')) as { op: string; result?: unknown };
      if (message.op !== 'add-query-ok') return;
      socket.terminate();
      resolve(rowsIn(message.result));
    });
  });
}

async function notesOnStream(server: TriplaneServer, forwarded: Forwarded): Promise<number> {
  const address = `${server.url}/runtime/sse?app_id=${server.appId}`;
  const body = await new Promise<IncomingMessage>((resolve) => httpGet(address, { headers: { 'x-forwarded-for': forwarded } }, resolve));
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const messages = text
      .split('\n')
      .flatMap((line) => (line.startsWith('data:') && line.endsWith('}') ? [JSON.parse(line.slice(5))] : []));
    const begun = messages.find(({ op }) => op === 'sse-init');
    const answer = messages.flat().find(({ op }) => op === 'add-query-ok');
    if (answer) return rowsIn(answer.result);
    if (begun && messages.length === 1) {
      const said = [
        { op: 'init', 'app-id': server.appId },
        { op: 'add-query', q: { notes: {} } },
      ];
      const push = { machine_id: begun['machine-id'], session_id: begun['session-id'], sse_token: begun['sse-token'], messages: said };
      await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(push) });
    }
  }
  return Number.NaN;
}
