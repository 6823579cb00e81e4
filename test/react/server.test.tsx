// Where a page is rendered on a server: loading, no socket, and the page is taken over in the browser without a mismatch.

import { renderToString } from 'react-dom/server';
import { version } from 'react';
import { afterAll, expect, test } from 'vitest';

import { i } from '../../src/schema/schema.ts';
import { init } from '../../src/react/index.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { hubWorld } from '../support/hub-world.ts';

const world = hubWorld();
const schema = i.schema({
  entities: { todos: i.entity({ text: i.string() }) },
  rooms: { chat: { presence: i.entity({ name: i.string() }) } },
});
const db = init({ ...world.config, schema });
afterAll(() => db.core.shutdown());

function App() {
  const { isLoading } = db.useQuery({ todos: {} });
  const part = db.useQuery({ todos: {} }, { select: ({ todos }) => todos.length });
  const list = db.useInfiniteQuery({ todos: { $: { limit: 1 } } });
  const { isLoading: isAuthLoading } = db.useAuth();
  const room = db.room('chat', 'lobby');
  const { peers } = db.rooms.usePresence(room);
  const { active } = db.rooms.useTypingIndicator(room, 'box');
  const { pending } = db.useOutbox();
  const shown = [isLoading, part.isLoading, list.isLoading, isAuthLoading, db.useConnectionStatus(), db.useLocalId('guest')];
  const more = [db.useAppStatus().isLoading, Object.keys(peers).length, active.length, pending.length];
  return <p>{JSON.stringify([...shown, ...more])}</p>;
}

test(`everything is loading, and nothing is connected (React ${version})`, async () => {
  expect(renderToString(<App />)).toContain('[true,true,true,true,&quot;connecting&quot;,null,true,0,0,0]');
  await settled();
  expect(world.sockets).toBe(0);
});

test('a program on the server connects when it queries explicitly', async () => {
  expect((await db.queryOnce({ todos: {} })).data).toEqual({ todos: [] });
  expect(world.sockets).toBe(1);
});
