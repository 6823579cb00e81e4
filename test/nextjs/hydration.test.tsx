// @vitest-environment happy-dom
// In the browser, with an answer that came with the page: shown until there is a newer one, and only to whom it was given.

import { memo, Suspense } from 'react';
import { type User, weakHash } from 'triplane';
import { afterEach, expect, test, vi } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { HydratedResults } from '../../src/nextjs/hydration.ts';
import { init, InstantSuspenseProvider } from '../../src/nextjs/index.ts';
import { i } from '../../src/schema/schema.ts';
import { hubWorld, userOf } from '../support/hub-world.ts';
import { cleanUp, database, drawn, page, tally } from '../react/page.tsx';
import { internals } from '../../src/lib/internals.ts';

afterEach(async () => {
  await cleanUp();
  globalThis.__triplane = undefined;
});

const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
const query = { goals: { $: { order: { serverCreatedAt: 'asc' } } } } as const;

const [ana, ben] = ['ana', 'ben'].map((name) => ({ ...userOf(name), isGuest: false })) as [User, User];

/** `isHere`: who the device knows. */
async function rendered({ user = null, isHere }: { user?: User | null; isHere?: User } = {}) {
  const world = hubWorld();
  const device = world.config;
  if (isHere) await device.storage.write([{ put: 'user', value: isHere }]);
  const other = database(schema, world);
  const ids = ['swim', 'run'].map((title) => ({ id: id(), title })).sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id: goal, title } of ids) await other.transact(other.tx.goals[goal]!.create({ title }));
  const { data, pageInfo } = await new Promise<{ data: unknown; pageInfo: unknown }>((resolve) => {
    database(schema, world).core.subscribeQuery(query, resolve);
  });
  const text = JSON.stringify([[weakHash(query), { data, pageInfo }, []]]);
  globalThis.__triplane = { [world.config.appId]: [text] };
  world.hold();
  const db = init({ ...device, schema, onError: () => {} });
  const { drew, all } = tally();
  const Row = memo(function Row({ goal }: { goal: { title: string } }) {
    drew(goal.title);
    return goal.title;
  });
  function Goals() {
    drew('goals');
    return db.useSuspenseQuery(query).data.goals.map((goal) => <Row key={goal.id} goal={goal} />);
  }
  const shown = await page(
    <InstantSuspenseProvider db={db} user={user}>
      <Suspense fallback="loading">
        <Goals />
      </Suspense>
    </InstantSuspenseProvider>,
  );
  return { world, db, other, ids, shown, all, titles: ids.map(({ title }) => title) };
}

test('an identical live result renders nothing; a change renders its row', async () => {
  const { world, db, other, ids, shown, all, titles } = await rendered();
  expect([shown.text, all]).toEqual([titles.join(''), { goals: 1, swim: 1, run: 1 }]);
  world.letGo();
  await expect.poll(() => db._core[internals].reactor.status).toBe('authenticated');
  await drawn();
  expect(all).toEqual({ goals: 1, swim: 1, run: 1 });
  await other.transact(other.tx.goals[ids[0]!.id]!.update({ title: 'dive' }));
  await drawn();
  expect([shown.text, all]).toEqual([`dive${titles[1]}`, { goals: 2, swim: 1, run: 1, dive: 1 }]);
  db.core.shutdown();
});

test('a user who signs in meanwhile does not see the results of another user', async () => {
  const { world, db, shown } = await rendered();
  await db.core[internals].reactor.account.setUser(ben);
  await drawn();
  expect(shown.text).toContain('loading');
  world.letGo();
  await expect.poll(() => shown.element.innerText).toContain('swim');
  db.core.shutdown();
});

test.each([
  ['ben sees no results of ana, including parts that arrive later', { user: ana, isHere: ben }, true],
  ['a signed-out visitor sees none of them', { user: ana }, true],
  ['ana sees them', { user: ana, isHere: ana }, false],
  ['ana sees results rendered without a user', { isHere: ana }, false],
])('%s', async (_what, who, isHidden) => {
  const { world, db, shown, titles } = await rendered(who);
  await db.core.getAuth();
  await drawn();
  if (isHidden) expect(shown.element.textContent).toContain('loading');
  else expect(shown.text).toBe(titles.join(''));
  const box = globalThis.__triplane?.[world.config.appId] as { push(text: string): void };
  box.push(JSON.stringify([['later', { data: {}, pageInfo: undefined }, []]]));
  expect(HydratedResults.of(db.core, null).get('later')?.isStale).toBe(isHidden);
  db.core.shutdown();
});

test('a query that is a new one at each render warns in the browser, once, with the part that changes', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const db = init({ ...hubWorld().config, schema, onError: () => {} });
  let at = 0;
  let isOver = false;
  function Endless() {
    const title = isOver ? 'fixed' : `${at++}`;
    return db.useSuspenseQuery({ goals: { $: { where: { title } } } }).data.goals.length;
  }
  await page(
    <InstantSuspenseProvider db={db} user={null}>
      <Suspense fallback="loading">
        <Endless />
      </Suspense>
    </InstantSuspenseProvider>,
  );
  for (let turn = 0; turn < 60 && warn.mock.calls.length === 0; turn++) await drawn();
  for (let turn = 0; turn < 10; turn++) await drawn();
  isOver = true;
  await drawn();
  expect(warn.mock.calls.map((call) => call.join(' '))).toEqual([expect.stringContaining("What changes is 'goals.$.where.title'")]);
  warn.mockRestore();
});
