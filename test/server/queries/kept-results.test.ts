// What live queries keep of their results is bounded for the whole server, and what is not kept costs work and nothing else.

import { expect, test } from 'vitest';
import { KeptResults, type KeptResult } from '../../../src/server/queries/kept-results.ts';
import { bench, blob, newId } from '../bench.ts';

function kept(sessions: number): KeptResult & { isForgotten: boolean } {
  const one = { subscribers: { size: sessions }, isForgotten: false, forget: () => void (one.isForgotten = true) };
  return one;
}

test('above the limit, the result with the most bytes per session is dropped', () => {
  const results = new KeptResults(1000);
  const [shared, large, small] = [kept(10), kept(1), kept(1)];
  results.resize(shared, 600);
  results.resize(large, 300);
  results.resize(small, 200);
  expect([shared, large, small].map(({ isForgotten }) => isForgotten)).toEqual([false, true, false]);
  expect(results.total).toBe(800);
  results.resize(shared, 0);
  expect(results.total).toBe(200);
});

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const entities = 50;

test('sessions with many large live queries receive every change although few results are kept', async () => {
  const world = bench({ limits: { keptResultBytes: 30_000 } });
  const writer = await world.open();
  const goals = Array.from({ length: entities }, () => newId());
  await writer.request({
    op: 'transact',
    'tx-steps': [
      ...[goalsId, title].map((attr) => ['add-attr', attr]),
      ...goals.flatMap((goal, n) => [
        ['add-triple', goal, goalsId.id, goal],
        ['add-triple', goal, title.id, `goal ${n}`],
      ]),
    ],
  });
  // Several sessions with the same, and with others of their own; half of them take differences.
  const peers = await Promise.all([0, 1, 2, 3].map((n) => world.open(n % 2 === 0 ? { triplane: { deltas: true } } : {})));
  const q = (n: number): object => ({ goals: { $: { where: { title: { $not: `no goal ${n}` } } } } });
  for (const [at, peer] of peers.entries())
    for (let n = 0; n < 8; n++)
      expect((await peer.request({ op: 'add-query', q: q(n < 4 ? n : n + 10 * at) }))[0]?.op).toBe('add-query-ok');
  for (const peer of peers) peer.heard.length = 0;
  await writer.request({ op: 'transact', 'tx-steps': [['add-triple', goals[0], title.id, 'changed']] });
  for (const peer of peers) {
    const [refresh, ...others] = peer.heard.filter((message) => message.op === 'refresh-ok');
    expect(others).toEqual([]);
    expect([...(refresh?.computations ?? []), ...(refresh?.deltas ?? [])]).toHaveLength(8);
    expect(JSON.stringify(refresh)).toContain('changed');
  }
  // A session that comes now is told what the others know.
  const late = await world.open();
  for (let n = 0; n < 4; n++) expect(JSON.stringify(await late.request({ op: 'add-query', q: q(n) }))).toContain('changed');
});
