// @vitest-environment happy-dom
// While developing, a module of components is replaced on the page. What is asked of the server stays asked, and the line stays open.

// First of all: it hooks into React as React is loaded.
import * as refresh from './refresh.ts';

import { useState } from 'react';
import { afterEach, expect, test } from 'vitest';

import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { cleanUp, database, drawn, page } from './page.tsx';

afterEach(cleanUp);

const schema = i.schema({
  entities: { todos: i.entity({ text: i.string() }) },
  rooms: { chat: { presence: i.entity({ name: i.string() }) } },
});

async function edited(signature: string) {
  const db = database(schema);
  await db.transact(db.tx.todos[id()]!.create({ text: 'a' }));
  const make = (mark: string) =>
    function Todos() {
      const [count, setCount] = useState(0);
      const { data } = db.useQuery({ todos: {} });
      const part = db.useQuery({ todos: {} }, { select: ({ todos }) => todos.length });
      const list = db.useInfiniteQuery({ todos: { $: { limit: 5 } } });
      const { peers } = db.rooms.usePresence(db.room('chat', 'lobby'), { initialPresence: { name: 'Ana' } });
      const shown = [mark, count, data?.todos.map(({ text }) => text).join(), part.data, list.data?.todos.length];
      return (
        <button onClick={() => setCount(count + 1)}>{[...shown, Object.keys(peers).length, db.useConnectionStatus()].join(' ')}</button>
      );
    };
  const before = refresh.module('Todos', make('old'), 'a');
  const { element } = await page(<before.Component />, { isStrict: true });
  await expect.poll(() => element.textContent).toBe('old 0 a 1 1 0 authenticated');
  element.querySelector('button')!.click();
  await drawn();
  const sent = (): number[] => ['init', 'add-query', 'remove-query', 'join-room', 'leave-room'].map((op) => db.world.sent(op).length);
  // Rooms are loaded with the first of them.
  await expect.poll(() => db.world.sent('join-room').length).toBe(1);
  const requested = sent();
  refresh.module('Todos', make('new'), signature);
  refresh.apply();
  await drawn();
  return { db, element, asked: requested, said: sent };
}

test.each([
  ['kept', 'a', 1],
  ['reset, because the hooks differ', 'b', 0],
])('with its state %s', async (_what, signature, count) => {
  const { db, element, asked: requested, said: sent } = await edited(signature);
  await expect.poll(() => element.textContent).toBe(`new ${count} a 1 1 0 authenticated`);
  expect([sent(), db.world.sockets]).toEqual([requested, 1]);
  void db.transact(db.tx.todos[id()]!.create({ text: 'b' }));
  await expect.poll(() => element.textContent).toMatch(/^new \d (a,b|b,a) 2 2 0 authenticated$/);
  expect([sent(), db.world.sockets]).toEqual([requested, 1]);
});
