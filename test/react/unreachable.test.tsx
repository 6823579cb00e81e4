// @vitest-environment happy-dom
// What a page can show while no server can be reached, and what it shows once one can.

import { Suspense } from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import { memoryStore } from '../../src/storage/memory.ts';
import { init } from '../../src/react/init.ts';
import { hubWorld } from '../support/hub-world.ts';
import { cleanUp, page } from './page.tsx';

afterEach(cleanUp);

/** A client whose sockets close at once until `isUp`. */
function unreachable() {
  const { config } = hubWorld();
  const server = { isUp: false };
  const dead = (): object => {
    const socket = { readyState: 3, onopen: null, onmessage: null, onerror: null, onclose: null as null | ((event: object) => void) };
    setTimeout(() => socket.onclose?.({ code: 1006, reason: '' }), 1);
    return { ...socket, set onclose(listener: (event: object) => void) { socket.onclose = listener; }, send: () => {}, close: () => {} }; // prettier-ignore
  };
  const webSocket = (url: string) => (server.isUp ? config.webSocket(url) : (dead() as never));
  const db = init({ ...config, storage: memoryStore(), webSocket, onError: () => {} });
  return { db, server };
}

test('useQuery: returns an error instead of loading forever, and then the result', async () => {
  const { db, server } = unreachable();
  const seen: boolean[] = [];
  function Todos() {
    const { isLoading, error, data } = db.useQuery({ todos: {} });
    seen.push(isLoading);
    return <p>{isLoading ? 'loading' : error ? `error: ${error.message}` : `${data.todos?.length} todos`}</p>;
  }
  const shown = await page(<Todos />);
  expect(seen[0]).toBe(true);
  await expect.poll(() => shown.text).toContain('error: No connection to');
  server.isUp = true;
  await expect.poll(() => shown.text).toBe('0 todos');
  db.core.shutdown();
}, 30_000);

test('useSuspenseQuery: shows the fallback until there is a result', async () => {
  const { db, server } = unreachable();
  function Todos() {
    return <p>{db.useSuspenseQuery({ todos: {} }).data.todos?.length} todos</p>;
  }
  const onError = vi.fn();
  const shown = await page(
    <Suspense fallback="waiting">
      <Todos />
    </Suspense>,
    { onError },
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(shown.text).toBe('waiting');
  server.isUp = true;
  await expect.poll(() => shown.text).toBe('0 todos');
  expect(onError).not.toHaveBeenCalled();
  db.core.shutdown();
}, 30_000);
