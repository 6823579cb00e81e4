// The official `PlatformApi`, unmodified, against our server, with a personal access token.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { i } from '@instantdb/core';
import { PlatformApi } from '@instantdb/platform';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

let server: TriplaneServer;
let api: PlatformApi;

beforeAll(async () => {
  server = await createServer();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.operatorToken}` };
  const made = await fetch(`${server.url}/dash/personal_access_tokens`, { method: 'POST', headers, body: '{"name":"ci"}' });
  const { data } = (await made.json()) as { data: { token: string } };
  api = new PlatformApi({ apiURI: server.url, auth: { token: data.token } });
});
afterAll(() => server.close());

const first = i.schema({ entities: { todos: i.entity({ title: i.string() }) } });
const next = i.schema({ entities: { todos: i.entity({ title: i.string().unique().indexed() }) } });

test('apps are created, listed, renamed and deleted', async () => {
  const { app } = await api.createApp({ title: 'One', schema: first, perms: { todos: { allow: { view: 'false' } } } });
  expect(app).toMatchObject({ title: 'One', adminToken: expect.any(String), createdAt: expect.any(Date) });
  expect(Number.isNaN(app.createdAt.getTime())).toBe(false);
  const { apps } = await api.getApps({ includePerms: true, includeSchema: true });
  expect(apps.find(({ id }) => id === app.id)).toMatchObject({ title: 'One', perms: { todos: { allow: { view: 'false' } } } });
  expect((await api.updateApp(app.id, { title: 'Uno' })).app.title).toBe('Uno');
  expect((await api.deleteApp(app.id)).app.id).toBe(app.id);
  await expect(api.getApp(app.id)).rejects.toThrow();
});

test('a schema push is planned and applied, with its jobs', async () => {
  const { app } = await api.createApp({ title: 'Push', schema: first });
  const plan = await api.planSchemaPush(app.id, { schema: next });
  expect(plan.steps.map(({ type }) => type).sort()).toEqual(['index', 'unique']);
  expect(plan.newSchema.entities).toHaveProperty('todos');
  const pushed = await api.schemaPush(app.id, { schema: next });
  expect(pushed.steps).toMatchObject([{ backgroundJob: { status: 'completed' } }, { backgroundJob: { status: 'completed' } }]);
  expect((await api.planSchemaPush(app.id, { schema: next })).steps).toEqual([]);
});

test('an overwriting push renames, adds and deletes attributes and links', async () => {
  const people = i.entity({ name: i.string() });
  const users = i.entity({ email: i.string().unique().indexed().optional() });
  const linked = (label: string) => ({
    author: { forward: { on: 'posts', has: 'one', label }, reverse: { on: 'people', has: 'many', label: 'posts' } },
  });
  const before = i.schema({ entities: { posts: i.entity({ title: i.string() }), people }, links: linked('author') as never });
  const after = i.schema({
    entities: { posts: i.entity({ headline: i.string(), extra: i.json().optional() }), people, $users: users },
    links: {
      ...linked('writer'),
      owner: {
        forward: { on: 'posts', has: 'one', label: 'owner', onDelete: 'cascade' },
        reverse: { on: '$users', has: 'many', label: 'posts' },
      },
    } as never,
  });
  const { app } = await api.createApp({ title: 'Overwrite', schema: before });
  const renames = ['posts.title:posts.headline', 'posts.author:posts.writer'] as never;
  const pushed = await api.schemaPush(app.id, { schema: after, overwrite: true, renames });
  expect(pushed.steps.map(({ type }) => type).sort()).toEqual(['add-attr', 'add-attr', 'update-attr', 'update-attr']);
  expect((await api.planSchemaPush(app.id, { schema: after, overwrite: true })).steps).toEqual([]);
  const { schema } = await api.getSchema(app.id);
  expect(schema.links).toMatchObject({
    postsOwner: { forward: { label: 'owner', onDelete: 'cascade' } },
    postsWriter: { forward: { has: 'one' } },
  });
  await api.schemaPush(app.id, { schema: first, overwrite: true });
  expect(Object.keys((await api.getSchema(app.id)).schema.entities)).not.toContain('people');
});
