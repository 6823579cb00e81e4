// One query that cannot be evaluated, one write or one room that fails stops nothing else of the same frame.

import { describe, expect, it } from 'vitest';

import { addQueryOk, goalId, goalsQuery } from '../../support/goals.ts';
import { Dialogue, lastTitles } from '../../support/dialogue.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import type { WireQuery } from '../../../src/protocol/query-messages.ts';

const where = (condition: unknown): WireQuery => ({ goals: { $: { where: condition } } });

/** Forms that no server takes: the original answers each with `validation-failed`. */
const impossible: readonly (readonly [string, WireQuery])[] = [
  ['null as a condition', where({ title: null })],
  ['null as the condition of the id', where({ id: null })],
  ['null in an `and`', where({ and: [{ title: null }] })],
  ['null in an `or`', where({ or: [{ title: 'a' }, { title: null }] })],
  ['null in an `or` in an `and`', where({ and: [{ or: [{ done: true }, { title: null }] }] })],
  ['null as a member of an `or`', where({ or: [null] })],
  ['null as a member of an `and`', where({ and: [{ title: 'a' }, null] })],
  ['a node below a value', { goals: { title: {} } }],
  ['null below a value', { goals: { $: { where: { title: null } }, title: { $: { where: { or: [null] } } } } }],
];

describe('a query that cannot be evaluated', () => {
  it.each(impossible)('subscribed to before the session opens, is the only one that gets an error: %s', async (_name, query) => {
    const dialogue = new Dialogue({ validate: false });
    await dialogue.client.reactor.account.loaded;
    const bad = await dialogue.subscribe(query);
    const good = await dialogue.subscribe();
    const write = dialogue.send({ __ops: [['update', 'goals', goalId(2), { title: 'mine' }]], __etype: 'goals' });
    await dialogue.open();
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'theirs' }], 1));
    expect(dialogue.sentIds()).toEqual([write.eventId]);
    expect(lastTitles(good)).toEqual(['theirs', 'mine']);
    expect([bad.results, bad.errors.map((error) => (error as { code?: string }).code)]).toEqual([[], ['query-invalid']]);
    expect([good.errors, dialogue.client.errors]).toEqual([[], []]);
    dialogue.end();
  });

  it.each(impossible)('subscribed to in an open session, is the only one that gets an error: %s', async (_name, query) => {
    const dialogue = await Dialogue.ready({ validate: false });
    const bad = await dialogue.subscribe(query);
    const good = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'theirs' }], 1));
    await dialogue.update(goalId(1), { title: 'mine' });
    expect(lastTitles(good)).toEqual(['mine']);
    expect(bad.errors.map((error) => (error as { code?: string }).code)).toEqual(['query-invalid']);
    await expect(dialogue.client.reactor.queries.once(query)).rejects.toMatchObject({ code: 'query-invalid' });
    expect(dialogue.client.errors).toEqual([]);
    dialogue.end();
  });

  it('causes no second error when the server rejects it as well', async () => {
    const dialogue = await Dialogue.ready({ validate: false });
    const bad = await dialogue.subscribe(where({ title: null }));
    const [message] = dialogue.sentMessages('add-query');
    await dialogue.receive({
      op: 'error',
      status: 400,
      type: 'validation-failed',
      message: 'no',
      'client-event-id': message?.['client-event-id'] ?? '',
    });
    expect(bad.errors).toHaveLength(1);
    dialogue.end();
  });

  it('does not keep other queries from the results of the same refresh', async () => {
    const dialogue = await Dialogue.ready({ validate: false });
    await dialogue.subscribe(where({ title: null }));
    const good = await dialogue.subscribe(goalsQuery);
    const result = addQueryOk([{ id: goalId(1), title: 'a' }], 3).result;
    await dialogue.receive({
      op: 'refresh-ok',
      'processed-tx-id': 3,
      computations: [
        { 'instaql-query': where({ title: null }), 'instaql-result': result },
        { 'instaql-query': goalsQuery, 'instaql-result': result },
      ],
    });
    expect(lastTitles(good)).toEqual(['a']);
    dialogue.end();
  });
});

describe('an invalid stored write', () => {
  const broken: readonly (readonly [string, unknown])[] = [
    ['an attr that is null', [['add-attr', null]]],
    ['an attr without a name', [['add-attr', { id: 'a7000000-0000-4000-8000-0000000000aa' }]]],
    ['a step that is not a list', ['add-triple']],
    ['a lookup without an attribute', [['add-triple', [null], null, { a: 1 }]]],
    ['an unknown step', [['dance', null]]],
    ['a deletion without an entity', [['delete-entity']]],
    ['an update of a null attr', [['update-attr', null]]],
  ];

  it.each(broken)('stops no other write and no query: %s', async (_name, steps) => {
    const store = memoryStore();
    const record = { eventId: 'e1', owner: '', order: 1, createdMs: 1, sends: 0, steps };
    await store.write([{ put: 'write//0000000000000001/e1', value: record }]);
    const dialogue = await Dialogue.ready({ store });
    const good = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 1));
    const write = await dialogue.update(goalId(1), { title: 'b' });
    expect(dialogue.sentIds()).toContain(write.eventId);
    expect(lastTitles(good)).toEqual(['b']);
    dialogue.end();
  });
});

describe('a room that fails', () => {
  it('stops neither writes nor queries of the session', async () => {
    const dialogue = new Dialogue();
    await dialogue.client.reactor.account.loaded;
    const { features } = dialogue.client.reactor.state;
    const fail = (): never => {
      throw new Error('the room failed');
    };
    features.install({
      onMessage: fail,
      onError: fail,
      onSessionOpen: fail,
      onDisconnect: fail,
      onDeadline: fail,
      nextDeadline: () => Infinity,
    });
    const good = await dialogue.subscribe();
    const write = dialogue.send({ __ops: [['update', 'goals', goalId(1), { title: 'mine' }]], __etype: 'goals' });
    await dialogue.open();
    await dialogue.receive(addQueryOk([], 1));
    expect([dialogue.sentIds(), lastTitles(good)]).toEqual([[write.eventId], ['mine']]);
    expect(dialogue.client.errors.map(({ message }) => message)).toContain('the room failed');
    dialogue.end();
  });
});
