// What is taken, what is refused, and what comes back after a restart must not depend on where it is kept.

import { jsonText } from '../../../src/server/data/value-text.ts';
import { expect, test } from 'vitest';
import { i } from '../../../src/schema/builder.ts';
import { createServer, type TriplaneServer } from '../../../src/server/server.ts';
import { onEachStorage } from '../../support/storages.ts';
import { newId } from '../bench.ts';

const schema = i.schema({
  entities: { people: i.entity({ name: i.string().optional(), code: i.json().unique().optional(), note: i.json().optional() }) },
});

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly hint?: unknown;
  readonly people?: Record<string, unknown>[];
  readonly $users?: Record<string, unknown>[];
}

async function post({ url, appId, adminToken }: TriplaneServer, path: string, body: object, headers: object = {}): Promise<Answer> {
  const response = await fetch(`${url}/admin/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'app-id': appId, authorization: `Bearer ${adminToken}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

const transact = (server: TriplaneServer, steps: unknown[], headers = {}): Promise<Answer> => post(server, 'transact', { steps }, headers);
const query = (server: TriplaneServer, q: object): Promise<Answer> => post(server, 'query', { query: q });

onEachStorage((fresh) => {
  test('JSON objects with their keys in another order are equal, for unique attributes and for lookups', async () => {
    const server = await createServer({ storage: await fresh(), schema });
    const [first, second] = [newId(), newId()];
    expect(await transact(server, [['update', 'people', first, { code: { a: 1, b: [{ c: 2, d: 3 }] } }]])).toMatchObject({ status: 200 });
    const other = { b: [{ d: 3, c: 2 }], a: 1 };
    expect(await transact(server, [['update', 'people', second, { code: other }]])).toMatchObject({
      status: 400,
      type: 'record-not-unique',
      hint: { 'record-type': 'triple', etype: 'people', label: 'code', value: jsonText(other) },
    });
    expect(await transact(server, [['update', 'people', ['code', other], { name: 'Ann' }]])).toMatchObject({ status: 200 });
    const both = [newId(), newId()].map((id, at) => ['update', 'people', id, { code: at ? { x: 1, y: 2 } : { y: 2, x: 1 } }]);
    expect(await transact(server, both)).toMatchObject({ status: 400, type: 'record-not-unique' });
    expect((await query(server, { people: {} })).people).toMatchObject([{ id: first, name: 'Ann' }]);
    // A list in another order is another list, and a text is no object.
    expect(await transact(server, [['update', 'people', newId(), { code: [1, 2] }]])).toMatchObject({ status: 200 });
    expect(await transact(server, [['update', 'people', newId(), { code: [2, 1] }]])).toMatchObject({ status: 200 });
    expect(await transact(server, [['update', 'people', newId(), { code: '{"a":1}' }]])).toMatchObject({ status: 200 });
    await server.close();
  });

  test('U+0000 is rejected in every value and key; half a surrogate pair is stored', async () => {
    const server = await createServer({ storage: await fresh(), schema });
    const id = newId();
    for (const fields of [{ name: 'a\0' }, { note: { deep: ['\0'] } }, { note: { '\0': 1 } }, { 'a\0b': 1 }]) {
      expect(await transact(server, [['update', 'people', id, fields]])).toMatchObject({ status: 400, type: 'validation-failed' });
    }
    expect(await transact(server, [['update', 'people', id, { name: 'a\0' }]])).toMatchObject({
      hint: { condition: 'untranslatable-character', table: null, constraint: null },
    });
    expect((await query(server, { people: {} })).people).toEqual([]);
    const kept = { name: '\ud83d', note: { '\udc00': 'x\\u0000' } };
    expect(await transact(server, [['update', 'people', id, kept]])).toMatchObject({ status: 200 });
    expect((await query(server, { people: {} })).people).toMatchObject([kept]);
    await server.close();
  });

  test('only admins can create users', async () => {
    const server = await createServer({ storage: await fresh(), schema });
    const [id, other] = [newId(), newId()];
    expect(await transact(server, [['create', '$users', id, { email: 'ann@example.com' }]])).toMatchObject({ status: 200 });
    const byGuest = await transact(server, [['create', '$users', other, { email: 'bob@example.com' }]], { 'as-guest': 'true' });
    expect(byGuest).toMatchObject({ status: 400 });
    const twice = await transact(server, [['create', '$users', other, { email: 'ann@example.com' }]]);
    expect(twice).toMatchObject({ status: 400, type: 'record-not-unique' });
    expect((await query(server, { $users: {} })).$users).toMatchObject([{ id, email: 'ann@example.com' }]);
    await server.close();
  });

  test('an attribute with a name in use is rejected with its whole transaction', async () => {
    const server = await createServer({ storage: await fresh(), schema });
    const attr = (attrId: string, label: string): object => ({
      ...{ id: attrId, 'forward-identity': [newId(), 'people', label] },
      ...{ 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false },
    });
    const [extra, again] = [newId(), newId()];
    const made = attr(extra, 'extra');
    expect(await transact(server, [['add-attr', made]])).toMatchObject({ status: 200 });
    expect(await transact(server, [['add-attr', { ...made, 'index?': true }]])).toMatchObject({ status: 200 });
    const taken = await transact(server, [
      ['add-attr', attr(again, 'extra')],
      ['update', 'people', newId(), { name: 'x' }],
    ]);
    expect(taken).toMatchObject({
      status: 400,
      type: 'record-not-unique',
      hint: { 'record-type': 'ident', etype: 'people', label: 'extra' },
    });
    expect((await query(server, { people: {} })).people).toEqual([]);
    await server.close();
  });
});
