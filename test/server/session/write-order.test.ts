// A client sends writes without waiting. Those behind one that is turned away for a moment wait for it to come again.

import { describe, expect, test } from 'vitest';

import { appId, bench, blob, newId, type Bench, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');

type Answer = string | null | undefined;

/** A write that makes a row, and one that changes it strictly. */
function writes(orders: readonly [number, number]): readonly [object, object] {
  const goal = newId();
  const make = [
    ['add-attr', goalsId],
    ['add-attr', title],
    ['add-triple', goal, goalsId.id, goal],
  ];
  const change = [
    ['add-triple', goal, goalsId.id, goal, { mode: 'update' }],
    ['add-triple', goal, title.id, 'later', { mode: 'update' }],
  ];
  const [first, second] = [make, change].map((steps, at) => ({
    op: 'transact',
    'client-event-id': newId(),
    'tx-steps': steps,
    order: orders[at],
  }));
  return [first ?? {}, second ?? {}];
}

async function answer(peer: TestPeer, message: object): Promise<Answer> {
  const sent = await peer.request(message);
  const reply = sent.find(({ op }) => op === 'error' || op === 'transact-ok');
  return reply?.op === 'error' ? reply.type : reply?.op;
}

const open = (world: Bench): Promise<TestPeer> => world.open({ triplane: { deltas: true } });

describe('a write behind one that was turned away', () => {
  test('is turned away until that one comes again, and then applied', async () => {
    const world = bench();
    const [peer, app] = [await open(world), await world.hub.app(appId)];
    const [make, change] = writes([1, 2]);
    await app.setStatus('disabled');
    expect(await answer(peer, make)).toBe('app-disabled');
    await app.setStatus('active');
    expect([await answer(peer, change), await answer(peer, make), await answer(peer, change)]).toEqual([
      'rate-limited',
      'transact-ok',
      'transact-ok',
    ]);
  });

  test('waits for the earliest of several, for 10 seconds at most', async () => {
    const world = bench();
    const [peer, app] = [await open(world), await world.hub.app(appId)];
    await app.setStatus('read-only');
    for (const order of [5, 4, 6]) await answer(peer, writes([order, 0])[0]);
    await app.setStatus('active');
    expect(await answer(peer, writes([5, 0])[0])).toBe('rate-limited');
    world.clock.elapse(9_999);
    expect(await answer(peer, writes([5, 0])[0])).toBe('rate-limited');
    world.clock.elapse(1);
    expect(await answer(peer, writes([5, 0])[0])).toBe('transact-ok');
  });

  test.each([
    ['is earlier', { triplane: {} }, 0],
    ['has no number', { triplane: {} }, undefined],
    ['is of a client that sends no write again', {}, 2],
  ])('does not wait if it %s', async (_title, init, order) => {
    const world = bench();
    const [peer, app] = [await world.open(init), await world.hub.app(appId)];
    await app.setStatus('disabled');
    await answer(peer, writes([1, 0])[0]);
    await app.setStatus('active');
    expect(await answer(peer, { ...writes([1, 0])[0], order })).toBe('transact-ok');
  });

  test('does not wait for one that was refused for good', async () => {
    const world = bench();
    const peer = await open(world);
    const [, change] = writes([0, 1]);
    expect(await answer(peer, change)).not.toBe('transact-ok');
    expect(await answer(peer, writes([2, 0])[0])).toBe('transact-ok');
  });

  test('that is rate-limited too is no exception', async () => {
    const world = bench({ limits: { messagesPerSecond: 1 } });
    const peer = await open(world);
    while ((await answer(peer, { op: 'transact', 'client-event-id': newId(), 'tx-steps': [['add-attr', goalsId]] })) === 'transact-ok');
    const [make, change] = writes([1, 2]);
    expect(await answer(peer, make)).toBe('rate-limited');
    world.clock.elapse(2_000);
    expect(await answer(peer, change)).toBe('rate-limited');
    world.clock.elapse(2_000);
    expect([await answer(peer, make), await answer(peer, change)]).toEqual(['transact-ok', 'transact-ok']);
  });
});
