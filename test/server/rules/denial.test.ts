// What a rejected write tells its writer: the rule, the action, and the entity or attribute, if the writer named it.

import { expect, it } from 'vitest';

import { kit, newId } from './kit.ts';

it('names the entity that a rule denies, among all that the write names', async () => {
  const k = await kit();
  const [id, owner] = [await k.attr('notes', 'id'), await k.attr('notes', 'owner')];
  await k.rules({ notes: { allow: { create: 'data.owner != null' } } });
  const [first, second] = [newId(), newId()];
  const steps = [
    ['add-triple', first, id, first],
    ['add-triple', first, owner, 'a'],
    ['add-triple', second, id, second],
  ];
  expect(await k.write(k.guest, ...steps)).toMatchObject({
    message: `Permission denied: the 'create' rule of 'notes' is not satisfied for notes ${second}`,
  });
});

it('names the entity that is linked', async () => {
  const k = await kit();
  const [id, teamId] = [await k.attr('notes', 'id'), await k.attr('teams', 'id')];
  const team = await k.attr('notes', 'team', ['teams', 'notes']);
  const [note, hidden] = [newId(), newId()];
  await k.write(k.admin, ['add-triple', hidden, teamId, hidden]);
  await k.rules({ teams: { allow: { view: 'false' } } });
  expect(await k.write(k.guest, ['add-triple', note, id, note], ['add-triple', note, team, hidden])).toMatchObject({
    message: `Permission denied: the 'view' rule of 'teams' is not satisfied for teams ${hidden}`,
  });
});

it('does not tell which entity a lookup found', async () => {
  const k = await kit();
  const [id, name] = [await k.attr('notes', 'id'), await k.attr('notes', 'name', undefined, { 'unique?': true, 'index?': true })];
  const note = newId();
  await k.write(k.admin, ['add-triple', note, id, note], ['add-triple', note, name, 'secret']);
  await k.rules({ notes: { allow: { $default: 'false' } } });
  expect(await k.write(k.guest, ['add-triple', [name, 'secret'], await k.attr('notes', 'text'), 'x'])).toMatchObject({
    message: "Permission denied: the 'create' or 'update' rule of 'notes' is not satisfied",
  });
});

it('names the attribute that no rule lets the writer make', async () => {
  const k = await kit({ attrs: { allow: { create: 'false' } } });
  const attr = {
    id: newId(),
    'forward-identity': [newId(), 'notes', 'extra'],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
  };
  expect(await k.write(k.guest, ['add-attr', attr])).toMatchObject({
    message: "Permission denied: the 'create' rule of 'attrs' is not satisfied for notes.extra",
  });
});
