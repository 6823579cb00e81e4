// What sessions with live queries hear when rules are pushed: only the results that are others now.

import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { submit } from '../../../src/server/data/submit.ts';
import { adminActor } from '../../../src/server/data/system-rules.ts';
import { rest, type TestPeer } from '../bench.ts';
import { ann, kit, newId, type Kit } from './kit.ts';

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

// So many rows that a query over them, with a rule, is evaluated in slices.
const many = 8000;
let asked = 0;
const large = { notes: { $: { where: { text: { $ne: 'hidden' } } } } };

test(
  'so it is for a query that takes too long to be evaluated at once, also for sessions that had different results',
  { timeout: 60_000 },
  async () => {
    const k = await kit({ notes: { allow: { view: `auth.id == '${ann}' || data.text != 'private'` } } });
    const [id, text] = [await k.attr('notes', 'id'), await k.attr('notes', 'text')];
    const notes = Array.from({ length: many }, newId);
    const write = (steps: unknown[][]): Promise<number> => submit(k.app.ledger, { steps, event: undefined, actor: adminActor });
    await write(notes.map((note) => ['add-triple', note, id, note]));
    await write(notes.map((note, at) => ['add-triple', note, text, ['public', 'private'][at] ?? 'hidden']));
    const shown = async (peer: TestPeer): Promise<number> => {
      peer.send({ op: 'add-query', q: large });
      await expect.poll(() => peer.heard.some(({ op }) => op === 'add-query-ok'), { timeout: 20_000 }).toBe(true);
      const [answer] = peer.take('add-query-ok');
      return new Set(JSON.stringify(answer?.result).match(/(?<=\[")e0000000[-\d]+/g)).size;
    };
    expect(await shown(k.ann)).toBe(2);
    expect(await shown(k.bob)).toBe(1);
    const heard = async (rules: unknown): Promise<number[]> => {
      await k.rules(rules);
      // Answered in its turn, after what was late before it.
      for (const peer of [k.ann, k.bob]) {
        peer.send({ op: 'add-query', q: { notes: { $: { where: { text: { $ne: `hidden ${++asked}` } } } } } });
        await expect.poll(() => peer.heard.some(({ op }) => op === 'add-query-ok'), { timeout: 20_000 }).toBe(true);
      }
      const isLarge = ({ 'instaql-query': q }: { 'instaql-query': unknown }): boolean => isDeepStrictEqual(q, large);
      return [k.ann, k.bob].map(
        (peer) => peer.take('refresh-ok').flatMap(({ computations }) => (computations ?? []).filter(isLarge)).length,
      );
    };
    expect(await heard({ notes: { allow: { view: `auth.id == '${ann}' || data.text != 'private' || false` } } })).toEqual([0, 0]);
    // For one of them it changes, and from now on they share it.
    expect(await heard({ notes: { allow: { view: 'data.id != null' } } })).toEqual([1, 1]);
    expect(await heard({ notes: { allow: { view: "data.id != ''" } } })).toEqual([0, 0]);
  },
);
