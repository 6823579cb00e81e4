// @vitest-environment happy-dom
// The official `@instantdb/react` from npm, unmodified, in a page: it reads, writes and sees what others write at our server.

import 'fake-indexeddb/auto';
import { init } from '@instantdb/react';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { id } from '../../src/lib/uuid.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { ours } from './our-client.ts';
import { onEachStorage } from '../support/storages.ts';
import { eventually } from '../support/eventually.ts';

vi.stubGlobal('WebSocket', WebSocket);
vi.stubGlobal('BroadcastChannel', undefined);
vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);

let server: TriplaneServer | undefined;
afterEach(() => server?.close());

onEachStorage((fresh) => {
  test('useQuery and transact work', async () => {
    server = await createServer({ storage: await fresh() });
    const { appId, apiURI, websocketURI } = server;
    const db = init({ appId, apiURI, websocketURI, devtool: false } as Parameters<typeof init>[0]);
    const Goals = () => {
      const { isLoading, error, data } = db.useQuery({ goals: {} });
      if (isLoading) return <p>loading</p>;
      return <p>{error ? error.message : data.goals?.map(({ title }) => String(title)).join(',') || 'none'}</p>;
    };
    const element = document.createElement('div');
    const root = createRoot(element);
    root.render(<Goals />);
    const shows = (text: string): Promise<void> => eventually(() => expect(element.textContent).toBe(text));
    await shows('none');
    const goal = id();
    await db.transact(db.tx['goals']![goal]!.update({ title: 'Sing' }));
    await shows('Sing');
    const other = ours('another').open({ appId, apiURI, websocketURI });
    await eventually(() => other.transact(other.tx['goals']![goal]!.update({ title: 'Swim' })));
    await shows('Swim');
    act(() => root.unmount());
    other.close();
    db.core.shutdown();
  });
});
