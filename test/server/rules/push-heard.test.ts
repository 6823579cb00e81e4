// What sessions with live queries hear when rules are pushed: only the results that are others now.

import { expect, test } from 'vitest';
import { rest } from '../bench.ts';
import { kit, newId, type Kit } from './kit.ts';

const q = { notes: {} };

async function listening(init: object = {}): Promise<{ k: Kit; heard: (rules: unknown) => Promise<unknown[]> }> {
  const k = await kit({ notes: { allow: { view: 'true' } } });
  const note = newId();
  await k.write(k.admin, ['add-triple', note, await k.attr('notes', 'id'), note]);
  const peer = await k.bench.open(init);
  await peer.response('add-query-ok', { op: 'add-query', q });
  await k.write(k.admin, ['add-triple', note, await k.attr('notes', 'text'), 'x']);
  return {
    k,
    async heard(rules) {
      peer.heard.length = 0;
      await k.rules(rules);
      await rest();
      return peer.take('refresh-ok').flatMap(({ computations, deltas }) => [...(computations ?? []), ...(deltas ?? [])]);
    },
  };
}

test.each([
  ['with whole results', {}],
  ['with deltas', { triplane: { deltas: true } }],
])('a session %s receives one refresh for new rules that change its result, and none for others', async (_of, init) => {
  const { heard } = await listening(init);
  expect(await heard({ notes: { allow: { view: 'data.id != null' } } })).toEqual([]);
  expect(await heard(null)).toEqual([]);
  expect(await heard({ notes: { allow: { view: 'false' } } })).toHaveLength(1);
  expect(await heard({ notes: { allow: { view: 'auth.id == "nobody"' } } })).toEqual([]);
  expect(await heard(null)).toHaveLength(1);
});

test('after new rules that leave the result as it was, the next delta has that result as its base', async () => {
  const { k } = await listening();
  const peer = await k.bench.open({ triplane: { deltas: true } });
  const { 'processed-tx-id': known } = await peer.response('add-query-ok', { op: 'add-query', q });
  await k.rules({ notes: { allow: { create: 'true' } } });
  const note = newId();
  await k.write(k.admin, ['add-triple', note, await k.attr('notes', 'id'), note]);
  const base = peer.take('refresh-ok').flatMap(({ deltas }) => (deltas ?? []).map((delta) => delta['base-tx-id']));
  expect(base).toEqual([known]);
});
