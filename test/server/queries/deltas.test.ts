// Differences of answers: whoever takes them up comes to the answer as it would be given whole, after every commit, whether
// all take them or some; and they stay small where the change is.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { applySteps } from '../../../src/db/apply.ts';
import { Attrs } from '../../../src/db/attrs.ts';
import { Layer } from '../../../src/db/layer.ts';
import { patch } from '../../../src/db/patch.ts';
import { Store } from '../../../src/db/store.ts';
import { timesAfter } from '../../../src/db/times.ts';
import { type PageInfo, readResult, readDelta, type WireResult } from '../../../src/protocol/query-result.ts';
import type { RefreshOk } from '../../../src/protocol/server-message.ts';
import { supportedFeatures } from '../../../src/protocol/version.ts';
import { changeOf } from '../../../src/query/affected.ts';
import { type CompiledQuery, compile } from '../../../src/query/compile.ts';
import * as evidence from '../../../src/query/result-triples.ts';
import { evaluate } from '../../../src/query/live-result.ts';
import type { PreparedQuery } from '../../../src/server/queries/prepared-query.ts';
import type { Subscriber } from '../../../src/server/session/subscriber.ts';
import { KeptResults } from '../../../src/server/queries/kept-results.ts';
import { Subscription } from '../../../src/server/queries/subscription.ts';
import { dataArb, queryArb, worldArb } from '../../oracle/generate.ts';
import { stepsArb } from '../../oracle/generate-steps.ts';
import { check, patience } from '../../support/runs.ts';
import { bench, blob, link, newId, type TestPeer } from '../bench.ts';

vi.mock('../../../src/query/result-triples.ts', async (original) => {
  const real = await original<typeof evidence>();
  return { ...real, answerSteps: vi.fn(real.answerSteps) };
});

const subscriber = (acceptsDeltas: boolean): Subscriber => ({
  id: newId(),
  actor: { userId: undefined, isAdmin: true },
  features: supportedFeatures({ '@instantdb/core': '1.0.67' }),
  acceptsDeltas,
});

/** What one client holds of an answer. */
class Copy {
  readonly store: Store;
  pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  aggregate: Readonly<Record<string, unknown>> | undefined;

  constructor(attrs: Attrs) {
    this.store = new Store(attrs);
  }

  take(message: Pick<RefreshOk, 'computations' | 'deltas'>): void {
    for (const { 'instaql-result': result } of message.computations) {
      const { triples, pageInfo, aggregate } = readResult(result);
      this.store.replace(triples);
      this.pageInfo = pageInfo;
      this.aggregate = aggregate;
    }
    for (const delta of message.deltas ?? []) {
      const read = readDelta(delta);
      if (!read) throw new Error(`not readable: ${JSON.stringify(delta)}`);
      patch(this.store, read);
      this.pageInfo = read.pageInfo ?? this.pageInfo;
      this.aggregate = read.aggregate ?? this.aggregate;
    }
  }

  view(compiled: CompiledQuery): string {
    return JSON.stringify(evaluate(compiled, this.store, { pageInfo: this.pageInfo, aggregate: this.aggregate }));
  }
}

it(
  'a copy that applies all deltas equals the result',
  () => {
    let deltas = 0;
    const caseArb = worldArb.chain((world) =>
      fc.record({
        world: fc.constant(world),
        query: queryArb(world),
        data: dataArb(world),
        commits: fc.array(
          stepsArb(world).map((steps) => steps.filter(([op]) => !op.endsWith('-attr'))),
          { minLength: 1, maxLength: 6 },
        ),
        others: fc.array(fc.boolean(), { maxLength: 6 }),
        /** Nothing may be kept: all that is needed is made again. */
        isForgetful: fc.boolean(),
        hidden: fc.option(fc.constantFrom('fee', 'name'), { nil: undefined }),
      }),
    );
    check(
      fc.property(caseArb, ({ world, query, data, commits, others, hidden, isForgetful }) => {
        const store = new Store(Attrs.from(world.attrs), { times: true });
        store.load(data);
        const prepared: PreparedQuery = {
          compiled: compile(query, store.attrs),
          returnType: 'join-rows',
          visibleIn: hidden
            ? () =>
                (_etype, { id: e }, label) =>
                  label === undefined ? e !== 'e1' : label !== hidden
            : undefined,
        };
        const bounds = { maxLength: 1e9, keptResults: new KeptResults(isForgetful ? 0 : 1e9) };
        const subscription = new Subscription('it', query, prepared, undefined, 0, bounds);
        subscription.attach(subscriber(true));
        const copy = new Copy(store.attrs);
        copy.take({ computations: [{ 'instaql-query': query, 'instaql-result': subscription.lastResult(store).result as WireResult }] });
        const wholesale = subscriber(false);
        for (const [at, steps] of commits.entries()) {
          // Somebody who takes no differences comes and goes.
          if (others[at]) {
            subscription.lastResult(store);
            subscription.attach(wholesale);
          } else subscription.detach(wholesale);
          const layer = new Layer(store);
          applySteps(layer, steps, { now: () => 9000 + at, times: timesAfter });
          const changeSet = store.commit(layer);
          const received = subscription.update(changeOf(changeSet, store), store, at + 1);
          const news = received?.delta;
          if (news && 'delta' in news) deltas++;
          if (news) copy.take({ computations: [], ...('delta' in news ? { deltas: [news.delta] } : { computations: [news.whole] }) });
          const expected = new Copy(store.attrs);
          const { triples, pageInfo, aggregate } = evidence.answerQuery(prepared.compiled, store, { visible: prepared.visibleIn?.(store) });
          expected.store.load(triples);
          Object.assign(expected, { pageInfo, aggregate });
          const [seen, wanted] = [copy.view(prepared.compiled), expected.view(prepared.compiled)];
          if (!isDeepStrictEqual(JSON.parse(seen), JSON.parse(wanted)))
            throw new Error(`after commit ${at}\nseen:   ${seen}\nwanted: ${wanted}`);
        }
      }),
      2_000,
    );
    expect(deltas).toBeGreaterThan(500);
  },
  patience,
);

describe('deltas in messages', () => {
  const goalsId = blob('goals', 'id');
  const title = blob('goals', 'title', { 'index?': true, 'checked-data-type': 'string' });
  const todosId = blob('todos', 'id');
  const todos = link('goals', 'todos', 'todos', 'goal');
  const [first, second, todo] = [newId(), newId(), newId()];
  const acceptsDeltas = { triplane: { deltas: true } };

  async function world(...asks: object[]): Promise<{ writer: TestPeer; peers: TestPeer[]; write: (...steps: unknown[]) => Promise<void> }> {
    const { open } = bench();
    const writer = await open();
    await writer.request({ op: 'transact', 'tx-steps': [goalsId, title, todosId, todos].map((attr) => ['add-attr', attr]) });
    const peers: TestPeer[] = [];
    for (const subscribe of asks) peers.push(await open(subscribe));
    const write = async (...steps: unknown[]): Promise<void> => {
      for (const peer of peers) peer.heard.length = 0;
      await writer.request({ op: 'transact', 'tx-steps': steps });
    };
    await write(['add-triple', first, goalsId.id, first], ['add-triple', first, title.id, 'Get fit']);
    return { writer, peers, write };
  }

  const ask = (peer: TestPeer, q: object) => peer.response('add-query-ok', { op: 'add-query', q });

  test('are announced, and sent only to sessions that request them', async () => {
    const { peers, write } = await world(acceptsDeltas, {}, { triplane: { deltas: false } });
    const hello = await bench().connect().request({ op: 'init', 'app-id': 'a9900000-0000-4000-8000-000000000001' });
    expect(hello).toMatchObject([{ triplane: { deltas: true } }]);
    for (const peer of peers) await ask(peer, { goals: {} });
    await write(['add-triple', first, goalsId.id, first], ['add-triple', first, title.id, 'Get fitter']);
    const [ours, official, declining] = peers.map((peer) => peer.take('refresh-ok'));
    const delta = {
      'instaql-query': { goals: {} },
      'base-tx-id': 2,
      removed: [],
      added: [[first, title.id, 'Get fitter', expect.any(Number)]],
    };
    expect(ours).toMatchObject([{ 'processed-tx-id': 3, computations: [], deltas: [delta] }]);
    for (const others of [official, declining]) {
      expect(others).toMatchObject([{ computations: [{ 'instaql-query': { goals: {} } }] }]);
      expect(others?.[0]).not.toHaveProperty('deltas');
    }
  });

  test('contain only changes, and need no evaluation while all subscribers accept deltas', async () => {
    const { peers, write } = await world(acceptsDeltas, acceptsDeltas);
    for (const peer of peers) await ask(peer, { goals: { todos: {} } });
    vi.mocked(evidence.answerSteps).mockClear();
    await write(['add-triple', todo, todosId.id, todo], ['add-triple', first, todos.id, todo]);
    await write(['retract-triple', first, todos.id, todo]);
    expect(evidence.answerSteps).not.toHaveBeenCalled();
    expect(peers[0]?.take('refresh-ok')).toMatchObject([
      {
        deltas: [
          {
            'base-tx-id': 3,
            removed: expect.arrayContaining([
              [first, todos.id, todo],
              [todo, todosId.id],
            ]),
            added: [],
          },
        ],
      },
    ]);
    const late = await ask(peers[1] as TestPeer, { goals: { $: { where: { title: 'Get fit' } }, todos: {} } });
    expect(readResult(late.result).triples).toHaveLength(2);
  });

  test('contain the page info if it changed', async () => {
    const { peers, write } = await world(acceptsDeltas);
    const [peer] = peers as [TestPeer];
    await ask(peer, { goals: { $: { order: { title: 'asc' }, limit: 1 } } });
    await write(['add-triple', second, goalsId.id, second], ['add-triple', second, title.id, 'Zzz']);
    const [more] = peer.take('refresh-ok');
    expect(more?.deltas).toMatchObject([{ removed: [], added: [], 'page-info': { goals: { 'has-next-page?': true } } }]);
    await write(['add-triple', first, title.id, 'Get fitter']);
    expect(peer.take('refresh-ok')[0]?.deltas).toMatchObject([{ added: [[first, title.id, 'Get fitter', expect.any(Number)]] }]);
  });

  test('are replaced by whole results when attrs change', async () => {
    const { peers, write } = await world(acceptsDeltas);
    const [peer] = peers as [TestPeer];
    await ask(peer, { goals: {} });
    const done = blob('goals', 'done');
    await write(['add-attr', done], ['add-triple', first, done.id, true]);
    expect(peer.take('refresh-ok')).toMatchObject([{ attrs: expect.any(Array), computations: [{ 'instaql-query': { goals: {} } }] }]);
  });

  test('are not sent for trees', async () => {
    const { peers, write } = await world(acceptsDeltas);
    const [peer] = peers as [TestPeer];
    await peer.request({ op: 'add-query', q: { goals: {} }, 'return-type': 'tree' });
    await write(['add-triple', first, title.id, 'Get fitter']);
    expect(peer.take('refresh-ok')).toMatchObject([{ computations: [{ 'instaql-result': { goals: [{ title: 'Get fitter' }] } }] }]);
  });
});
