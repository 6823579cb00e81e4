// A cached result, at a server that has the same attributes under other ids: an app that moved, or one that was set up anew.

import { expect, test } from 'vitest';

import { memoryStore } from '../../../src/storage/memory.ts';
import { listener, testClient } from '../../support/client.ts';
import { settled } from '../../support/fake-clock.ts';
import records from '../../data/kept-records.json' with { type: 'json' };
import { type Goal, goalAttrs, goalsQuery, initOk } from '../../support/goals.ts';

const moved = goalAttrs.map((attr) => ({ ...attr, id: attr.id.replace('a7', 'b7') }));

test('it stays on screen, whole, until the server has answered', async () => {
  const store = memoryStore();
  const cached = (records as [string, unknown][]).filter(([key]) => !key.startsWith('write/') && !key.startsWith('refused/'));
  await store.write(cached.map(([put, value]) => ({ put, value })));
  const client = testClient({ store });
  const seen = listener();
  client.reactor.queries.subscribe(goalsQuery, seen);
  await settled();
  const before = structuredClone(seen.last?.data['goals'] as Goal[]);
  expect(before.map(({ title }) => title)).toContain('one!');
  await client.receive(initOk({ attrs: moved }));
  for (const { data } of seen.results) expect(data['goals']).toEqual(before);
  await client.reactor.close();
});
