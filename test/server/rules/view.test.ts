import { describe, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { appId, bench, rest } from '../bench.ts';
import { ann, bob, kit, newId, type Kit } from './kit.ts';

/** Two notes of Ann's and one of Bob's, in a team. */
async function notes(rules: unknown): Promise<{ readonly k: Kit; readonly ids: readonly string[]; readonly team: string }> {
  const k = await kit();
  const id = await k.attr('notes', 'id');
  const owner = await k.attr('notes', 'owner');
  const n = await k.attr('notes', 'n', undefined, { 'index?': true, 'checked-data-type': 'number' });
  const teamId = await k.attr('teams', 'id');
  const inTeam = await k.attr('notes', 'team', ['teams', 'notes']);
  const member = await k.attr('teams', 'members', ['$users', 'teams']);
  const ids = [newId(), newId(), newId()];
  const team = newId();
  const steps = ids.flatMap((e, at) => [
    ['add-triple', e, id, e],
    ['add-triple', e, owner, at === 1 ? bob : ann],
    ['add-triple', e, n, at],
    ['add-triple', e, inTeam, team],
  ]);
  await k.write(k.admin, ['add-triple', team, teamId, team], ['add-triple', team, member, ann], ...steps);
  await k.rules(rules);
  return { k, ids, team };
}

const own = { notes: { allow: { view: 'auth.id == data.owner' } } };

describe('hidden data leaves no trace', () => {
  test('rows are left out', async () => {
    const { k, ids } = await notes(own);
    expect(await k.ids(k.ann, 'notes')).toEqual([ids[0], ids[2]]);
    expect(await k.ids(k.bob, 'notes')).toEqual([ids[1]]);
    expect(await k.ids(k.guest, 'notes')).toEqual([]);
    expect(await k.ids(k.admin, 'notes')).toEqual(ids);
  });

  test('conditions, orders and pages ignore hidden rows', async () => {
    const { k, ids } = await notes(own);
    expect(await k.ids(k.ann, 'notes', { where: { n: { $gte: 1 } } })).toEqual([ids[2]]);
    expect(await k.ids(k.ann, 'notes', { order: { n: 'desc' } })).toEqual([ids[2], ids[0]]);
    const q = { notes: { $: { limit: 1, order: { n: 'asc' } } } };
    const { result } = await k.bob.response('add-query-ok', { op: 'add-query', q });
    expect(JSON.stringify(result)).not.toContain(ids[0]);
    expect(result).toMatchObject([{ data: { 'page-info': { notes: { 'has-next-page?': false, 'has-previous-page?': false } } } }]);
    const first = await k.ann.response('add-query-ok', { op: 'add-query', q });
    expect(first.result).toMatchObject([{ data: { 'page-info': { notes: { 'has-next-page?': true } } } }]);
  });

  test('links, from both ends, and paths skip hidden rows', async () => {
    const { k, ids, team } = await notes(own);
    const { result } = await k.bob.response('add-query-ok', { op: 'add-query', q: { teams: { notes: {} } } });
    expect(JSON.stringify(result)).toContain(ids[1]);
    for (const hidden of [ids[0]!, ids[2]!]) expect(JSON.stringify(result)).not.toContain(hidden);
    expect(await k.ids(k.bob, 'teams', { where: { 'notes.n': 2 } })).toEqual([]);
    expect(await k.ids(k.bob, 'teams', { where: { 'notes.n': 1 } })).toEqual([team]);
    await k.rules({ ...own, teams: { allow: { view: "auth.id in data.ref('members.id')" } } });
    expect(await k.ids(k.bob, 'notes', { where: { 'team.id': team } })).toEqual([]);
    // A path does not go through a hidden row either.
    expect(await k.ids(k.ann, 'notes', { where: { 'team.notes.n': 0 } })).toEqual([ids[0], ids[2]]);
    for (const path of ['team.notes.n', 'team.notes.team.notes.n'])
      expect(await k.ids(k.bob, 'notes', { where: { [path]: 1 } })).toEqual([]);
    expect(await k.ids(k.bob, 'notes', { where: { 'team.notes': ids[1] } })).toEqual([]);
    expect(await k.ids(k.bob, 'teams')).toEqual([]);
    expect(await k.ids(k.ann, 'teams')).toEqual([team]);
  });

  test('counts are rejected except for admins', async () => {
    const { k } = await notes(own);
    expect(await k.bob.response('error', { op: 'add-query', q: { notes: { $: { aggregate: 'count' } } } })).toMatchObject({
      type: 'validation-failed',
    });
  });

  test('fields are left out of results and conditions', async () => {
    const { k } = await notes({ notes: { fields: { n: 'auth.id == data.owner' } } });
    const n = await k.attr('notes', 'n');
    const { result } = await k.bob.response('add-query-ok', { op: 'add-query', q: { notes: {} } });
    expect(JSON.stringify(result).split(n).length - 1).toBe(1);
    expect(await k.ids(k.bob, 'notes', { where: { n: { $gte: 0 } } })).toHaveLength(1);
  });

  const failure = {
    type: 'permission-evaluation-failed',
    status: 400,
    hint: { rule: ['notes', 'view'], error: { type: expect.stringMatching(/^[A-Z_]+$/) as string } },
  };
  const query = { op: 'add-query', q: { notes: {} } } as const;

  test('a rule of a field that fails is told with the field', async () => {
    const { k } = await notes({ notes: { fields: { n: 'data.owner.name == 1' } } });
    const received = await k.ann.request(query);
    expect(received.map(({ op }) => op)).toEqual(['add-query-ok', 'error']);
    expect(received[1]).toMatchObject({ ...failure, message: "Could not evaluate the permission rule 'notes.view' for 'notes.n'" });
  });

  test('a query for which the rule fails on all rows is rejected with the error', async () => {
    const { k } = await notes({ notes: { allow: { view: 'data.owner.name == 1' } } });
    expect(await k.ann.response('error', query)).toMatchObject({ ...failure, 'original-event': { op: 'add-query' } });
  });

  test('a row whose rule cannot be evaluated is hidden, and the session receives one error', async () => {
    const { k, ids } = await notes({ notes: { allow: { view: 'data.tag == null || data.tag > 0' } } });
    await k.write(k.admin, ['add-triple', ids[0], await k.attr('notes', 'tag'), 'no number']);
    k.ann.heard.length = 0;
    const { result } = await k.ann.response('add-query-ok', query);
    expect(JSON.stringify(result)).toContain(ids[1]);
    expect(JSON.stringify(result)).not.toContain(ids[0]);
    await rest();
    expect(k.ann.take('error')).toMatchObject([{ ...failure, 'client-event-id': null }]);
    await k.ann.response('add-query-ok', { op: 'add-query', q: { notes: { $: { limit: 5 } } } });
    await rest();
    expect(k.ann.take('error')).toEqual([]);
  });

  test('a row whose rule fails after a later write sends an error to all sessions with the query', async () => {
    const { k, ids } = await notes({ notes: { allow: { view: 'data.tag == null || data.tag > 0' } } });
    for (const peer of [k.ann, k.bob]) await peer.response('add-query-ok', query);
    for (const peer of [k.ann, k.bob]) peer.heard.length = 0;
    await k.write(k.admin, ['add-triple', ids[0], await k.attr('notes', 'tag'), 'no number']);
    await rest();
    for (const peer of [k.ann, k.bob]) expect(peer.take('error')).toMatchObject([failure]);
  });

  test('the log has the rule, the entity and the position in the expression', async () => {
    const { k, ids } = await notes({ notes: { allow: { view: 'isOwn ||\n  size(data.n) > 2' }, bind: ['isOwn', 'auth.id == "nobody"'] } });
    await k.ann.response('error', query);
    const logged = k.bench.logged.filter(([text]) => String(text).includes('permission rule'));
    expect(logged).toHaveLength(1);
    expect(logged[0]?.[0]).toContain('notes.view on notes');
    expect(logged[0]?.[1]).toMatchObject({ rule: 'isOwn ||\n  size(data.n) > 2', id: ids[0], at: '2:3 size(data.n) > 2' });
  });
});

describe('live queries', () => {
  const q = { notes: {} };

  test('a change of a hidden row sends no refresh', async () => {
    const { k, ids } = await notes(own);
    await k.bob.response('add-query-ok', { op: 'add-query', q });
    k.bob.heard.length = 0;
    await k.write(k.ann, ['add-triple', ids[0], await k.attr('notes', 'n'), 7]);
    await rest();
    expect(k.bob.heard).toEqual([]);
    await k.write(k.admin, ['add-triple', ids[0], await k.attr('notes', 'owner'), bob]);
    await rest();
    expect(JSON.stringify(k.bob.take('refresh-ok'))).toContain(ids[0]);
  });

  test('a change of an entity on the path of a rule, or of the user, refreshes the query', async () => {
    const { k, ids, team } = await notes({ notes: { allow: { view: "auth.id in data.ref('team.members.id')" } } });
    await k.bob.response('add-query-ok', { op: 'add-query', q });
    k.bob.heard.length = 0;
    await k.write(k.admin, ['add-triple', team, await k.attr('teams', 'members'), bob]);
    await rest();
    expect(JSON.stringify(k.bob.take('refresh-ok'))).toContain(ids[0]);
    await k.rules({ notes: { allow: { view: "auth.role == 'chief'" } } });
    await rest();
    k.bob.heard.length = 0;
    const role = await k.attr('$users', 'role');
    await rest();
    k.bob.heard.length = 0;
    await k.write(k.admin, ['add-triple', bob, role, 'chief']);
    await rest();
    expect(k.bob.take('refresh-ok')).toHaveLength(1);
  });

  test('W-28: new rules refresh live queries', async () => {
    const { k, ids } = await notes(undefined);
    for (const peer of [k.ann, k.bob, k.admin]) await peer.response('add-query-ok', { op: 'add-query', q });
    for (const peer of [k.ann, k.bob, k.admin]) peer.heard.length = 0;
    await k.rules(own);
    await rest();
    expect(k.admin.heard).toEqual([]);
    const [received] = k.bob.take('refresh-ok');
    expect(JSON.stringify(received)).toContain(ids[1]);
    expect(JSON.stringify(received)).not.toContain(ids[0]);
    expect(k.ann.take('refresh-ok')).toHaveLength(1);
    await k.rules(null);
    await rest();
    expect(JSON.stringify(k.bob.take('refresh-ok'))).toContain(ids[0]);
  });

  test('a query carries its rule params', async () => {
    const { k, ids } = await notes({ notes: { allow: { view: 'data.n == ruleParams.n' } } });
    const { result } = await k.bob.response('add-query-ok', { op: 'add-query', q: { ...q, $$ruleParams: { n: 2 } } });
    expect(JSON.stringify(result)).toContain(ids[2]);
    expect(await k.ids(k.bob, 'notes')).toEqual([]);
  });
});

test('by default, users see only themselves', async () => {
  const k = await kit();
  expect(await k.ids(k.ann, '$users')).toEqual([ann]);
  expect(await k.ids(k.guest, '$users')).toEqual([]);
  await k.rules({ $users: { allow: { view: 'auth.id != null' } } });
  expect(await k.ids(k.ann, '$users')).toEqual([ann, bob]);
});

test('rules survive a restart of the server', async () => {
  const storage = memory();
  const first = bench({ storage });
  const app = await first.hub.app(appId);
  await app.rulebook.set(app.ledger, own);
  await first.hub.close();
  const again = await bench({ storage }).hub.app(appId);
  expect(again.rulebook.json).toEqual(own);
  expect(again.rulebook.guard.rules.find('notes', 'view')?.code).toBe('auth.id == data.owner');
});
