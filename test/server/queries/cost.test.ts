// What one client may ask of a server that others use, too. Work is counted, never measured.

import { describe, expect, test } from 'vitest';
import { Attrs } from '../../../src/db/attrs.ts';
import { Store } from '../../../src/db/store.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { Triple } from '../../../src/protocol/triple.ts';
import { compile } from '../../../src/query/compile.ts';
import { evaluate } from '../../../src/query/live-result.ts';
import { within } from '../../../src/query/pass.ts';
import { completed } from '../../../src/lib/yielding.ts';
import { answerQuery } from '../../../src/query/result-triples.ts';
import { treeTextSteps } from '../../../src/query/tree-text.ts';
import { adminToken, bench, type Bench, blob, link, newId, rest, type TestPeer } from '../bench.ts';

/** Two namespaces, each entity of the one linked with each of the other. */
function denseStore(size: number): { store: Store; entities: number; links: number } {
  const identity = (etype: string, label: string) => [`${etype} ${label}`, etype, label] as const;
  const attr = (etype: string, label: string, more: object = {}): WireAttr =>
    ({
      ...{ id: `${etype}.${label}`, 'value-type': 'blob', cardinality: 'one', 'forward-identity': identity(etype, label) },
      ...{ 'unique?': false, 'index?': false, ...more },
    }) as unknown as WireAttr;
  const many = { 'value-type': 'ref', cardinality: 'many', 'reverse-identity': identity('bs', 'as') };
  const attrs = Attrs.from([attr('as', 'id'), attr('as', 'name'), attr('bs', 'id'), attr('bs', 'name'), attr('as', 'bs', many)]);
  const store = new Store(attrs, { times: true });
  const triples: Triple[] = [];
  for (let n = 0; n < size; n++) {
    for (const etype of ['as', 'bs'])
      triples.push([`${etype}${n}`, `${etype}.id`, `${etype}${n}`, n], [`${etype}${n}`, `${etype}.name`, `${n}`, n]);
    for (let m = 0; m < size; m++) triples.push([`as${n}`, 'as.bs', `bs${m}`, n]);
  }
  store.load(triples);
  return { store, entities: 2 * size, links: size * size };
}

function workOf(run: () => unknown): number {
  let work = 0;
  within({ known: new Map(), spend: (more) => (work += more) }, run);
  return work;
}

const path = (steps: number): string => [...Array.from({ length: steps }, (_, at) => (at % 2 === 0 ? 'bs' : 'as')), 'name'].join('.');
const nested = (levels: number, at = 0): object => (at === levels ? {} : { [at % 2 === 0 ? 'bs' : 'as']: nested(levels, at + 1) });

describe('an evaluation visits each entity once for each step that leads to it', () => {
  const { store, entities, links } = denseStore(20);

  test.each([
    ['that matches no entity', 'none'],
    ['that matches all entities', '7'],
  ])('a path over many-to-many links %s', (_title, name) => {
    const compiled = (steps: number) => compile({ as: { $: { where: { [path(steps)]: name } } } }, store.attrs);
    const [four, eight] = [4, 8].map((steps) => workOf(() => answerQuery(compiled(steps), store)));
    expect(four).toBeLessThan(4 * 8 * (links + entities));
    expect(eight).toBeLessThan(2.2 * (four ?? 0));
    expect(workOf(() => evaluate(compiled(8), store))).toBeLessThan(8 * 8 * (links + entities));
  });

  test('nested namespaces, as triples and as a tree', () => {
    const compiled = (levels: number) => compile({ as: nested(levels) }, store.attrs, { tree: { omitsUnlinked: false } });
    const checkLength = (length: number): void => {
      if (length > 1e9) throw new Error('too long');
    };
    for (const answer of [
      (levels: number) => answerQuery(compiled(levels), store),
      (levels: number) => completed(treeTextSteps(compiled(levels), store, { checkLength })),
    ]) {
      const [two, four] = [2, 4].map((levels) => workOf(() => answer(levels)));
      expect(two).toBeLessThan(2 * 8 * (links + entities));
      expect(four).toBeLessThan(2.5 * (two ?? 0));
    }
  });

  test('each triple of an answer counts when it is collected, and when it is listed', () => {
    const labels = Array.from({ length: 40 }, (_, n) => `field${n}`);
    const attrs = Attrs.from(['id', ...labels].map((label) => blob('wide', label) as unknown as WireAttr));
    const wide = new Store(attrs, { times: true });
    const ids = Array.from({ length: 50 }, () => newId());
    wide.load(ids.flatMap((id) => attrs.list.map(({ id: attr, label }): Triple => [id, attr, label === 'id' ? id : 'x', 1])));
    const triples = ids.length * attrs.list.length;
    expect(workOf(() => answerQuery(compile({ wide: {} }, attrs), wide))).toBeGreaterThan(2 * triples);
  });

  test('the tree made on the server equals the one that the client makes', () => {
    const query = { as: { $: { where: { 'bs.name': '3' }, limit: 3 }, bs: { $: { where: { name: '4' } }, as: {} } } };
    const compiled = compile(query, store.attrs, { tree: { omitsUnlinked: true } });
    const { parts, pageInfo } = completed(treeTextSteps(compiled, store, { checkLength: () => {} }));
    expect(JSON.parse(parts.join(''))).toEqual(evaluate(compiled, store, { pageInfo }).data);
  });
});

const goalsId = blob('goals', 'id');
const title = blob('goals', 'title');
const tagsId = blob('tags', 'id');
const tagName = blob('tags', 'name');
const goalTags = link('goals', 'tags', 'tags', 'goals');

async function worldWith(size: number, limits: object = {}): Promise<{ world: Bench; peer: TestPeer; writer: TestPeer }> {
  const world = bench({ limits: { userSteps: 100_000, ...limits } });
  const writer = await world.open();
  const goals = Array.from({ length: size }, () => newId());
  const tags = Array.from({ length: size }, () => newId());
  const steps = [
    ...[goalsId, title, tagsId, tagName, goalTags].map((attr) => ['add-attr', attr]),
    ...goals.flatMap((goal, n) => [
      ['add-triple', goal, goalsId.id, goal],
      ['add-triple', goal, title.id, `goal ${n}`],
    ]),
    ...tags.flatMap((tag, n) => [
      ['add-triple', tag, tagsId.id, tag],
      ['add-triple', tag, tagName.id, `tag ${n}`],
    ]),
    ...goals.flatMap((goal) => tags.map((tag) => ['add-triple', goal, goalTags.id, tag])),
  ];
  writer.send({ op: 'transact', 'tx-steps': steps });
  while (!writer.heard.some(({ op }) => op === 'transact-ok')) await rest();
  return { world, peer: await world.open(), writer };
}

const tagPath = (steps: number): string => [...Array.from({ length: steps }, (_, at) => (at % 2 === 0 ? 'tags' : 'goals')), 'id'].join('.');
const overLimit = (limit: string) => ({ op: 'error', status: 400, type: 'validation-failed', hint: { 'data-type': 'limit', limit } });

describe('a query above a limit is rejected with the name of the limit', () => {
  const many = (count: number, make: (n: number) => object): object[] => Array.from({ length: count }, (_, n) => make(n));
  test.each([
    ['pathLength', { goals: { $: { where: { [tagPath(20_000)]: 'x' } } } }],
    ['pathLength', { goals: { $: { where: { [tagPath(400_000)]: 'x' } } } }],
    ['pathLength', { goals: { $: { where: { or: [{ title: 'a' }, { [tagPath(60)]: 'x' }] } } } }],
    ['conditions', { goals: { $: { where: { or: many(100_000, (n) => ({ title: `${n}` })) } } } }],
    ['conditions', { goals: { $: { where: Object.fromEntries(many(6000, (n) => ({ n })).map((_, n) => [`title${n}`, 'x'])) } } }],
    ['choices', { goals: { $: { where: { title: { $in: many(300_000, (n) => ({ n })).map((_, n) => `${n}`) } } } } }],
    ['choices', { goals: { $: { where: { or: many(4, () => ({ title: { $in: Array.from({ length: 9000 }, (_, n) => `${n}`) } })) } } } }],
    ['queryDepth', { goals: Array.from({ length: 60 }).reduce((inner: object, _, n) => ({ [n % 2 ? 'tags' : 'goals']: inner }), {}) }],
  ])('%s', async (limit, q) => {
    const { peer } = await worldWith(1);
    const [answer] = await peer.request({ op: 'add-query', q });
    expect(answer).toMatchObject(overLimit(limit));
    // The next one is answered.
    await peer.response('add-query-ok', { op: 'add-query', q: { goals: {} } });
  });
});

/** Until nothing more is heard. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await rest();
}

describe('a query that costs too much', () => {
  test('is rejected for the length of the text that its patterns are matched with', async () => {
    const { peer, writer } = await worldWith(1, { queryWork: 100_000 });
    const goal = newId();
    const text = blob('goals', 'text', { 'index?': true, 'checked-data-type': 'string' });
    await writer.request({
      op: 'transact',
      'tx-steps': [
        ['add-attr', text],
        ['add-triple', goal, goalsId.id, goal],
        ['add-triple', goal, text.id, 'a'.repeat(200_000)],
      ],
    });
    const like = (pattern: string) => ({ op: 'add-query', q: { goals: { $: { where: { text: { $like: pattern } } } } } });
    expect((await peer.request(like(`%${'a_'.repeat(1000)}b%`)))[0]).toMatchObject(overLimit('queryWork'));
    await peer.response('add-query-ok', like(`%${'a'.repeat(50_000)}b%`));
  });

  test('is rejected also without rules, and other queries are answered', async () => {
    const { peer } = await worldWith(30, { queryWork: 1500 });
    peer.send({ op: 'add-query', q: { goals: { tags: { goals: {} } } } });
    await settled();
    expect(peer.take('error')).toMatchObject([overLimit('queryWork')]);
    await peer.response('add-query-ok', { op: 'add-query', q: { goals: { $: { limit: 1 } } } });
  });

  test('is rejected for admins too, and as a sync table', async () => {
    const { world } = await worldWith(30, { queryWork: 100 });
    const admin = await world.open({ '__admin-token': adminToken });
    admin.send({ op: 'add-query', q: { goals: { tags: {} } }, 'return-type': 'tree' });
    admin.send({ op: 'start-sync', q: { goals: {} } });
    await settled();
    expect(admin.take('error')).toMatchObject([overLimit('queryWork'), overLimit('queryWork')]);
  });

  test('is rejected if its tree is too long', async () => {
    const { world } = await worldWith(40, { resultLength: 1_000_000 });
    const admin = await world.open({ '__admin-token': adminToken });
    admin.send({ op: 'add-query', q: { goals: { tags: { goals: { tags: {} } } } }, 'return-type': 'tree' });
    await settled();
    expect(admin.take('error')).toMatchObject([overLimit('resultLength')]);
  });

  test('as a live query ends with the same error at the change that makes it too expensive', async () => {
    const { peer, writer } = await worldWith(10, { queryWork: 1000 });
    peer.send({ op: 'add-query', q: { goals: { $: { order: { serverCreatedAt: 'asc' } }, tags: { goals: {} } } } });
    await settled();
    expect(peer.take('add-query-ok')).toHaveLength(1);
    const tags = Array.from({ length: 400 }, () => newId());
    const goal = newId();
    await writer.request({
      op: 'transact',
      'tx-steps': [
        ['add-triple', goal, goalsId.id, goal],
        ...tags.flatMap((tag) => [
          ['add-triple', tag, tagsId.id, tag],
          ['add-triple', goal, goalTags.id, tag],
        ]),
      ],
    });
    await settled();
    expect(peer.heard.filter(({ op }) => op === 'error')).toMatchObject([overLimit('queryWork')]);
  });
});

describe('a query that takes long', { timeout: 60_000 }, () => {
  /** Several slices. */
  const long = { goals: { $: { where: { [tagPath(12)]: newId() } }, tags: { goals: { tags: {} } } } };

  test('is answered after a short query that was sent later', async () => {
    const { world, peer } = await worldWith(120);
    const other = await world.open();
    const order: string[] = [];
    const heard = (who: TestPeer, name: string): void => {
      const push = who.heard.push.bind(who.heard);
      who.heard.push = (...messages) => {
        for (const { op } of messages) if (op === 'add-query-ok') order.push(name);
        return push(...messages);
      };
    };
    heard(peer, 'long');
    heard(other, 'short');
    peer.send({ op: 'add-query', q: long });
    other.send({ op: 'add-query', q: { goals: { $: { limit: 1 } } } });
    await settled();
    await settled();
    expect(order).toEqual(['short', 'long']);
  });

  test('reads one snapshot, and a refresh brings the writes made meanwhile', async () => {
    const { peer, writer } = await worldWith(120);
    peer.send({ op: 'add-query', q: { tags: { $: { where: { name: { $not: 'x' } } }, goals: { tags: { goals: {} } } } } });
    peer.heard.length = 0;
    const tag = newId();
    const write = writer.request({
      op: 'transact',
      'tx-steps': [
        ['add-triple', tag, tagsId.id, tag],
        ['add-triple', tag, tagName.id, 'new'],
      ],
    });
    await write;
    await settled();
    await settled();
    const ops = peer.heard.map(({ op }) => op);
    expect(ops).toEqual(['add-query-ok', 'refresh-ok']);
    const [answer, refresh] = peer.heard as { 'processed-tx-id': number }[];
    expect(JSON.stringify(answer)).not.toContain(tag);
    expect(JSON.stringify(refresh)).toContain(tag);
    expect(refresh?.['processed-tx-id']).toBe((answer?.['processed-tx-id'] ?? 0) + 1);
  });

  test('is not answered after it was removed or its session ended', async () => {
    const { world, peer } = await worldWith(120);
    peer.send({ op: 'add-query', q: long });
    peer.send({ op: 'remove-query', q: long });
    const gone = await world.open();
    gone.send({ op: 'add-query', q: long });
    gone.session.end();
    await settled();
    await settled();
    expect(peer.heard.map(({ op }) => op)).toEqual(['remove-query-ok']);
    expect(gone.heard).toEqual([]);
  });

  test('as a live query delays the refreshes of its own session, not those of others', async () => {
    const { world, peer, writer } = await worldWith(150);
    const slow = { tags: { goals: { tags: {} } } };
    peer.send({ op: 'add-query', q: slow });
    peer.send({ op: 'add-query', q: { goals: { $: { fields: ['title'] } } } });
    await settled();
    await settled();
    const other = await world.open();
    await other.response('add-query-ok', { op: 'add-query', q: { goals: { $: { fields: ['title'] } } } });
    peer.heard.length = other.heard.length = 0;
    for (const name of ['one', 'two']) {
      const [tag, goal] = [newId(), newId()];
      await writer.request({
        op: 'transact',
        'tx-steps': [
          ['add-triple', tag, tagsId.id, tag],
          ['add-triple', tag, tagName.id, name],
          ['add-triple', goal, goalsId.id, goal],
          ['add-triple', goal, title.id, name],
          ['add-triple', goal, goalTags.id, tag],
        ],
      });
    }
    expect(other.heard).toHaveLength(2);
    await settled();
    await settled();
    const refreshes = peer.take('refresh-ok');
    const last = refreshes.at(-1);
    expect(last?.['processed-tx-id']).toBe(other.take('refresh-ok').at(-1)?.['processed-tx-id']);
    for (const refresh of refreshes) {
      const queries = refresh.computations.map((computation) => JSON.stringify(computation['instaql-query']));
      expect(queries).toContain(JSON.stringify(slow));
    }
    expect(JSON.stringify(last)).toContain('"two"');
  });
});
