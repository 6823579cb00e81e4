// What a push of rules answers, and what is told when a rule fails later.

import { expect, test } from 'vitest';
import { Guard } from '../../../src/server/rules/guard.ts';
import { loadCel } from '../../../src/server/rules/cel.ts';
import { RuleSet } from '../../../src/server/rules/rule-set.ts';
import { silent } from '../../../src/lib/log.ts';
import { kit, newId } from './kit.ts';

test('a push of rules returns their version and warnings for rules without effect', async () => {
  const k = await kit();
  const rules = { notes: { allow: { view: 'true', read: 'false' } } };
  expect(await k.rules(rules)).toEqual({
    version: 0,
    warnings: [{ in: ['notes', 'allow', 'read'], message: expect.stringMatching(/no effect/) }],
  });
  expect(await k.rules(rules)).toMatchObject({ version: undefined });
  expect(await k.rules({})).toMatchObject({ version: 1, warnings: [] });
});

test('a push of rules returns a warning for a path with labels that the schema lacks', async () => {
  const k = await kit();
  const { warnings } = (await k.rules({ notes: { allow: { view: "data.ref('nope.id') == []" } } })) as { warnings: unknown[] };
  expect(warnings).toEqual([{ in: ['notes', 'allow', 'view'], message: expect.stringMatching(/nope/) }]);
});

test('a view rule that fails hides the row, and is logged once with the rule', async () => {
  const logged: string[] = [];
  const k = await kit({ notes: { allow: { view: 'data.owner.id == auth.id' } } });
  const id = await k.attr('notes', 'id');
  for (const note of [newId(), newId()]) await k.write(k.admin, ['add-triple', note, id, note]);
  const logger = { ...silent, warn: (text: unknown) => void logged.push(String(text)) };
  const { db } = k.app.ledger;
  const set = new RuleSet({ notes: { allow: { view: 'data.owner.id == auth.id' } } }, await loadCel());
  const guard = new Guard(set, { appId: k.app.id, clock: { now: () => 0, monotonicNow: () => 0 }, db: () => db, logger });
  const { visibleIn } = guard.readAccess({ userId: undefined, isAdmin: false }, new Set(['notes']), undefined, db.attrs);
  expect([...db.rows('notes')].map((row) => visibleIn?.(db)('notes', row))).toEqual([false, false]);
  expect(logged).toEqual([expect.stringMatching(/notes\.view on notes: 'id' is no field/)]);
});

test('deleting an entity that does not exist evaluates the delete rule with empty data', async () => {
  const k = await kit({ notes: { allow: { delete: 'auth.id == data.owner', create: 'true' } } });
  expect(await k.write(k.ann, ['delete-entity', newId(), 'notes'])).toMatchObject({ type: 'permission-denied' });
  expect(await k.write(k.guest, ['delete-entity', newId(), 'notes'])).toMatchObject({ op: 'transact-ok' });
});

test('the delete rule applies to an entity created and deleted in one transaction', async () => {
  const k = await kit({ notes: { allow: { delete: 'false' } } });
  const id = await k.attr('notes', 'id');
  const note = newId();
  expect(await k.write(k.ann, ['add-triple', note, id, note], ['delete-entity', note, 'notes'])).toMatchObject({
    type: 'permission-denied',
  });
});

test('a create of an existing entity is denied to users who may not update it', async () => {
  const k = await kit({ notes: { allow: { update: 'false', create: 'true' } } });
  const id = await k.attr('notes', 'id');
  const note = newId();
  await k.write(k.admin, ['add-triple', note, id, note]);
  const create = ['add-triple', note, id, note, { mode: 'create' }];
  expect(await k.write(k.ann, create)).toMatchObject({ type: 'permission-denied' });
  expect(await k.write(k.admin, create)).toMatchObject({ type: 'validation-failed' });
});

test('a link rule that reads an entity that does not exist rejects the link', async () => {
  const k = await kit({ notes: { allow: { link: { team: 'linkedData.id != null' } } } });
  const [id, team] = [await k.attr('notes', 'id'), await k.attr('notes', 'team', ['teams', 'notes'])];
  const note = newId();
  await k.write(k.admin, ['add-triple', note, id, note]);
  expect(await k.write(k.ann, ['add-triple', note, team, newId()])).toMatchObject({ type: 'permission-evaluation-failed' });
});

test('rule params set by a lookup apply to the entity that the transaction creates', async () => {
  const k = await kit({ notes: { allow: { create: "ruleParams.key == 'k'" } } });
  const slug = await k.attr('notes', 'slug', undefined, { 'unique?': true, 'index?': true });
  const text = await k.attr('notes', 'text');
  const lookup = [slug, 'a'];
  expect(await k.write(k.ann, ['add-triple', lookup, text, 'x'])).toMatchObject({ type: 'permission-denied' });
  const made = await k.write(k.ann, ['rule-params', lookup, 'notes', { key: 'k' }], ['add-triple', lookup, text, 'x']);
  expect(made).toMatchObject({ op: 'transact-ok' });
});
