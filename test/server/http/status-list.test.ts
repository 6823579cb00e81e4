// What a read-only and a disabled app refuse over HTTP, and what they go on to answer: the list that was recorded of the original.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { memoryFiles } from '../../../src/server/files/memory-files.ts';

type Refused = 'never' | 'disabled' | 'closed';

interface Asked {
  readonly refused: Refused;
  readonly request: string;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const goals = { goals: {} };
const steps = [['update', 'goals', id(), { title: 'x' }]];
const schema = { entities: { later: { attrs: { a: { valueType: 'string', required: false, config: {} } } } }, links: {} };
const asGuest = { 'as-guest': 'true' };
const inBody = { 'app-id': '{app}' };

/** `closed`: refused while read-only, too. */
const list: readonly Asked[] = [
  { refused: 'disabled', request: 'POST /admin/query', body: { query: goals } },
  { refused: 'disabled', request: 'POST /admin/query', body: { query: goals }, headers: asGuest },
  { refused: 'disabled', request: 'POST /admin/query_perms_check', body: { query: goals }, headers: asGuest },
  { refused: 'disabled', request: 'POST /runtime/framework/query', body: { query: goals } },
  { refused: 'closed', request: 'POST /admin/transact', body: { steps } },
  { refused: 'closed', request: 'POST /admin/transact', body: { steps }, headers: asGuest },
  { refused: 'closed', request: 'POST /admin/transact_perms_check', body: { steps }, headers: asGuest },
  { refused: 'closed', request: 'POST /dash/apps/{app}/schema/push/apply', body: { schema } },
  { refused: 'closed', request: 'POST /admin/refresh_tokens', body: { email: 'uma@example.com' } },
  { refused: 'closed', request: 'POST /admin/magic_code', body: { email: 'uma@example.com' } },
  { refused: 'closed', request: 'POST /admin/send_magic_code', body: { email: 'uma@example.com' } },
  { refused: 'closed', request: 'POST /runtime/auth/send_magic_code', body: { ...inBody, email: 'uma@example.com' } },
  { refused: 'closed', request: 'POST /runtime/auth/verify_magic_code', body: { ...inBody, email: 'uma@example.com', code: '123456' } },
  { refused: 'closed', request: 'POST /runtime/auth/sign_in_guest', body: inBody },
  { refused: 'closed', request: 'PUT /admin/storage/upload', body: 'x', headers: { path: 'a.txt' } },
  { refused: 'closed', request: 'PUT /storage/upload', body: 'x', headers: { path: 'a.txt' } },
  { refused: 'closed', request: 'DELETE /admin/storage/files?filename=a.txt' },
  { refused: 'never', request: 'GET /dash/apps/{app}' },
  { refused: 'never', request: 'GET /admin/schema' },
  { refused: 'never', request: 'GET /dash/apps/{app}/schema/pull' },
  { refused: 'never', request: 'GET /dash/apps/{app}/perms/pull' },
  { refused: 'never', request: 'POST /dash/apps/{app}/schema/push/plan', body: { schema } },
  { refused: 'never', request: 'POST /dash/apps/{app}/rules', body: { code: { goals: { allow: { view: 'true' } } } } },
  { refused: 'never', request: 'GET /dash/apps/{app}/auth' },
  {
    refused: 'never',
    request: 'POST /dash/apps/{app}/authorized_redirect_origins',
    body: { service: 'generic', params: ['{status}.example.com'] },
  },
  { refused: 'never', request: 'GET /admin/users?email=uma@example.com' },
  { refused: 'never', request: 'POST /runtime/auth/verify_refresh_token', body: { ...inBody, 'refresh-token': '{token}' } },
  { refused: 'never', request: 'GET /admin/rooms/presence?room-id=r1&room-type=chat' },
  { refused: 'never', request: 'GET /dash/apps/{app}/backups' },
  { refused: 'never', request: '{file}' },
  // Last: with it nobody is signed in any more.
  { refused: 'never', request: 'POST /admin/sign_out', body: { email: 'uma@example.com' } },
];

let server: TriplaneServer;
const names: Record<string, string> = {};

beforeAll(async () => {
  server = await createServer({ files: memoryFiles(), sendMagicCode: () => {} });
  names['app'] = server.appId;
});
afterAll(() => server.close());

const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole);

async function ask({ request, body, headers }: Omit<Asked, 'refused'>) {
  const [method = '', path = ''] = filled(request).split(' ');
  const isAsAdmin = !path.startsWith('/runtime') && !path.startsWith('/storage');
  const sent = {
    method,
    headers: {
      'content-type': 'application/json',
      'app-id': server.appId,
      ...(isAsAdmin && { authorization: `Bearer ${server.adminToken}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : filled(JSON.stringify(body)) }),
  };
  const answer = await fetch(new URL(path, server.url), sent);
  const text = await answer.text();
  return { status: answer.status, text };
}

test.each(['read-only', 'disabled'] as const)('%s', async (status) => {
  await server.app(server.appId).setStatus('active');
  names['status'] = status;
  const signedIn = await ask({ request: 'POST /admin/refresh_tokens', body: { email: 'uma@example.com' } });
  names['token'] = (JSON.parse(signedIn.text) as { user: { refresh_token: string } }).user.refresh_token;
  await ask({ request: 'PUT /admin/storage/upload', body: 'the bytes', headers: { path: 'kept.txt' } });
  const files = JSON.parse((await ask({ request: 'POST /admin/query', body: { query: { $files: {} } } })).text) as {
    $files: { url: string }[];
  };
  names['file'] = `GET ${files.$files[0]?.url ?? ''}`;
  await server.app(server.appId).setStatus(status);
  const answers = await Promise.all(list.slice(0, -1).map((asked) => ask(asked)));
  answers.push(await ask(list.at(-1) ?? { request: '' }));
  const shown = list.map(({ request }, at) => {
    const { status: code, text = '' } = answers[at] ?? {};
    const isRefused = code === 400 && text.includes(`"type":"app-${status}"`);
    return `${request}: ${isRefused ? 'refused' : code}`;
  });
  const isRefused = (refused: Refused): boolean => refused === 'closed' || (refused === 'disabled' && status === 'disabled');
  expect(shown).toEqual(list.map(({ request, refused }) => `${request}: ${isRefused(refused) ? 'refused' : 200}`));
});
