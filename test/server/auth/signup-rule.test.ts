// The rule for new users: what it knows of the client, and what happens where it cannot be evaluated.

import { afterEach, expect, test } from 'vitest';
import { silent } from '../../../src/lib/log.ts';
import { createServer, type ServerOptions, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
let code = '';
afterEach(() => server.close());

const email = 'ann@example.com';

async function start(rule: string, options: ServerOptions = {}): Promise<void> {
  const rules = { $users: { allow: { create: rule } } };
  server = await createServer({ trustProxy: 1, rules, sendMagicCode: (mail) => (code = mail.code), ...options });
}

async function post(path: string, body: object, ip: string, origin = 'https://app.example'): Promise<{ status: number; type?: string }> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': ip, origin };
  const sent = { method: 'POST', headers, body: JSON.stringify({ 'app-id': server.appId, ...body }) };
  const answer = await fetch(`${server.url}/runtime/auth/${path}`, sent);
  const { type } = (await answer.json()) as { type?: string };
  return { status: answer.status, ...(type !== undefined && { type }) };
}

test('it knows the address and the origin of who signs up, as a guest and by code', async () => {
  await start("request.ip == '1.2.3.4' && request.origin == 'https://app.example'");
  const denied = { status: 400, type: 'permission-denied' };
  expect(await post('sign_in_guest', {}, '1.2.3.4')).toEqual({ status: 200 });
  expect(await post('sign_in_guest', {}, '9.9.9.9')).toEqual(denied);
  expect(await post('sign_in_guest', {}, '1.2.3.4', 'https://other.example')).toEqual(denied);
  await post('send_magic_code', { email }, '9.9.9.9');
  expect(await post('verify_magic_code', { email, code }, '9.9.9.9')).toEqual(denied);
  expect(await post('verify_magic_code', { email, code }, '1.2.3.4')).toEqual({ status: 200 });
});

test('it can limit how many sign up from one address', async () => {
  const rules = {
    $users: { allow: { create: 'rateLimit.signup.limit(request.ip)' } },
    $rateLimits: { signup: { limits: [{ capacity: 1, refill: { period: '1 hour' } }] } },
  };
  await start('true', { rules: rules as never });
  expect(await post('sign_in_guest', {}, '1.2.3.4')).toEqual({ status: 200 });
  expect(await post('sign_in_guest', {}, '1.2.3.4')).toEqual({ status: 429, type: 'rate-limited' });
  expect(await post('sign_in_guest', {}, '5.6.7.8')).toEqual({ status: 200 });
});

test('where it cannot be evaluated, the client is told and the log names it', async () => {
  const logged: string[] = [];
  await start('data.age > 17', { log: { ...silent, warn: (text) => void logged.push(String(text)) } });
  expect(await post('sign_in_guest', {}, '1.2.3.4')).toEqual({ status: 400, type: 'permission-evaluation-failed' });
  expect(logged).toEqual([expect.stringMatching(/rejected.* \$users\.create on \$users: /)]);
});
