// What tells somebody of a row that the rules hide, and what does not: the list in docs/security.md. Each case compares a hidden row with
// one that does not exist.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { i } from '../../../src/schema/schema.ts';
import { kit, newId } from './kit.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';

const [hidden, missing] = ['e0000000-0000-4000-8000-000000000001', 'e0000000-0000-4000-8000-000000000002'];
const [linked, plain] = ['e0000000-0000-4000-8000-000000000003', 'e0000000-0000-4000-8000-000000000004'];

const schema = i.schema({
  entities: {
    notes: i.entity({ text: i.string().indexed() }),
    secrets: i.entity({ code: i.string().unique().indexed().optional(), n: i.number().indexed().optional() }),
    needy: i.entity({}),
  },
  links: {
    one: { forward: { on: 'notes', has: 'one', label: 'secret' }, reverse: { on: 'secrets', has: 'many', label: 'notes' } },
    many: { forward: { on: 'notes', has: 'many', label: 'secrets' }, reverse: { on: 'secrets', has: 'many', label: 'inNotes' } },
    held: { forward: { on: 'secrets', has: 'one', label: 'about' }, reverse: { on: 'notes', has: 'many', label: 'aboutBy' } },
    part: {
      forward: { on: 'secrets', has: 'one', label: 'whole', onDelete: 'cascade' },
      reverse: { on: 'notes', has: 'one', label: 'part' },
    },
    need: { forward: { on: 'needy', has: 'one', label: 'of', required: true }, reverse: { on: 'notes', has: 'many', label: 'needy' } },
  },
});
const rules = {
  notes: { allow: { $default: 'true' } },
  secrets: { allow: { view: 'false', create: 'true', update: 'false', delete: 'false' } },
};

let server: TriplaneServer;

async function call(path: string, body: object, headers: Readonly<Record<string, string>> = { 'as-guest': 'true' }): Promise<unknown> {
  const about = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}`, 'app-id': server.appId };
  const answer = await fetch(server.url + path, { method: 'POST', headers: { ...about, ...headers }, body: JSON.stringify(body) });
  return answer.json();
}

const read = (form: object): Promise<unknown> => call('/admin/query', { query: { notes: form } });
const setRules = (code: object): Promise<unknown> => call(`/dash/apps/${server.appId}/rules`, { code }, {});
/** The ids of notes. */
const found = async (where: object): Promise<string[]> => {
  const { notes } = (await read({ $: { where } })) as { readonly notes: readonly { readonly id: string }[] };
  return notes.map(({ id }) => id);
};
const answer = async (...steps: readonly unknown[]): Promise<{ readonly type?: string }> =>
  call('/admin/transact', { steps }) as Promise<object>;
/** `ok`, or the type of the error. */
const write = async (...steps: readonly unknown[]): Promise<string> => (await answer(...steps)).type ?? 'ok';

beforeEach(async () => {
  server = await createServer({ schema, rules });
  const steps = [
    ['update', 'secrets', hidden, { code: 'known', n: 1 }],
    ['update', 'notes', linked, { text: 'a' }],
    ['update', 'notes', plain, { text: 'b' }],
    ['link', 'notes', linked, { secret: hidden, secrets: hidden }],
    ['link', 'secrets', hidden, { about: linked }],
  ];
  await call('/admin/transact', { steps }, {});
});
afterEach(() => server.close());

const atEmail = (email: string): string => `lookup__email__${JSON.stringify(email)}`;
const at = (value: string): string => `lookup__code__${JSON.stringify(value)}`;
const denied = 'permission-denied';

describe('a link that a visible row holds is a value of that row, and tells the id', () => {
  test('of a has-one link in results', async () => {
    expect(await read({})).toMatchObject({ notes: [{ id: linked, secret: hidden }, { id: plain }] });
  });

  test('whether there is a link, in nested results', async () => {
    const { notes } = (await read({ secret: {}, secrets: {} })) as { readonly notes: readonly object[] };
    expect(notes).toEqual([
      { id: linked, text: 'a', secret: [], secrets: [] },
      { id: plain, text: 'b' },
    ]);
  });

  test.for(['one', 'many'])(
    'in the triples that sessions receive, nested or not: a has-one link, but no has-many link (%s)',
    async (cardinality) => {
      const k = await kit({ teams: { allow: { view: 'false' } } });
      const [note, team] = [newId(), newId()];
      const link = await k.attr('notes', 'team', ['teams', 'notes'], { cardinality });
      await k.write(k.admin, ['add-triple', team, await k.attr('teams', 'id'), team]);
      await k.write(k.admin, ['add-triple', note, await k.attr('notes', 'id'), note], ['add-triple', note, link, team]);
      const told = async (q: object): Promise<boolean> =>
        JSON.stringify((await k.guest.response('add-query-ok', { op: 'add-query', q })).result).includes(team);
      expect([await told({ notes: {} }), await told({ notes: { team: {} } })]).toEqual(Array(2).fill(cardinality === 'one'));
    },
  );

  test.for(['secret', 'secrets'])('in conditions on %s', async (label) => {
    expect([await found({ [label]: hidden }), await found({ [label]: missing })]).toEqual([[linked], []]);
    expect([await found({ [label]: { $in: [hidden] } }), await found({ [label]: { $in: [missing] } })]).toEqual([[linked], []]);
    expect([await found({ [label]: { $not: hidden } }), await found({ [label]: { $not: missing } })]).toEqual([[plain], [linked, plain]]);
    expect(await found({ [label]: { $isNull: true } })).toEqual([plain]);
  });

  test('unless a rule for the field hides the link', async () => {
    await setRules({ ...rules, notes: { ...rules.notes, fields: { secret: 'false', secrets: 'false' } } });
    expect(await read({ secret: {}, secrets: {} })).toEqual({
      notes: [
        { id: linked, text: 'a' },
        { id: plain, text: 'b' },
      ],
    });
    for (const label of ['secret', 'secrets']) expect(await found({ [label]: hidden })).toEqual([]);
  });
});

describe('writes tell that a row exists', () => {
  test.for([
    ['update', (row: string) => ['update', 'secrets', row, { n: 2 }], denied, 'ok'],
    ['update of what exists', (row: string) => ['update', 'secrets', row, { n: 2 }, { upsert: false }], denied, 'validation-failed'],
    ['create', (row: string) => ['create', 'secrets', row, { n: 2 }], denied, 'ok'],
    ['merge', (row: string) => ['merge', 'secrets', row, { n: 2 }], denied, 'ok'],
    ['link to it', (row: string) => ['link', 'notes', plain, { secrets: row }], denied, 'ok'],
    ['unlink of it', (row: string) => ['unlink', 'notes', plain, { secrets: row }], denied, 'ok'],
    ['link from it', (row: string) => ['link', 'secrets', row, { about: plain }], denied, 'ok'],
  ] as const)('%s, by id', async ([, step, ofHidden, ofMissing]) => {
    expect([await write(step(hidden)), await write(step(missing))]).toEqual([ofHidden, ofMissing]);
  });

  test.for([
    ['update', (row: string) => ['update', 'secrets', row, { n: 2 }], denied, 'ok'],
    ['delete', (row: string) => ['delete', 'secrets', row], denied, 'ok'],
    ['link to it', (row: string) => ['link', 'notes', plain, { secrets: row }], denied, 'validation-failed'],
  ] as const)('%s, by a value that is unique', async ([, step, ofHidden, ofMissing]) => {
    expect([await write(step(at('known'))), await write(step(at('unknown')))]).toEqual([ofHidden, ofMissing]);
  });

  test('a value that has to be unique', async () => {
    expect(await write(['update', 'secrets', missing, { code: 'known' }])).toBe('record-not-unique');
    expect(await write(['update', 'secrets', missing, { code: 'unknown' }])).toBe('ok');
  });

  test('of which nothing is told to those who may not create such rows', async () => {
    await setRules({ ...rules, secrets: { allow: { $default: 'false' } } });
    for (const row of [hidden, missing]) {
      expect(await write(['update', 'secrets', row, { n: 2 }])).toBe(denied);
      expect(await write(['create', 'secrets', row, { n: 2 }])).toBe(denied);
      expect(await write(['delete', 'secrets', row])).toBe(denied);
    }
    for (const code of ['known', 'unknown']) {
      expect(await write(['update', 'secrets', at(code), { n: 2 }])).toBe(denied);
      expect(await write(['update', 'secrets', missing, { code }])).toBe(denied);
    }
  });

  test.for([
    ['update', (row: string) => ['update', 'secrets', row, { n: 2 }]],
    ['create', (row: string) => ['create', 'secrets', row, { n: 2 }]],
    ['merge', (row: string) => ['merge', 'secrets', row, { n: 2 }]],
    ['link from it', (row: string) => ['link', 'secrets', row, { about: plain }]],
    ['link to a row that holds the link', (row: string) => ['link', 'notes', plain, { aboutBy: row }]],
  ] as const)('nor by the text of the refusal: %s', async ([, step]) => {
    await setRules({ ...rules, secrets: { allow: { view: 'data.n == 9', $default: 'false' } }, attrs: { allow: { $default: 'false' } } });
    const told = async (row: string): Promise<string> => JSON.stringify(await answer(step(row))).replaceAll(row, 'row');
    expect(await told(hidden)).toBe(await told(missing));
    expect(await told(at('known'))).toBe((await told(at('unknown'))).replaceAll('unknown', 'known'));
  });

  test.for([
    ['a write of the value itself', (code: string) => ['update', 'secrets', at(code), { code: 'other' }]],
    ['a link to it', (code: string) => ['link', 'notes', plain, { secrets: at(code) }]],
    ['an unlink of it', (code: string) => ['unlink', 'notes', plain, { secrets: at(code) }]],
    ['a link of its own', (code: string) => ['link', 'secrets', at(code), { about: plain }]],
  ] as const)('nor by a unique value, to those who may change neither end: %s', async ([, step]) => {
    const notes = { allow: { view: 'true', $default: 'false' } };
    await setRules({ ...rules, notes, secrets: { allow: { $default: 'false' } }, attrs: { allow: { $default: 'false' } } });
    const told = async (code: string): Promise<string> => JSON.stringify(await answer(step(code))).replaceAll(code, 'code');
    expect(await told('unknown')).toBe(await told('known'));
    expect(await write(step('unknown'))).toBe(denied);
  });

  test('but of users, whom nobody makes by a transaction; nothing else is told of them', async () => {
    await call('/admin/transact', { steps: [['update', '$users', hidden, { email: 'known@x.co', nick: 'k' }]] }, {});
    const update = (email: string): unknown => ['update', '$users', atEmail(email), { nick: 'x' }];
    expect([await write(update('known@x.co')), await write(update('unknown@x.co'))]).toEqual([denied, 'validation-failed']);
    const told = JSON.stringify([await answer(update('known@x.co')), await answer(['delete', '$users', atEmail('known@x.co')])]);
    expect(told).not.toContain(hidden);
  });

  test('except by an unlink from it, to those who may see the row at the other end', async () => {
    await setRules({ ...rules, notes: { allow: { view: 'true', $default: 'false' } }, secrets: { allow: { $default: 'false' } } });
    const unlink = (row: string): unknown => ['unlink', 'secrets', row, { about: plain }];
    expect([await write(unlink(hidden)), await write(unlink(missing))]).toEqual([denied, 'ok']);
    await setRules({ notes: { allow: { $default: 'false' } }, secrets: { allow: { $default: 'false' } } });
    expect([await write(unlink(hidden)), await write(unlink(missing))]).toEqual([denied, denied]);
  });

  test('which names the rule where the row is visible, or every row is', async () => {
    const update = ['update', 'secrets', hidden, { n: 2 }];
    await setRules({ ...rules, secrets: { allow: { view: 'data.n == 1', $default: 'false' } } });
    expect(await answer(update)).toMatchObject({ message: expect.stringContaining("the 'update' rule of 'secrets'") });
    await setRules({ ...rules, secrets: { allow: { view: 'true', $default: 'false' } } });
    expect(await answer(update)).toMatchObject({ message: expect.stringContaining("the 'update' rule of 'secrets'") });
    const create = ['update', 'secrets', missing, { n: 2 }];
    expect(await answer(create)).toMatchObject({ message: expect.stringContaining("the 'create' rule of 'secrets'") });
  });
});

describe('others that a hidden row is linked to tell of it', () => {
  test.for([
    ['by deletions that cascade to it', ['link', 'secrets', hidden, { whole: plain }], denied],
    ['by deletions of what it has to have', ['update', 'needy', hidden, {}], 'validation-failed', ['link', 'needy', hidden, { of: plain }]],
  ] as const)('%s', async ([, step, told, ...more]) => {
    await setRules({ ...rules, needy: { allow: { $default: 'false' } } });
    await call('/admin/transact', { steps: [step, ...more] }, {});
    expect(await write(['delete', 'notes', plain])).toBe(told);
    expect(await write(['delete', 'notes', linked])).toBe('ok');
  });

  test('by links to rows that take one', async () => {
    await setRules({ ...rules, secrets: { allow: { ...rules.secrets.allow, view: 'data.n == 9' } } });
    await call('/admin/transact', { steps: [['link', 'secrets', hidden, { whole: plain }]] }, {});
    const part = (note: string): unknown => ['link', 'secrets', missing, { whole: note }];
    expect(await write(['create', 'secrets', missing, { n: 9 }], part(plain))).toBe('record-not-unique');
    expect(await write(['create', 'secrets', missing, { n: 9 }], part(linked))).toBe('ok');
  });
});

describe('nothing is told', () => {
  test.for(['secret', 'secrets', 'aboutBy'])('by conditions on what the rows behind %s have', async (label) => {
    for (const where of [{ [`${label}.id`]: hidden }, { [`${label}.code`]: 'known' }, { [`${label}.n`]: { $gte: 0 } }])
      expect(await found(where)).toEqual([]);
  });

  test('by links that the hidden row holds', async () => {
    const { notes } = (await read({ aboutBy: {} })) as { readonly notes: readonly object[] };
    expect(notes).toEqual([expect.not.objectContaining({ aboutBy: expect.anything() }), { id: plain, text: 'b' }]);
    expect([await found({ aboutBy: hidden }), await found({ aboutBy: { $not: hidden } })]).toEqual([[], [linked, plain]]);
    expect(await found({ aboutBy: { $isNull: true } })).toEqual([linked, plain]);
  });

  test('by queries for the rows themselves', async () => {
    for (const where of [{ id: hidden }, { code: 'known' }, { n: { $isNull: false } }])
      expect(await call('/admin/query', { query: { secrets: { $: { where } } } })).toEqual({ secrets: [] });
  });
});
