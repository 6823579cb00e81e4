// Defects of InstantDB that a program may have met: ours is right, and docs/differences.md lists each for whoever moves an app.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { id } from '../../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
beforeAll(async () => {
  server = await createServer();
});
afterAll(() => server.close());

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', 'app-id': server.appId, ...headers };
  const answer = await fetch(server.url + path, { method: 'POST', headers: all, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}
const asAdmin = (): Record<string, string> => ({ authorization: `Bearer ${server.adminToken}` });

const lines = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8').split('\n');

test.each([
  ['JSON errors as text', 'malformed JSON over HTTP'],
  ['renamed attributes of users', "a user's own attributes in answers to sign-in"],
  ['users without app and time', 'the user of `verify_refresh_token`'],
  ['rule params beside the query', '`$$ruleParams` beside `query`'],
  ['dates that stay strings', '`useDateObjects`'],
  ['an action that is always rejected', '`update-attr` in `/admin/transact`'],
  ['a subscription without status or end', '`subscribeQuery` rejected by the server'],
  ['ids that are not encoded', 'ids of rooms, paths of files'],
  ['an outdated token at sign-in', '`signInWithIdToken` while the stored token is outdated'],
  ['a client name that is not encoded', '`createAuthorizationURL`'],
  ['the shape of a deletion', '`storage.delete`'],
  ['no event streams in the core', 'event streams where no WebSocket opens'],
  ['a signature with spaces', 'an `Instant-Signature` with spaces'],
  ['a payload without data', 'a payload whose history has expired'],
  ['an abort reason that is lost', 'an abort reason that is an `Error`'],
  ['an end that is reported early, or lost', '`close()` of a stream'],
  ['characters that are split', 'a stream with multi-byte characters'],
  ['a stream that never settles', 'a stream without an id'],
  ['a guest by `false`', '`asUser({ guest: false })`'],
  ['streams that fail on Node', 'uploads of web streams'],
  ['an error without a message', 'the message of an `oauth-error`'],
])('%s: the defect is listed in docs/differences.md', (_defect, name) => {
  expect(lines.filter((line) => line.startsWith(`| ${name}`))).toHaveLength(1);
});

test('a user has its app, creation time and type, and its own attributes under their names', async () => {
  const attr = { 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false };
  const own = ['clientId', 'redirectUrl'];
  const steps = own.map((label) => ['add-attr', { id: id(), 'forward-identity': [id(), '$users', label], ...attr }]);
  expect(await post('/admin/transact', { steps }, asAdmin())).toMatchObject({ status: 200 });
  const { user } = (await post('/admin/refresh_tokens', { email: 'ann@example.com' }, asAdmin())).body;
  const values = [['update', '$users', user.id, { clientId: 'c', redirectUrl: 'r' }]];
  expect(await post('/admin/transact', { steps: values }, asAdmin())).toMatchObject({ status: 200 });
  const sent = { 'app-id': server.appId, 'refresh-token': user.refresh_token };
  const known = (await post('/runtime/auth/verify_refresh_token', sent)).body.user;
  expect(known).toMatchObject({ clientId: 'c', redirectUrl: 'r', app_id: server.appId, created_at: expect.any(String), isGuest: false });
  expect(Object.keys(known)).not.toEqual(expect.arrayContaining(['client_id']));
});

test('rule params apply only inside the query', async () => {
  const rules = { code: { notes: { allow: { view: "ruleParams.word == 'open'" } } } };
  expect(await post(`/dash/apps/${server.appId}/rules`, rules, asAdmin())).toMatchObject({ status: 200 });
  await post('/admin/transact', { steps: [['update', 'notes', id(), { text: 'x' }]] }, asAdmin());
  const seen = async (body: object) => (await post('/admin/query', body, { 'as-guest': 'true', ...asAdmin() })).body.notes;
  const params = { $$ruleParams: { word: 'open' } };
  expect(await seen({ query: { notes: {}, ...params } })).toHaveLength(1);
  expect(await seen({ query: { notes: {} }, ...params })).toEqual([]);
});
