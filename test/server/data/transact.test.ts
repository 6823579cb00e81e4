import { beforeEach, describe, expect, test } from 'vitest';
import { type Bench, bench, blob, link, newId, type TestPeer } from '../bench.ts';
import { adminToken } from '../bench.ts';
import { systemAttrs } from '../../../src/server/data/system-attrs.ts';

const actsId = blob('acts', 'id');
const name = blob('acts', 'name', { 'unique?': true, 'index?': true, 'checked-data-type': 'string' });
const fee = blob('acts', 'fee', { 'index?': true, 'checked-data-type': 'number' });
const active = blob('acts', 'active', { 'checked-data-type': 'boolean' });
const formed = blob('acts', 'formed', { 'checked-data-type': 'date' });
const rider = blob('acts', 'rider');
const fansId = blob('fans', 'id');
const handle = blob('fans', 'handle', { 'required?': true, 'unique?': true });
const likes = link('fans', 'likes', 'acts', 'fans');
const pass = link('fans', 'pass', 'passes', 'holder', { cardinality: 'one', 'unique?': true, 'on-delete-reverse': 'cascade' });
const passesId = blob('passes', 'id');
const code = blob('passes', 'code');
const setsId = blob('sets', 'id');
const stage = link('sets', 'stage', 'stages', 'sets', { cardinality: 'one', 'on-delete': 'cascade' });
const stagesId = blob('stages', 'id');
const attrs = [actsId, name, fee, active, formed, rider, fansId, handle, likes, pass, passesId, code, setsId, stage, stagesId];

const [owls, moth, ana, bo, vip, brunch, lake, anonymous, ghost] = Array.from({ length: 9 }, newId) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

let world: Bench;
let client: TestPeer;
let admin: TestPeer;

beforeEach(async () => {
  world = bench();
  client = await world.open();
  admin = await world.open({ '__admin-token': adminToken });
  await write(attrs.map((attr) => ['add-attr', attr]));
  await write([
    ['add-triple', owls, actsId.id, owls],
    ['add-triple', owls, name.id, 'Owls'],
    ['add-triple', owls, rider.id, { tea: { mint: true, milk: 'oat' }, towels: 4 }],
    ['add-triple', moth, actsId.id, moth],
    ['add-triple', moth, name.id, 'Moth'],
    ['add-triple', ana, fansId.id, ana],
    ['add-triple', ana, handle.id, 'ana'],
    ['add-triple', ana, likes.id, owls],
    ['add-triple', ana, pass.id, vip],
    ['add-triple', vip, passesId.id, vip],
    ['add-triple', brunch, setsId.id, brunch],
    ['add-triple', brunch, stage.id, lake],
    ['add-triple', lake, stagesId.id, lake],
    ['add-triple', ghost, stage.id, lake],
  ]);
});

function write(steps: readonly unknown[], as: TestPeer = client) {
  return as.response('transact-ok', { op: 'transact', 'tx-steps': steps });
}

async function rejected(steps: readonly unknown[], as: TestPeer = client) {
  const { status, type, message, hint } = await as.response('error', { op: 'transact', 'tx-steps': steps });
  expect(status).toBe(400);
  return { type, message, hint: hint as Record<string, unknown> };
}

/** What an etype holds, as its triples: entity → label → value. */
async function held(etype: string): Promise<Record<string, unknown>> {
  const peer = await world.open({ '__admin-token': adminToken });
  const { result } = await peer.response('add-query-ok', { op: 'add-query', q: { [etype]: {} }, 'return-type': 'tree' });
  const rows = (result as Record<string, { id: string }[]>)[etype] ?? [];
  return Object.fromEntries(rows.map(({ id, ...rest }) => [id, rest]));
}

describe('steps that are accepted and write nothing', () => {
  test.each([
    ['removing a link to an entity that a lookup does not find', [['retract-triple', ana, likes.id, [name.id, 'Nobody']]]],
    ['deleting an attr that does not exist', [['delete-attr', newId()]]],
    ['restoring an attr that does not exist', [['restore-attr', newId()]]],
    ['changing an attr that does not exist', [['update-attr', { id: newId(), 'index?': true }]]],
    ['removing a value of an attr that does not exist', [['retract-triple', ana, newId(), 'ana']]],
    ['removing a link to null', [['retract-triple', ana, likes.id, null]]],
    ['removing a link to a text that is no id', [['retract-triple', ana, likes.id, 'owls']]],
    ['an id triple with another id', [['add-triple', ana, fansId.id, bo]]],
    ['a merge of an object into an id', [['deep-merge-triple', ana, fansId.id, { a: 1 }]]],
    ['a deletion in a namespace without a name', [['delete-entity', ana, '']]],
    ['parameters of rules for no namespace', [['rule-params', ana, { a: 1 }]]],
    ['an unknown value-type for an attr that is there', [['update-attr', { id: likes.id, 'value-type': 'x' }]]],
  ])('%s', async (_, steps) => {
    const before = await held('fans');
    expect(await write(steps, admin)).toMatchObject({ op: 'transact-ok' });
    expect(await held('fans')).toEqual(before);
  });
});

describe('an update by a lookup that changes the value looked up by', () => {
  const byName = [name.id, 'Owls'];
  const rename = (of: unknown) => ['add-triple', of, name.id, 'Night Owls'];
  test.each<[string, unknown[]]>([
    ['writes its other fields to the same entity', [rename(byName), ['add-triple', byName, fee.id, 5]]],
    ['whatever their order', [['add-triple', byName, fee.id, 5], rename(byName)]],
    ['also where the value was changed by the id', [rename(owls), ['add-triple', byName, fee.id, 5]]],
    [
      'also where another entity has taken the value',
      [rename(byName), ['add-triple', moth, name.id, 'Owls'], ['add-triple', byName, fee.id, 5]],
    ],
    [
      'also as the target of a link',
      [
        rename(byName),
        ['add-triple', bo, fansId.id, bo],
        ['add-triple', bo, handle.id, 'bo'],
        ['add-triple', bo, likes.id, byName],
        ['add-triple', byName, fee.id, 5],
      ],
    ],
  ])('%s', async (_, steps) => {
    await write(steps);
    const acts = await held('acts');
    expect(acts[owls]).toMatchObject({ name: 'Night Owls', fee: 5 });
    expect(Object.keys(acts).sort()).toEqual([owls, moth].sort());
  });

  test('makes another entity once the first is deleted', async () => {
    await write([rename(byName), ['delete-entity', owls, 'acts'], ['add-triple', byName, fee.id, 5]]);
    const acts = await held('acts');
    expect(acts[owls]).toBeUndefined();
    expect(Object.values(acts)).toContainEqual({ name: 'Owls', fee: 5 });
  });
});

describe('steps that are rejected and write nothing', () => {
  const email = systemAttrs[1]!.id;
  const userId = systemAttrs[0]!.id;
  const filePath = systemAttrs.find((attr) => attr['forward-identity'][2] === 'path')!.id;
  const rows: readonly [what: string, steps: readonly unknown[], type: string, message: RegExp, hint: object][] = [
    [
      'an unknown action',
      [['explode', owls]],
      'validation-failed',
      /action/,
      { 'data-type': 'tx-steps', errors: [expect.objectContaining({ in: [0, 0] })] },
    ],
    [
      'a malformed entity id',
      [['add-triple', 'x', name.id, 'a']],
      'validation-failed',
      /entity/,
      { errors: [expect.objectContaining({ in: [0, 1] })] },
    ],
    [
      'a malformed attr id',
      [['add-triple', owls, 'x', 'a']],
      'validation-failed',
      /attr/,
      { errors: [expect.objectContaining({ in: [0, 2] })] },
    ],
    ['no value', [['add-triple', owls, name.id]], 'validation-failed', /parts/, { errors: [expect.objectContaining({ in: [0] })] }],
    [
      'too many parts',
      [['retract-triple', owls, name.id, 'Owls', {}]],
      'validation-failed',
      /parts/,
      { errors: [expect.objectContaining({ in: [0, 0] })] },
    ],
    [
      'a null mode',
      [['add-triple', owls, name.id, 'a', { mode: null }]],
      'validation-failed',
      /create/,
      { errors: [expect.objectContaining({ in: [0, 4, 'mode'] })] },
    ],
    [
      'creating an entity that has only a link',
      [['add-triple', ghost, setsId.id, ghost, { mode: 'create' }]],
      'validation-failed',
      new RegExp(`^entity already exists: sets ${ghost}$`),
      { 'data-type': 'tx-step' },
    ],
    [
      'an unknown mode',
      [['add-triple', owls, name.id, 'a', { mode: 'x' }]],
      'validation-failed',
      /create/,
      { errors: [expect.objectContaining({ in: [0, 4, 'mode'] })] },
    ],
    ['unknown attr', [['add-triple', owls, anonymous, 'a']], 'sql-raise', /no attribute/, { condition: 'raise-exception' }],
    [
      'creating an entity that exists',
      [['add-triple', owls, actsId.id, owls, { mode: 'create' }]],
      'validation-failed',
      new RegExp(`^entity already exists: acts ${owls}$`),
      { 'data-type': 'tx-step', errors: [{ message: `entity already exists: acts ${owls}` }] },
    ],
    [
      'updating an entity that does not exist',
      [['add-triple', anonymous, actsId.id, anonymous, { mode: 'update' }]],
      'validation-failed',
      new RegExp(`^entity does not exist: acts ${anonymous}$`),
      {},
    ],
    [
      'a unique value that exists',
      [['add-triple', moth, name.id, 'Owls']],
      'record-not-unique',
      /`name` is a unique attribute on `acts`.*Owls/,
      { 'record-type': 'triple', 'attr-id': name.id, etype: 'acts', label: 'name', value: '"Owls"' },
    ],
    [
      'a unique value twice in one transaction',
      [
        ['add-triple', owls, name.id, 'X'],
        ['add-triple', moth, name.id, 'X'],
      ],
      'record-not-unique',
      /unique/,
      {},
    ],
    [
      'a unique link to a target that is linked',
      [
        ['add-triple', bo, fansId.id, bo],
        ['add-triple', bo, handle.id, 'bo'],
        ['add-triple', bo, pass.id, vip],
      ],
      'record-not-unique',
      /pass/,
      { label: 'pass', value: JSON.stringify(vip) },
    ],
    [
      'a string for a number',
      [['add-triple', owls, fee.id, '5']],
      'validation-failed',
      /acts\.fee/,
      { namespace: 'acts', attribute: 'fee', value: '5', 'checked-data-type': 'number', 'attr-id': fee.id, 'entity-id': owls },
    ],
    ['a number for a string', [['add-triple', owls, name.id, 5]], 'validation-failed', /string/, { 'checked-data-type': 'string' }],
    ['a number for a boolean', [['add-triple', owls, active.id, 1]], 'validation-failed', /boolean/, { 'checked-data-type': 'boolean' }],
    ['an invalid date', [['add-triple', owls, formed.id, 'soon']], 'validation-failed', /date/, { 'checked-data-type': 'date' }],
    [
      'a missing required value',
      [['add-triple', bo, fansId.id, bo]],
      'validation-failed',
      /Missing required attributes: fans\.handle/,
      { records: [{ entity_id: bo, attr_id: handle.id, etype: 'fans', label: 'handle', is_required: true }] },
    ],
    ['null for a required value', [['add-triple', ana, handle.id, null]], 'validation-failed', /required/, {}],
    [
      'a link to a malformed id',
      [['add-triple', ana, likes.id, 'Owls']],
      'validation-failed',
      /link/,
      { 'data-type': 'eid', input: 'Owls', errors: [expect.objectContaining({ hint: { 'tx-step': expect.any(Array) as unknown } })] },
    ],
    [
      'a link to a lookup that finds no entity',
      [['add-triple', ana, likes.id, [name.id, 'Nobody']]],
      'validation-failed',
      /there is no 'acts'/,
      { 'data-type': 'lookup', input: { 'attribute-id': name.id, namespace: 'acts', label: 'name', value: 'Nobody' } },
    ],
    ['a lookup by an attr that is not unique', [['add-triple', [fee.id, 5], name.id, 'a']], 'sql-raise', /not unique/, {}],
    ['a lookup of another namespace', [['add-triple', [handle.id, 'ana'], name.id, 'a']], 'validation-failed', /no attr of 'acts'/, {}],
    [
      'a lookup by null',
      [['add-triple', [name.id, null], fee.id, 1]],
      'validation-failed',
      /needs a value/,
      { 'data-type': 'lookup', input: [name.id, null] },
    ],
    [
      'a value for the attribute of a lookup that finds no entity',
      [
        ['add-triple', [name.id, 'Nova'], actsId.id, [name.id, 'Nova']],
        ['add-triple', [name.id, 'Nova'], name.id, 'Nova'],
      ],
      'validation-failed',
      /only if the lookup finds/,
      { 'data-type': 'lookup', input: [[name.id, 'Nova']] },
    ],
    [
      'the id of an entity that is looked up by it and is not there',
      [['add-triple', [actsId.id, anonymous], actsId.id, [actsId.id, anonymous]]],
      'validation-failed',
      /only if the lookup finds/,
      { 'data-type': 'lookup', input: [[actsId.id, anonymous]] },
    ],
    [
      'a link to a lookup by an attribute that does not exist',
      [['add-triple', ana, likes.id, [anonymous, 'a']]],
      'validation-failed',
      /no attribute/,
      { 'data-type': 'lookup', input: [anonymous, 'a'], errors: [expect.objectContaining({ 'tx-step': expect.anything() as unknown })] },
    ],
    [
      'values that are missing, in every namespace',
      [
        ['add-triple', bo, fansId.id, bo],
        ['add-triple', anonymous, handle.id, 'anonymous'],
      ],
      'validation-failed',
      /Missing required attributes: .*fans\.handle/,
      {
        records: expect.arrayContaining([
          { entity_id: bo, attr_id: handle.id, etype: 'fans', label: 'handle', is_required: true },
          { entity_id: anonymous, attr_id: fansId.id, etype: 'fans', label: 'id', is_required: null },
        ]) as unknown,
      },
    ],
    [
      'a creation that fails, beside a link to nobody and a name of the system',
      [
        ['add-attr', blob('$magic', 'x')],
        ['add-triple', ana, likes.id, [name.id, 'Nobody']],
        ['add-triple', owls, actsId.id, owls, { mode: 'create' }],
      ],
      'validation-failed',
      /exists/,
      { 'data-type': 'tx-step' },
    ],
    [
      'a name of the system beside a link to nobody',
      [
        ['add-triple', ana, likes.id, [name.id, 'Nobody']],
        ['add-attr', blob('$magic', 'x')],
      ],
      'validation-failed',
      /\$magic/,
      { 'data-type': 'attributes' },
    ],
    [
      'a row of what the server keeps',
      [
        ['add-attr', { ...blob('$magicCodes', 'id'), id: anonymous }],
        ['add-triple', owls, anonymous, owls],
      ],
      'validation-failed',
      /kept by the server/,
      { 'data-type': 'tx-step', input: ['add-triple', owls, anonymous, owls, null] },
    ],
    ['the id of a namespace that the server keeps', [['add-attr', blob('$magicCodes', 'id')]], 'validation-failed', /\$magicCodes/, {}],
    [
      'creations of entities that exist, each with its steps',
      [
        ['add-triple', owls, actsId.id, owls, { mode: 'create' }],
        ['add-triple', moth, actsId.id, moth, { mode: 'create' }],
      ],
      'validation-failed',
      /exists/,
      {
        'data-type': 'tx-step',
        input: [owls, moth].map((id) => {
          return { op: 'add-triple', eid: id, aid: actsId.id, value: id, etype: 'acts', 'rev-etype': null, opts: { mode: 'create' } };
        }),
      },
    ],
    ['a merge of a link', [['deep-merge-triple', ana, likes.id, {}]], 'sql-raise', /merged/, {}],
    [
      'an attr without its fields',
      [['add-attr', { id: anonymous }]],
      'validation-failed',
      /value/,
      { errors: [expect.objectContaining({ in: [0, 1], expected: 'instant.db.model.attr/value-type' })] },
    ],
    ['another attr under an id', [['add-attr', { ...blob('acts', 'other'), id: name.id }]], 'sql-raise', /another attr/, {}],
    [
      'an attr sent again with another identity',
      [['add-attr', { ...name, 'forward-identity': [newId(), 'acts', 'name'] }]],
      'record-not-unique',
      /`name` already exists on `acts`/,
      { 'record-type': 'ident', etype: 'acts', label: 'name' },
    ],
    [
      'another attr under a name',
      [['add-attr', { ...blob('acts', 'name') }]],
      'record-not-unique',
      /`name` already exists on `acts`/,
      { etype: 'acts', label: 'name' },
    ],
    [
      'an attr with the reverse name of a link',
      [['add-attr', blob('acts', 'fans')]],
      'record-not-unique',
      /fans/,
      { etype: 'acts', label: 'fans' },
    ],
    ['a link with the same name at both ends', [['add-attr', link('a', 'b', 'a', 'b')]], 'record-not-unique', /b/, {}],
    [
      'a required attr for a namespace that has entities',
      [['add-attr', blob('acts', 'must', { 'required?': true })]],
      'validation-failed',
      /required/,
      {},
    ],
    ['an attr of a system namespace', [['add-attr', blob('$magic', 'x')]], 'validation-failed', /\$magic/, {}],
    ['a required attr of $users', [['add-attr', blob('$users', 'x', { 'required?': true })]], 'validation-failed', /system/, {}],
    ['creating a user', [['add-triple', anonymous, userId, anonymous]], 'validation-failed', /signing up/, {}],
    [
      'creating a user by e-mail address',
      [['add-triple', anonymous, email, 'a@b.c']],
      'validation-failed',
      /kept by the server/,
      { 'data-type': 'tx-step', input: ['add-triple', anonymous, email, 'a@b.c', null] },
    ],
    [
      'creating a file',
      [['add-triple', anonymous, filePath, 'a.png']],
      'permission-denied',
      /the 'create' or 'update' rule of '\$files'/,
      { input: ['$files', 'object'], expected: 'perms-pass?' },
    ],
    ['changing an attr', [['update-attr', { id: name.id, 'unique?': false }]], 'permission-denied', /admins/, { input: ['attrs', 'attr'] }],
    ['deleting an attr', [['delete-attr', name.id]], 'permission-denied', /admins/, {}],
  ];

  test.each(rows)('%s', async (_what, steps, type, message, hint) => {
    const before = [await held('acts'), await held('fans')];
    const good = ['add-triple', owls, rider.id, 'changed'];
    const found = await rejected([...steps, good]);
    expect(found).toMatchObject({ type, hint });
    expect(found.message).toMatch(message);
    expect([await held('acts'), await held('fans')]).toEqual(before);
  });
});

describe('steps that are written', () => {
  test('a lookup finds an entity or creates it', async () => {
    await write([
      ['add-triple', [name.id, 'Owls'], fee.id, 5],
      ['add-triple', ana, likes.id, [name.id, 'Moth']],
    ]);
    expect((await held('acts'))[owls]).toMatchObject({ fee: 5 });
    await write([
      ['add-triple', [name.id, 'Nova'], actsId.id, [name.id, 'Nova']],
      ['add-triple', [name.id, 'Nova'], fee.id, 9],
      ['add-triple', ana, likes.id, [name.id, 'Nova']],
    ]);
    expect(Object.values(await held('acts'))).toContainEqual({ name: 'Nova', fee: 9 });
    await write([['add-triple', [pass.id, vip], handle.id, 'anna']]);
    expect((await held('fans'))[ana]).toMatchObject({ handle: 'anna' });
  });

  test('a merge removes keys set to null, and stores the patch if there is no value', async () => {
    await write([
      ['deep-merge-triple', owls, rider.id, { tea: { milk: null }, fruit: 'fig' }],
      ['deep-merge-triple', moth, rider.id, { towels: 1 }],
    ]);
    const acts = (await held('acts')) as Record<string, { rider: unknown }>;
    expect(acts[owls]!.rider).toEqual({ tea: { mint: true }, towels: 4, fruit: 'fig' });
    expect(acts[moth]!.rider).toEqual({ towels: 1 });
  });

  test('a unique value can be swapped between two entities', async () => {
    await write([
      ['add-triple', owls, name.id, 'Moth'],
      ['add-triple', moth, name.id, 'Owls'],
    ]);
    expect(await held('acts')).toMatchObject({ [owls]: { name: 'Moth' }, [moth]: { name: 'Owls' } });
  });

  test('deleting an entity deletes the entities that cascade from it', async () => {
    await write([['delete-entity', ana, 'fans']]);
    expect(await held('passes')).toEqual({});
    await write([['delete-entity', lake, 'stages']]);
    expect(await held('sets')).toEqual({});
    await write([['delete-entity', [name.id, 'Nobody'], 'acts']]);
    expect(Object.keys(await held('acts'))).toHaveLength(2);
  });

  test('ids are case-insensitive', async () => {
    await write([['add-triple', owls.toUpperCase(), name.id.toUpperCase(), 'Big Owls']]);
    expect((await held('acts'))[owls]).toMatchObject({ name: 'Big Owls' });
  });

  test('an attr sent again in its first form is accepted after an admin has changed it', async () => {
    const made = blob('acts', 'motto');
    await write([['add-attr', made]]);
    await write([['update-attr', { id: made.id, 'index?': true, 'checked-data-type': 'string' }]], admin);
    await write([
      ['add-attr', made],
      ['add-triple', owls, made.id, 'Hoot'],
    ]);
    await expect(write([['add-attr', { ...made, 'forward-identity': [newId(), 'acts', 'motto'] }]])).rejects.toThrow('record-not-unique');
  });

  test('an attr sent again is accepted; an equal one under another id is rejected', async () => {
    await write([
      ['add-attr', name],
      ['add-triple', owls, name.id, 'Same'],
    ]);
    const twin = { ...blob('acts', 'rider') };
    const answer = await client.request({
      op: 'transact',
      'tx-steps': [
        ['add-attr', twin],
        ['add-triple', owls, twin.id, 'theirs'],
      ],
    });
    expect(answer.find(({ op }) => op === 'error')).toMatchObject({
      status: 400,
      type: 'record-not-unique',
      hint: { 'record-type': 'ident', etype: 'acts', label: 'rider' },
    });
    expect((await held('acts'))[owls]).toMatchObject({ name: 'Same' });
    expect((await held('acts'))[owls]).not.toMatchObject({ rider: 'theirs' });
  });

  test('an indexed attr has a value for every entity, null by default', async () => {
    const acts = await held('acts');
    expect(acts[moth]).toEqual({ name: 'Moth', fee: null });
    await write([['add-attr', blob('acts', 'rank', { 'index?': true })]]);
    expect((await held('acts'))[moth]).toEqual({ name: 'Moth', fee: null, rank: null });
  });

  test('an admin changes, deletes and restores attrs', async () => {
    await write([['update-attr', { id: rider.id, 'index?': true }]], admin);
    await write([['delete-attr', rider.id]], admin);
    expect((await held('acts'))[owls]).not.toHaveProperty('rider');
    await write([['restore-attr', rider.id]], admin);
    expect((await held('acts'))[owls]).toHaveProperty('rider');
  });

  test('an attr can be renamed, but not moved to another namespace', async () => {
    await write([['update-attr', { id: rider.id, 'forward-identity': [newId(), 'acts', 'wish'] }]], admin);
    expect((await held('acts'))[owls]).toHaveProperty('wish');
    await write([['update-attr', { id: rider.id, 'forward-identity': rider['forward-identity'] }]], admin);
    const moved = { id: rider.id, 'forward-identity': [newId(), 'stages', 'rider'] };
    expect(await rejected([['update-attr', moved]], admin)).toMatchObject({ type: 'validation-failed' });
  });

  test.each(['index?', 'unique?', 'cardinality'])('%s of an attr cannot be null', async (trait) => {
    expect(await rejected([['update-attr', { id: rider.id, [trait]: null }]], admin)).toMatchObject({
      type: 'validation-failed',
      hint: { errors: [{ in: [0, 1, trait] }] },
    });
  });

  test('a link of several targets cannot become a link of one while an entity has two', async () => {
    await write([['add-triple', ana, likes.id, moth]]);
    expect(await rejected([['update-attr', { id: likes.id, cardinality: 'one' }]], admin)).toMatchObject({
      type: 'record-not-unique',
      hint: { 'record-type': 'triple' },
    });
  });

  test('a new constraint that the data violate is rejected', async () => {
    await write([
      ['add-triple', owls, rider.id, 'same'],
      ['add-triple', moth, rider.id, 'same'],
    ]);
    expect(await rejected([['update-attr', { id: rider.id, 'unique?': true }]], admin)).toMatchObject({ type: 'record-not-unique' });
    expect(await rejected([['update-attr', { id: rider.id, 'checked-data-type': 'number' }]], admin)).toMatchObject({
      type: 'validation-failed',
    });
    expect(await rejected([['update-attr', { id: active.id, 'required?': true }]], admin)).toMatchObject({ type: 'validation-failed' });
  });

  test('an overwritten value keeps the time of the first value', async () => {
    const times = async () => {
      const peer = await world.open();
      const { result } = await peer.response('add-query-ok', { op: 'add-query', q: { acts: { $: { where: { id: moth } } } } });
      const [row] = (result as unknown as { data: { 'datalog-result': { 'join-rows': unknown[][][] } } }[])[0]!.data['datalog-result'][
        'join-rows'
      ];
      return Object.fromEntries(row!.map(([, a, , t]) => [a, t]));
    };
    const before = await times();
    world.clock.jump(5000);
    await write([
      ['add-triple', moth, actsId.id, moth],
      ['add-triple', moth, name.id, 'Later'],
      ['add-triple', moth, rider.id, 1],
    ]);
    const after = await times();
    expect(after[name.id]).toBe(before[name.id]);
    expect(after[actsId.id]).toBe(before[actsId.id]);
    expect(after[rider.id]).toBe(world.clock.now());
  });
});

test('a retracted value of an indexed attr is missing until the entity is written again', async () => {
  const feesOf = async () => ((await held('acts'))[owls] as Record<string, unknown> | undefined)?.['fee'];
  await write([['add-triple', owls, fee.id, 5]]);
  await write([['retract-triple', owls, fee.id, 5]]);
  expect(await feesOf()).toBeUndefined();
  await write([['add-triple', owls, rider.id, {}]]);
  expect(await feesOf()).toBeUndefined();
  await write([['add-triple', owls, actsId.id, owls]]);
  expect(await feesOf()).toBeNull();
});
