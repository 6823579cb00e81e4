// What a push of a schema refuses, and what it keeps of links.

import { afterEach, expect, test } from 'vitest';
import { i as official } from '@instantdb/core';
import { i } from '../../../src/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { onEachStorage } from '../../support/storages.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const text = { valueType: 'string', required: false, config: { indexed: false, unique: false } };
const link = (forward: object, reverse: object = {}) => ({
  forward: { on: 'notes', label: 'owner', has: 'one', ...forward },
  reverse: { on: 'people', label: 'notes', has: 'many', ...reverse },
});
const schemaWith = (links: object) => ({ entities: { notes: { attrs: { text } }, people: { attrs: { name: text } } }, links });

async function call(server: TriplaneServer, path: string, body: object) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

const push = (server: TriplaneServer, schema: object, flags: object = {}) =>
  call(server, `/dash/apps/${server.appId}/schema/push/apply`, { schema, ...flags });

onEachStorage((fresh) => {
  test.each(['createServer', 'push', 'push in the background', 'createApp'])('a required link is enforced, by %s', async (how) => {
    const storage = await fresh();
    const schema = schemaWith({ l: link({ required: true }) });
    const given = how === 'createServer' ? { schema: schema as never } : {};
    let server = await createServer({ storage, ...given });
    running.push(server);
    if (how === 'push') await push(server, schema);
    if (how === 'push in the background') {
      await push(server, schemaWith({ l: link({}) }));
      await push(server, schema, { supports_background_updates: true, check_types: true });
    }
    if (how === 'createApp') server = { ...server, ...(await server.createApp({ schema: schema as never })) };
    const [note, person] = [crypto.randomUUID(), crypto.randomUUID()];
    const write = async (...steps: unknown[]) => (await call(server, '/admin/transact', { steps })).status;
    expect(await write(['create', 'notes', note, { text: 'a' }])).toBe(400);
    expect(
      await write(
        ['create', 'people', person, { name: 'p' }],
        ['create', 'notes', note, { text: 'a' }],
        ['link', 'notes', note, { owner: person }],
      ),
    ).toBe(200);
    expect(await write(['unlink', 'notes', note, { owner: person }])).toBe(400);
    expect(await write(['delete', 'people', person])).toBe(400);
    expect(await write(['delete', 'notes', note])).toBe(200);
  });
});

test('a link in the schema of another tool may lead to an entity that the schema does not list', async () => {
  const schema = schemaWith({ l: link({}, { on: 'tags' }) });
  const server = await createServer();
  running.push(server);
  expect(await push(server, schema)).toMatchObject({ status: 200 });
  const [note, tag] = [crypto.randomUUID(), crypto.randomUUID()];
  const steps = [
    ['update', 'tags', tag, { name: 'red' }],
    ['update', 'notes', note, { text: 'a' }],
    ['link', 'notes', note, { owner: tag }],
  ];
  expect(await call(server, '/admin/transact', { steps })).toMatchObject({ status: 200 });
  expect((await call(server, '/admin/query', { query: { tags: { notes: {} } } })).body).toEqual({
    tags: [{ id: tag, name: 'red', notes: [{ id: note, text: 'a', owner: tag }] }],
  });
});

test('new attributes have no type if the push has check_types: false', async () => {
  const server = await createServer();
  running.push(server);
  const made = await push(
    server,
    { entities: { notes: { attrs: { text } }, people: { attrs: { name: text } } }, links: {} },
    { check_types: false },
  );
  expect(made.body.steps.filter(([, about]: [string, object]) => 'checked-data-type' in about)).toEqual([]);
  const steps = [['update', 'notes', crypto.randomUUID(), { text: 5 }]];
  expect(await call(server, '/admin/transact', { steps })).toMatchObject({ status: 200 });
});

test.each<[string, object]>([
  ['a cascade on a many side', { l: link({ has: 'many', onDelete: 'cascade' }) }],
  ['a cascade on a many side of the reverse', { l: link({}, { onDelete: 'cascade' }) }],
  ['another onDelete', { l: link({ onDelete: 'restrict' }) }],
  ['another cardinality', { l: link({ has: 'some' }) }],
  ['another cardinality of the reverse', { l: link({}, { has: 'some' }) }],
  ['no cardinality', { l: link({ has: undefined }) }],
  ['a system namespace that does not exist', { l: link({}, { on: '$nobody' }) }],
  ['a required that is a string', { l: link({ required: 'yes' }) }],
  ['a required at the reverse end', { l: link({}, { required: true }) }],
  ['no end', { l: { forward: link({}).forward } }],
  ['a definition that is not an object', { l: 5 }],
  ['the label of an existing attribute', { l: link({ label: 'text' }) }],
  ['the label id', { l: link({ label: 'id' }) }],
  ['a label that another link has', { l: link({}), m: link({ label: 'author' }) }],
])('a link with %s is rejected, by createServer and by a push', async (_what, links) => {
  const schema = schemaWith(links);
  await expect(createServer({ schema: schema as never })).rejects.toMatchObject({ code: 'config-invalid' });
  const server = await createServer({ limits: { ephemeralApps: 1 } });
  running.push(server);
  expect(await push(server, schema)).toMatchObject({ status: 400, body: { type: 'validation-failed', hint: { 'data-type': 'schema' } } });
  expect(await call(server, '/dash/apps/ephemeral', { title: 't', schema })).toMatchObject({
    status: 400,
    body: { type: 'validation-failed' },
  });
});

const end = (more: object) => ({ entities: { notes: { attrs: { text } }, people: { attrs: {} } }, links: { l: link(more) } });
const attr = (more: object) => ({ entities: { notes: { attrs: { text: { ...text, ...more } } } }, links: {} });

test.each<[string, object, RegExp]>([
  ['of an attribute', attr({ requried: true }), /text\.requried: .*did you mean 'required'/],
  ['of its config', attr({ config: { uniqe: true } }), /config\.uniqe: .*did you mean 'unique'/],
  ['of an attribute that is like no other', attr({ primary: true }), /text\.primary: .*there are valueType, required/],
  ['of an end of a link', end({ requred: true }), /l\.forward\.requred: .*did you mean 'required'/],
  ['named like a member of every object', attr({ constructor: 1 }), /text\.constructor: .*there are/],
  ['of a link', { ...end({}), links: { l: { ...link({}), onDelete: 'cascade' } } }, /links\.l\.onDelete: /],
  ['of an entity', { entities: { notes: { attrs: {}, indexes: [] } }, links: {} }, /notes\.indexes: /],
  ['of the schema', { ...end({}), link: {} }, /link.*did you mean 'links'/],
])('a key %s that means nothing is refused with what was meant, by createServer and createApp', async (_what, schema, told) => {
  const refusal = { code: 'config-invalid', message: expect.stringMatching(told) as string };
  await expect(createServer({ schema: schema as never })).rejects.toMatchObject(refusal);
  const server = await createServer();
  running.push(server);
  await expect(server.createApp({ schema: schema as never })).rejects.toThrow();
  // A later version of the official tools may send more.
  expect(await push(server, schema)).toMatchObject({ status: 200 });
});

test.each<[string, typeof i]>([
  ['triplane', i],
  ['@instantdb/core', official as never],
])('every form of a schema that %s gives is taken', async (_name, from) => {
  const notes = from.entity({
    text: from.string().clientRequired(),
    at: from.date().indexed(),
    n: from.number().unique(),
    any: from.any().optional(),
    json: from.json<{ a: number }>().optional(),
    on: from.boolean(),
  });
  const schema = from.schema({
    entities: { $users: from.entity({ email: from.string().unique().indexed().optional() }), notes: notes.asType<{ n: 1 | 2 }>() },
    links: {
      owner: {
        forward: { on: 'notes', has: 'one', label: 'owner', required: true, onDelete: 'cascade' },
        reverse: { on: '$users', has: 'many', label: 'notes' },
      },
    },
    rooms: { chat: { presence: from.entity({ name: from.string() }), topics: { wave: from.entity({}) } } },
  });
  const server = await createServer({ schema: schema as never });
  running.push(server);
  await server.createApp({ schema: schema as never });
  expect(await push(server, schema)).toMatchObject({ status: 200 });
});

test('links to system namespaces, to the same namespace and with a cascade on a one side are accepted', async () => {
  const server = await createServer();
  running.push(server);
  const links = {
    a: link({}, { on: '$users' }),
    b: link({ label: 'parent', onDelete: 'cascade' }, { on: 'notes', label: 'children' }),
    c: link({ label: 'files', has: 'many' }, { on: '$files', label: 'note', has: 'one', onDelete: 'cascade' }),
  };
  expect(await push(server, schemaWith(links))).toMatchObject({ status: 200 });
});

test('a change that the data violate fails in its job, and the rest of the push is applied', async () => {
  const server = await createServer();
  running.push(server);
  const schemaOf = (notes: object) => ({ entities: { notes: { attrs: notes } }, links: {} });
  await push(server, schemaOf({ text, slug: text, must: text }));
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
  const steps = [
    ['update', 'notes', a, { text: 'x', slug: 's', must: 'm' }],
    ['update', 'notes', b, { text: 'y', slug: 's' }],
  ];
  await call(server, '/admin/transact', { steps });
  const next = {
    text: { ...text, valueType: 'number' },
    slug: { ...text, config: { unique: true } },
    must: { ...text, required: true },
    more: text,
  };
  const { status, body } = await push(server, schemaOf(next), { supports_background_updates: true, check_types: true });
  expect(status).toBe(200);
  const { 'group-id': group, jobs: started } = body['indexing-jobs'];
  expect(started).toHaveLength(3);
  const asked = await fetch(`${server.url}/dash/apps/${server.appId}/indexing-jobs/group/${group}`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  const { jobs } = (await asked.json()) as { jobs: { job_type: string; id: string }[] };
  const job = (type: string) => jobs.find((each) => each.job_type === type);
  expect(job('check-data-type')).toMatchObject({
    job_status: 'errored',
    error: 'invalid-triple-error',
    attr_name: 'notes.text',
    checked_data_type: 'number',
    invalid_triples_sample: expect.arrayContaining([{ entity_id: a, value: 'x', json_type: 'string' }]),
  });
  expect(job('unique')).toMatchObject({ job_status: 'errored', error: 'triple-not-unique-error', invalid_unique_value: 's' });
  expect(job('required')).toMatchObject({
    job_status: 'errored',
    error: 'missing-required-error',
    error_data: { count: 1, 'entity-ids': [b], etype: 'notes', label: 'must' },
  });
  for (const [type, about] of body.steps) if (type !== 'add-attr') expect(about['job-id']).toBe(job(type)?.id);
  const foreground = await push(server, schemaOf({ ...next, text }));
  expect(foreground).toMatchObject({ status: 400 });
});
