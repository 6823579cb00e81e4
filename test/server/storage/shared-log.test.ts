// Several servers on one log: what one commits reaches the sessions of all; of two that write at once both get their turn; and
// memory is always what the log says, whether it was played, taken back, or read anew.

import { afterEach, expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { IdempotencyKeys } from '../../../src/server/data/idempotency.ts';
import { Replica } from '../../../src/server/data/replica.ts';
import type { AppLog, LogListener, LogEntry, Storage } from '../../../src/server/storage/storage.ts';
import { chance } from '../../support/runs.ts';
import { adminToken, appId, type Bench, bench, blob, link, newId, rest, type TestPeer } from '../bench.ts';

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const todosId = blob('todos', 'id');
const todos = link('goals', 'todos', 'todos', 'goals');
const attrSteps = [goalsId, title, todosId, todos].map((attr) => ['add-attr', attr]);
const all = { op: 'add-query', q: { goals: { todos: {} } }, 'return-type': 'tree' };
const worlds = new Map<Bench, Storage>();
const random = chance();
const keys = (): IdempotencyKeys => new IdempotencyKeys(1e12, 1e12, () => 0);

afterEach(async () => {
  await Promise.all([...worlds.keys()].map(({ hub }) => hub.close()));
  worlds.clear();
});

/** A storage as if it were far away: each call takes a while, and news of appends comes late, or not at all. */
function far(inner: Storage, newsFor: (txId: number, entries: readonly LogEntry[] | undefined, received: LogListener) => void): Storage {
  const away = async <T>(run: () => Promise<T>): Promise<T> => {
    for (let n = 0; n < 1 + random() * 3; n++) await new Promise((resolve) => setImmediate(resolve));
    return run();
  };
  return {
    ...inner,
    close: async () => {},
    async open(app) {
      const log: AppLog = await inner.open(app);
      return {
        load: () => away(() => log.load()),
        since: (txId) => away(() => log.since(txId)),
        append: (entries) => away(() => log.append(entries)),
        compact: (snapshot) => away(() => log.compact(snapshot)),
        subscribe: (received) => log.subscribe((txId, entries) => newsFor(txId, entries, received)),
      };
    },
  };
}

function servers(count: number, news: Parameters<typeof far>[1] = (txId, entries, received) => received(txId, entries)): Bench[] {
  const storage = memory();
  const made = Array.from({ length: count }, () => bench({ storage: far(storage, news) }));
  for (const world of made) worlds.set(world, storage);
  return made;
}

const settled = async (): Promise<void> => {
  for (let n = 0; n < 30; n++) await rest();
};

async function goals(world: Bench): Promise<unknown[]> {
  const peer = await open(world);
  peer.send(all);
  await settled();
  const [result] = peer.take('add-query-ok');
  return (result?.result as { goals: unknown[] }).goals;
}

async function open(world: Bench): Promise<TestPeer> {
  const peer = await world.open({ '__admin-token': adminToken });
  await settled();
  peer.heard.length = 0;
  return peer;
}

const memoryOf = async (world: Bench): Promise<unknown> => {
  const { ledger } = await world.hub.app(appId);
  return {
    txId: ledger.txId,
    triples: [...ledger.db.triples()].map((each) => JSON.stringify(each)).sort(),
    attrs: ledger.db.attrs.list.length,
  };
};

test('a commit on one server reaches the sessions of the other', async () => {
  const [one, other] = servers(2) as [Bench, Bench];
  const [writer, reader] = [await open(one), await open(other)];
  reader.send(all);
  await settled();
  reader.heard.length = 0;
  const goal = newId();
  writer.send({
    op: 'transact',
    'tx-steps': [...attrSteps, ['add-triple', goal, goalsId.id, goal], ['add-triple', goal, title.id, 'Fit']],
  });
  await settled();
  expect(reader.heard.at(-1)).toMatchObject({ op: 'refresh-ok', 'processed-tx-id': 1, attrs: expect.any(Array) });
  expect(await goals(other)).toEqual([{ id: goal, title: 'Fit', todos: [] }]);
  reader.send({ op: 'transact', 'tx-steps': [['add-triple', goal, title.id, 'Fitter']] });
  await settled();
  expect(await goals(one)).toEqual([{ id: goal, title: 'Fitter', todos: [] }]);
});

test('writes sent at once to all servers are each applied once, in one order', async () => {
  const three = servers(3);
  const peers = await Promise.all(three.map((world) => open(world)));
  const [first] = peers as [TestPeer];
  first.send({ op: 'transact', 'tx-steps': attrSteps });
  await settled();
  const made: string[] = [];
  for (let round = 0; round < 10; round++) {
    for (const peer of peers) {
      for (let n = 0; n < 3; n++) {
        const goal = newId();
        made.push(goal);
        peer.send({ op: 'transact', 'tx-steps': [['add-triple', goal, goalsId.id, goal], ['add-triple', goal, title.id, `${round}`]] }); // prettier-ignore
      }
    }
    await rest();
  }
  await settled();
  await settled();
  const results = peers.flatMap((peer) => peer.heard.filter(({ op }) => op === 'transact-ok' || op === 'error'));
  expect(results.filter(({ op }) => op === 'error')).toEqual([]);
  const txIds = results.map((result) => ('tx-id' in result ? Number(result['tx-id']) : 0)).sort((a, b) => a - b);
  expect(txIds).toEqual(Array.from({ length: 91 }, (_, at) => at + 1));
  for (const world of three) expect((await goals(world)).length).toBe(made.length);
  const [a, b, c] = await Promise.all(three.map(memoryOf));
  expect(b).toEqual(a);
  expect(c).toEqual(a);
});

test('the same write, sent to two servers at once, is applied once', async () => {
  const [one, other] = servers(2) as [Bench, Bench];
  const [a, b] = [await open(one), await open(other)];
  const goal = newId();
  const write = {
    op: 'transact',
    'client-event-id': 'e0000000-0000-4000-8000-000000000009',
    'tx-steps': [['add-attr', goalsId], ['add-triple', goal, goalsId.id, goal, { mode: 'create' }]], // prettier-ignore
  };
  a.send(write);
  b.send(write);
  await settled();
  expect([...a.take('transact-ok'), ...b.take('transact-ok')].map((ok) => ok['tx-id'])).toEqual([1, 1]);
});

test.each<[string, Parameters<typeof far>[1]]>([
  ['without the entries', (txId, _, received) => received(txId)],
  ['late', (txId, entries, received) => void setTimeout(() => received(txId, entries), random() * 5)],
  ['only sometimes', (txId, entries, received) => random() < 0.5 && received(txId, entries)],
])('with notifications that come %s, no transaction is lost', async (_, news) => {
  const [one, other] = servers(2, news) as [Bench, Bench];
  const [a, b] = [await open(one), await open(other)];
  a.send({ op: 'transact', 'tx-steps': attrSteps });
  await settled();
  for (let n = 0; n < 30; n++) {
    const goal = newId();
    (n % 2 === 0 ? a : b).send({ op: 'transact', 'tx-steps': [['add-triple', goal, goalsId.id, goal]] });
    await rest();
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  // Whoever writes finds out in any case.
  for (const peer of [a, b, a]) {
    peer.send({ op: 'transact', 'tx-steps': [] });
    await settled();
  }
  const { entries } = await logOf(one);
  expect(entries.map(({ txId }) => txId)).toEqual(Array.from({ length: 34 }, (_, at) => at + 1));
});

test.each<[string, unknown[][]]>([
  [
    'changed and deleted',
    [
      ['update-attr', { id: title.id, 'unique?': true }],
      ['delete-attr', title.id],
    ],
  ],
  [
    'created and deleted',
    [
      ['delete-attr', title.id],
      ['add-attr', todosId],
      ['delete-attr', todosId.id],
    ],
  ],
  [
    'deleted, restored and deleted',
    [
      ['delete-attr', title.id],
      ['restore-attr', title.id],
      ['delete-attr', title.id],
    ],
  ],
  [
    'deleted and restored',
    [
      ['delete-attr', title.id],
      ['restore-attr', title.id],
    ],
  ],
])('attrs %s in one transaction are the same on the other server, and on one that starts later', async (_, steps) => {
  // prettier-ignore
  const [one, other] = servers(2) as [Bench, Bench];
  const peer = await open(one);
  const goal = newId();
  peer.send({ op: 'transact', 'tx-steps': [['add-attr', goalsId], ['add-attr', title], ['add-triple', goal, goalsId.id, goal], ['add-triple', goal, title.id, 'Fit']] }); // prettier-ignore
  await open(other);
  peer.send({ op: 'transact', 'tx-steps': steps });
  await settled();
  expect(peer.take('error')).toEqual([]);
  const later = bench({ storage: far(worlds.get(one) as Storage, (txId, entries, received) => received(txId, entries)) });
  worlds.set(later, worlds.get(one) as Storage);
  await open(later);
  const known = await Promise.all(
    [one, other, later].map(async (world) => {
      const { ledger } = await world.hub.app(appId);
      return { deleted: [...ledger.deletedAttrs.values()], attrs: ledger.db.attrs.list.map(({ wire }) => wire).filter(({ id }) => [title.id, todosId.id].includes(id)) }; // prettier-ignore
    }),
  );
  expect(known[1]).toEqual(known[0]);
  expect(known[2]).toEqual(known[0]);
});

async function logOf(world: Bench): Promise<{ entries: readonly LogEntry[] }> {
  const log = await worlds.get(world)?.open(appId);
  return log ? log.load() : { entries: [] };
}

test('a replica that applies entry by entry equals one that loads the whole log', async () => {
  const [one] = servers(1) as [Bench];
  const peer = await open(one);
  peer.send({ op: 'transact', 'tx-steps': attrSteps });
  const ids = Array.from({ length: 6 }, newId);
  const pick = (): string => ids[Math.floor(random() * ids.length)] ?? '';
  const steps: readonly (() => unknown[])[] = [
    () => ['add-triple', pick(), goalsId.id, pick()],
    () => ['add-triple', pick(), title.id, random() < 0.2 ? null : { n: random() }],
    () => ['add-triple', pick(), todos.id, pick()],
    () => ['retract-triple', pick(), todos.id, pick()],
    () => ['delete-entity', pick(), 'goals'],
    () => ['add-triple', pick(), todosId.id, pick()],
    () => ['delete-entity', pick(), 'todos'],
  ];
  for (let n = 0; n < 300; n++) {
    await one.clock.advance(1);
    const step = (steps[Math.floor(random() * steps.length)] ?? (() => []))();
    if (step[2] === goalsId.id || step[2] === todosId.id) step[3] = step[1];
    peer.send({ op: 'transact', 'tx-steps': [step] });
    // While they are deleted, entities go that have values of them.
    if (n % 60 === 20) peer.send({ op: 'transact', 'tx-steps': [['delete-attr', title.id], ['delete-attr', todos.id]] }); // prettier-ignore
    if (n % 60 === 50) peer.send({ op: 'transact', 'tx-steps': [['restore-attr', title.id], ['restore-attr', todos.id]] }); // prettier-ignore
    if (n % 10 === 0) await rest();
  }
  await settled();
  const loaded = await logOf(one);
  expect(loaded.entries.length).toBeGreaterThan(100);
  const read = new Replica(keys());
  await read.load({ snapshot: undefined, entries: loaded.entries }, 0);
  const played = new Replica(keys());
  await played.load({ snapshot: undefined, entries: [] }, 0);
  for (const entry of loaded.entries) await played.applyEntries([entry]);
  expect(loaded.entries.filter(({ attrs }) => attrs).length).toBeGreaterThanOrEqual(11);
  const triplesOf = (replica: Replica): string[] => [...replica.store.triples()].map((triple) => JSON.stringify(triple)).sort();
  expect(triplesOf(played)).toEqual(triplesOf(read));
  const { ledger } = await one.hub.app(appId);
  expect(triplesOf(played)).toEqual([...ledger.db.triples()].map((triple) => JSON.stringify(triple)).sort());
});
