import { describe, expect, test } from 'vitest';
import { ann, bob, kit, newId, type Kit } from './kit.ts';

async function fresh(rules: unknown): Promise<{ readonly k: Kit; readonly id: string; readonly owner: string; readonly text: string }> {
  const k = await kit();
  const [id, owner, text] = [await k.attr('notes', 'id'), await k.attr('notes', 'owner'), await k.attr('notes', 'text')];
  await k.attr('notes', 'team', ['teams', 'notes']);
  await k.rules(rules);
  return { k, id, owner, text };
}

const ok = { op: 'transact-ok' };
const deniedFor = (etype: string, kind = 'object') => ({
  op: 'error',
  status: 400,
  type: 'permission-denied',
  message: expect.stringMatching(
    new RegExp(
      `^Permission denied: the (?:'(?:view|create|update|delete|link|unlink)'|'create' or 'update') rule of '${etype.replace('$', '\\$')}' is not satisfied(?: for ${etype.replace('$', '\\$')} \\S+| for \\w+\\.\\w+)?$`,
    ),
  ) as string,
  hint: { input: [etype, kind], expected: 'perms-pass?' },
});

describe('entities', () => {
  const rules = {
    notes: {
      bind: { isOwner: 'auth.id != null && auth.id == data.owner', stays: 'isOwner && newData.owner == data.owner' },
      allow: { create: 'isOwner', update: 'stays', delete: 'isOwner' },
    },
  };

  test('are created, changed and deleted only by users whom the rules allow', async () => {
    const { k, id, owner, text } = await fresh(rules);
    const note = newId();
    const make = [
      ['add-triple', note, id, note],
      ['add-triple', note, owner, ann],
    ];
    expect(await k.write(k.bob, ...make)).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.guest, ...make)).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.ann, ...make)).toMatchObject(ok);
    expect(await k.write(k.bob, ['add-triple', note, text, 'x'])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.ann, ['add-triple', note, text, 'x'])).toMatchObject(ok);
    expect(await k.write(k.ann, ['add-triple', note, owner, bob])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.bob, ['retract-triple', note, text, 'x'])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.bob, ['delete-entity', note, 'notes'])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.bob, ['deep-merge-triple', note, text, { a: 1 }])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.ann, ['delete-entity', note, 'notes'])).toMatchObject(ok);
  });

  test('one denied step rejects the whole transaction', async () => {
    const { k, id, owner } = await fresh(rules);
    const [mine, yours] = [newId(), newId()];
    const steps = [mine, yours].flatMap((e) => [
      ['add-triple', e, id, e],
      ['add-triple', e, owner, e === mine ? ann : bob],
    ]);
    expect(await k.write(k.ann, ...steps)).toMatchObject(deniedFor('notes'));
    expect(await k.ids(k.admin, 'notes')).toEqual([]);
  });

  test('rules read the modified fields and the rule params', async () => {
    const { k, id, text } = await fresh({
      notes: { allow: { create: 'true', update: "request.modifiedFields.all(f, f in ['text']) && ruleParams.key == 1" } },
    });
    const note = newId();
    await k.write(k.admin, ['add-triple', note, id, note]);
    const change = ['add-triple', note, text, 'x'];
    expect(await k.write(k.bob, change)).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.bob, change, ['rule-params', note, 'notes', { key: 1 }])).toMatchObject(ok);
    const other = ['add-triple', note, await k.attr('notes', 'owner'), bob];
    expect(await k.write(k.bob, change, other, ['rule-params', note, 'notes', { key: 1 }])).toMatchObject(deniedFor('notes'));
  });

  describe('rule params of an entity that is looked up', () => {
    const needed = 'ruleParams.key == 1';
    async function world() {
      const k = await kit();
      const id = await k.attr('notes', 'id');
      const [slug, text] = [await k.attr('notes', 'slug', undefined, { 'unique?': true, 'index?': true }), await k.attr('notes', 'text')];
      const above = await k.attr('notes', 'above', ['notes', 'below'], { cardinality: 'one', 'on-delete': 'cascade' });
      const [note, below] = [newId(), newId()];
      const make = (e: string, name: string) => [
        ['add-triple', e, id, e],
        ['add-triple', e, slug, name],
      ];
      await k.write(k.admin, ...make(note, 'a'), ...make(below, 'b'), ['add-triple', below, above, note]);
      await k.rules({ notes: { allow: { create: needed, update: needed, delete: needed } } });
      const [a, b] = [
        [slug, 'a'],
        [slug, 'b'],
      ];
      const params = (of: unknown): unknown[] => ['rule-params', of, 'notes', { key: 1 }];
      return { k, slug, text, note, a, b, params };
    }
    type World = Awaited<ReturnType<typeof world>>;

    test.each<[string, (of: World) => unknown[][]]>([
      ['whose looked up value the update changes', ({ a, slug, params }) => [params(a), ['add-triple', a, slug, 'c']]],
      ['told after the change', ({ a, slug, params }) => [['add-triple', a, slug, 'c'], params(a)]],
      ['that is deleted, with what it takes along', ({ a, b, params }) => [params(a), params(b), ['delete-entity', a, 'notes']]],
      ['that is deleted by its id', ({ a, b, note, params }) => [params(a), params(b), ['delete-entity', note, 'notes']]],
      [
        'whose value another entity takes',
        ({ a, b, slug, params }) => [params(a), ['add-triple', a, slug, 'c'], params(b), ['add-triple', b, slug, 'a']],
      ],
      ['that the update creates', ({ slug, text, params }) => [params([slug, 'new']), ['add-triple', [slug, 'new'], text, 'x']]],
      [
        'that the update creates, told after it',
        ({ slug, text, params }) => [['add-triple', [slug, 'new'], text, 'x'], params([slug, 'new'])],
      ],
    ])('%s', async (_, steps) => {
      const of = await world();
      expect(await of.k.write(of.k.bob, ...steps(of))).toMatchObject(ok);
      const without = await world();
      const own = steps(without).filter(([op]) => op !== 'rule-params');
      expect(await without.k.write(without.k.bob, ...own)).toMatchObject(deniedFor('notes'));
    });
  });

  test('a create rule follows links of the same transaction, an update rule the links before it', async () => {
    const { k, id } = await fresh({
      notes: { allow: { create: "size(data.ref('team.id')) == 1", update: "size(data.ref('team.id')) == 0" } },
    });
    const team = newId();
    await k.write(k.admin, ['add-triple', team, await k.attr('teams', 'id'), team]);
    const note = newId();
    const link = ['add-triple', note, await k.attr('notes', 'team'), team];
    expect(await k.write(k.bob, ['add-triple', note, id, note])).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.bob, ['add-triple', note, id, note], link)).toMatchObject(ok);
    expect(await k.write(k.bob, ['add-triple', note, await k.attr('notes', 'text'), 'x'])).toMatchObject(deniedFor('notes'));
  });

  test('a rule that cannot be evaluated rejects the write with the error', async () => {
    const { k, id } = await fresh({ notes: { allow: { create: 'data.owner.name == 1' } } });
    const note = newId();
    expect(await k.write(k.ann, ['add-triple', note, id, note])).toMatchObject({
      status: 400,
      type: 'permission-evaluation-failed',
      hint: { rule: ['notes', 'create'], error: { type: 'ATTRIBUTE_NOT_FOUND', message: "'name' is no field: only maps have fields" } },
    });
  });

  test.each([
    ['1 / 0 == 1', 'DIVIDE_BY_ZERO'],
    ['[1][2] == 1', 'INDEX_OUT_OF_BOUNDS'],
    ["[1][dyn('0')] == 1", 'OVERLOAD_NOT_FOUND'],
    ["int('x') == 1", 'BAD_FORMAT'],
    ['9223372036854775807 + 1 == 1', 'NUMERIC_OVERFLOW'],
    ["{'a': 1, 'a': 2} == {}", 'DUPLICATE_ATTRIBUTE'],
    ["'a'.charAt(3) == ''", 'INTERNAL_ERROR'],
    ["dyn('a') || true", 'INVALID_ARGUMENT'],
    ['dyn(null) > 1', 'OVERLOAD_NOT_FOUND'],
    ["1 / 0 == 1 || data.owner.name == 'x'", 'DIVIDE_BY_ZERO'],
    ["data.owner.name == 'x' && 1 / 0 == 1", 'ATTRIBUTE_NOT_FOUND'],
  ])('the error in %s has the code %s', async (create, type) => {
    const { k, id } = await fresh({ notes: { allow: { create } } });
    const note = newId();
    expect(await k.write(k.ann, ['add-triple', note, id, note])).toMatchObject({ hint: { error: { type } } });
  });

  test('removing a link of an entity without attributes does not count as creating it', async () => {
    const { k } = await fresh(undefined);
    const far = await k.attr('notes', 'replies', ['notes', 'replyTo']);
    const [ghost, other] = [newId(), newId()];
    await k.write(k.admin, ['add-triple', ghost, far, other]);
    await k.rules({ notes: { allow: { create: 'false', update: 'false' } } });
    expect(await k.write(k.bob, ['retract-triple', ghost, far, newId()])).toMatchObject(ok);
    expect(await k.write(k.bob, ['add-triple', ghost, far, newId()])).toMatchObject(deniedFor('notes'));
  });

  test('a denied create does not reveal whether a unique value is taken', async () => {
    const { k, id, owner } = await fresh({ notes: { allow: { create: 'false' } } });
    const unique = await k.attr('notes', 'slug', undefined, { 'unique?': true });
    const note = newId();
    await k.write(k.admin, ['add-triple', note, id, note], ['add-triple', note, unique, 'taken'], ['add-triple', note, owner, ann]);
    const [a, b] = [newId(), newId()];
    const taken = await k.write(k.bob, ['add-triple', a, id, a], ['add-triple', a, unique, 'taken']);
    const free = await k.write(k.bob, ['add-triple', b, id, b], ['add-triple', b, unique, 'free']);
    expect(taken).toMatchObject(deniedFor('notes'));
    expect(free).toMatchObject(deniedFor('notes'));
  });
});

describe('links', () => {
  async function linked(rules: unknown): Promise<Awaited<ReturnType<typeof fresh>> & { note: string; team: string; link: unknown[] }> {
    const found = await fresh(undefined);
    const { k, id, owner } = found;
    const [note, team] = [newId(), newId()];
    const teamId = await k.attr('teams', 'id');
    await k.write(k.admin, ['add-triple', note, id, note], ['add-triple', note, owner, ann], ['add-triple', team, teamId, team]);
    await k.rules(rules);
    return { ...found, note, team, link: ['add-triple', note, await k.attr('notes', 'team'), team] };
  }

  test('without link rules require update at one end and view at the other', async () => {
    const { k, link } = await linked({ notes: { allow: { update: 'auth.id == data.owner' } } });
    expect(await k.write(k.bob, link)).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.ann, link)).toMatchObject(ok);
    await k.rules({ teams: { allow: { view: 'false' } } });
    expect(await k.write(k.ann, link)).toMatchObject(deniedFor('teams'));
  });

  test('with link rules are checked by these', async () => {
    const { k, link, note, team } = await linked({
      notes: { allow: { update: 'false', link: { team: 'auth.id == data.owner' }, unlink: { $default: 'false' } } },
      teams: { allow: { view: 'false', link: { notes: "linkedData.owner == auth.id && actions.data == 'update'" } } },
    });
    expect(await k.write(k.bob, link)).toMatchObject(deniedFor('notes'));
    expect(await k.write(k.ann, link)).toMatchObject(ok);
    const unlink = ['retract-triple', note, await k.attr('notes', 'team'), team];
    expect(await k.write(k.ann, unlink)).toMatchObject(deniedFor('notes'));
  });

  test('an entity that a cascade deletes is checked, too', async () => {
    const { k, id } = await fresh(undefined);
    const child = await k.attr('notes', 'parent', ['notes', 'children'], { cardinality: 'one', 'on-delete': 'cascade' });
    const [top, below] = [newId(), newId()];
    await k.write(k.admin, ['add-triple', top, id, top], ['add-triple', below, id, below], ['add-triple', below, child, top]);
    await k.rules({ notes: { allow: { delete: 'data.parent == null' } } });
    expect(await k.write(k.bob, ['delete-entity', top, 'notes'])).toMatchObject(deniedFor('notes'));
  });
});

test('attrs are created by users whom the rules allow', async () => {
  const { k } = await fresh({ attrs: { allow: { create: "auth.id != null && data['value-type'] == 'blob'" } } });
  const attr = {
    id: newId(),
    'forward-identity': [newId(), 'plans', 'id'],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': true,
    'index?': false,
  };
  expect(await k.write(k.guest, ['add-attr', attr])).toMatchObject(deniedFor('attrs', 'attr'));
  expect(await k.write(k.ann, ['add-attr', attr])).toMatchObject(ok);
});

test('by default, users can change only themselves, and cannot be deleted in a transaction', async () => {
  const { k } = await fresh(undefined);
  const name = await k.attr('$users', 'nickname');
  const change = ['add-triple', ann, name, 'annie'];
  expect(await k.write(k.bob, change)).toMatchObject(deniedFor('$users'));
  expect(await k.write(k.ann, change)).toMatchObject(ok);
  expect(await k.write(k.ann, ['delete-entity', ann, '$users'])).toMatchObject({
    type: 'validation-failed',
    hint: { 'data-type': 'tx-step', input: ['delete-entity', ann, '$users'] },
  });
  await k.rules({ $users: { allow: { update: 'true' } } });
  expect(await k.write(k.bob, change)).toMatchObject(ok);
});

test('a rate limit in a rule rejects writes until its bucket refills', async () => {
  const { k, id } = await fresh({
    notes: { allow: { create: 'rateLimit.posts.limit(auth.id)' } },
    $rateLimits: { posts: { limits: [{ capacity: 2, refill: { period: '10 seconds' } }] } },
  });
  const post = async (): Promise<unknown> => {
    const note = newId();
    return k.write(k.ann, ['add-triple', note, id, note]);
  };
  expect([await post(), await post()]).toMatchObject([ok, ok]);
  expect(await post()).toMatchObject({ type: 'rate-limited', status: 400, hint: { 'retry-after': 5, 'remaining-tokens': 0 } });
  await k.bench.clock.advance(5000);
  expect(await post()).toMatchObject(ok);
});

test('rules with only a $default apply it to every namespace', async () => {
  const { k, id } = await fresh({ $default: { allow: { $default: 'false', create: 'true' } } });
  const note = newId();
  expect(await k.write(k.bob, ['add-triple', note, id, note])).toMatchObject(ok);
  expect(await k.ids(k.bob, 'notes')).toEqual([]);
  expect(await k.write(k.bob, ['add-triple', note, await k.attr('notes', 'text'), 'x'])).toMatchObject(deniedFor('notes'));
});
