// A view rule that cannot be evaluated for some rows hides these; over HTTP the response names the failure in a header, as a session is
// told by an `error`, and the admin SDK reports it.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, id, init } from '../../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

let server: TriplaneServer;
const logged: (readonly unknown[])[] = [];

const rules = {
  goals: { allow: { view: 'data.n > 1', update: 'data.n > 1', $default: 'true' } },
  notes: { allow: { view: 'true' }, fields: { secret: "data.secret.startsWith('é')" } },
  broken: { allow: { view: 'data.n > 1', $default: 'true' } },
  plain: { allow: { view: 'true' } },
};

beforeEach(async () => {
  logged.length = 0;
  const log = { debug: () => {}, info: () => {}, error: () => {}, warn: (...parts: readonly unknown[]) => void logged.push(parts) };
  server = await createServer({ rules, log });
  const { tx, transact } = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.url });
  await transact([
    tx['goals']![id()]!.update({ title: 'shown', n: 5 }),
    tx['goals']![id()]!.update({ title: 'fails', n: 'no number' }),
    tx['notes']![id()]!.update({ text: 'one', secret: 5 }),
    tx['notes']![id()]!.update({ text: 'two', secret: 'é' }),
    tx['broken']![id()]!.update({ title: 'fails', n: 'no number' }),
    tx['plain']![id()]!.update({ text: 'three' }),
  ]);
});
afterEach(() => server.close());

const asGuest = (): Record<string, string> => ({
  authorization: `Bearer ${server.adminToken}`,
  'app-id': server.appId,
  'as-guest': 'true',
});

async function ask(path: string, query: object): Promise<{ headers: Headers; text: string; told: unknown }> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://page.example', ...asGuest() },
    body: JSON.stringify({ query }),
  });
  expect(response.status).toBe(200);
  const told = response.headers.get('triplane-rule-errors');
  return { headers: response.headers, text: await response.text(), told: told === null ? null : JSON.parse(told) };
}

const ofGoals = {
  type: 'permission-evaluation-failed',
  message: "Could not evaluate the permission rule 'goals.view'",
  hint: { rule: ['goals', 'view'], error: { message: expect.any(String) } },
};

test.each([['/admin/query'], ['/runtime/framework/query']])('%s tells which rule failed, and answers without the row', async (path) => {
  const { headers, text, told } = await ask(path, { goals: {} });
  expect(text).toContain('shown');
  expect(text).not.toContain('fails');
  expect(told).toMatchObject([{ status: 400, ...ofGoals }]);
  expect(headers.get('access-control-expose-headers')).toContain('triplane-rule-errors');
  expect(logged.map(([line]) => line)).toContainEqual(expect.stringContaining('goals.view on goals'));
});

test('the rule of a field is told with the field, in a header that HTTP can carry', async () => {
  const { text, told } = await ask('/admin/query', { notes: {} });
  expect(text).toContain('one');
  expect(told).toMatchObject([{ message: "Could not evaluate the permission rule 'notes.view' for 'notes.secret'" }]);
  expect(logged.map(([line]) => line)).toContainEqual(expect.stringContaining('notes.view on notes.secret'));
});

test('a response without failures has no such header', async () => {
  expect((await ask('/admin/query', { plain: {} })).told).toBeNull();
});

test('a rule that fails on all rows rejects the query, also where the query has conditions on fields', async () => {
  const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.url });
  await expect(db.asUser({ guest: true }).query({ broken: { $: { where: { title: 'fails' } } } })).rejects.toMatchObject({
    body: { type: 'permission-evaluation-failed', hint: { rule: ['broken', 'view'] } },
  });
});

test('the admin SDK reports it, and returns the other rows', async () => {
  const errors: Error[] = [];
  const config: Config = { appId: server.appId, adminToken: server.adminToken, apiURI: server.url, onError: (error) => errors.push(error) };
  const db = init(config);
  const { goals } = await db.asUser({ guest: true }).query({ goals: {} });
  expect(goals.map(({ title }) => title)).toEqual(['shown']);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({ name: 'InstantAPIError', status: 400, body: ofGoals });
  errors.length = 0;
  await db.query({ goals: {} });
  expect(errors).toEqual([]);
});

test('a subscription of the admin SDK delivers it beside the result, and a loop that begins later gets the result', async () => {
  const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.url });
  const received: { readonly type: string }[] = [];
  const subscription = db.asUser({ guest: true }).subscribeQuery({ goals: {} }, (payload) => void received.push(payload));
  await expect.poll(() => received.map(({ type }) => type)).toEqual(['ok', 'error']);
  expect(received[1]).toMatchObject({ error: { body: ofGoals }, isClosed: false });
  for await (const payload of subscription) {
    expect(payload).toMatchObject({ type: 'ok', data: { goals: [{ title: 'shown' }] } });
    break;
  }
  subscription.close();
});
