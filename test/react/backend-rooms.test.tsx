// @vitest-environment happy-dom
// The room hooks on rooms of other backends, over real sockets: the same components, whatever backend is below them.

import { useEffect } from 'react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createInsforgeClient } from '../../src/insforge/index.ts';
import { Cursors } from '../../src/react/cursors.ts';
import { type BackendRoom, rooms } from '../../src/react/room.ts';
import { createRealtimePlatformClient } from '../../src/realtime-platform/index.ts';
import { anonKey, InsforgeDouble } from '../insforge/double.ts';
import { PlatformDouble, platformToken } from '../realtime-platform/double.ts';
import { cleanUp, page } from './page.tsx';

interface Backend {
  start(): Promise<void>;
  /** A room of a client of its own. */
  room(): BackendRoom;
  dropAll(): void;
  refuse(isRefused: boolean): void;
  /** The rooms of the first client are asked for anew. */
  signIn(): Promise<void>;
  stop(): Promise<void>;
}

const reconnect = { delayMs: 10, maxDelayMs: 20 };

function insforge(): Backend {
  const double = new InsforgeDouble();
  const clients: ReturnType<typeof createInsforgeClient>[] = [];
  return {
    start: async () => {
      double.define('chat:%');
      await double.listen();
    },
    room: () => {
      const client = createInsforgeClient({ baseUrl: double.url, anonKey, reconnect });
      clients.push(client);
      return client.room('chat', 'lobby', { sharePresence: true });
    },
    dropAll: () => double.dropAll(),
    refuse: (isRefused) => void (double.canSubscribe = () => !isRefused),
    signIn: async () => clients[0]?.setIdentity(),
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await double.close();
    },
  };
}

function platform(): Backend {
  const double = new PlatformDouble();
  const clients: ReturnType<typeof createRealtimePlatformClient>[] = [];
  return {
    start: async () => void (await double.listen()),
    room: () => {
      const token = platformToken();
      const client = createRealtimePlatformClient({
        url: double.url,
        token,
        applicationId: 'app_demo',
        sharePresence: true,
        presence: 'events',
        reconnect,
      });
      clients.push(client);
      return client.room('chat', 'lobby');
    },
    dropAll: () => double.dropAll(),
    refuse: (isRefused) => void (double.canJoin = () => !isRefused),
    signIn: async () => clients[0]?.setIdentity(),
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await double.close();
    },
  };
}

describe.each([
  ['InsForge', insforge],
  ['the Realtime Platform', platform],
] as const)('%s', (_name, make) => {
  let backend: Backend;
  beforeEach(async () => {
    backend = make();
    await backend.start();
  });
  afterEach(async () => {
    await cleanUp();
    await backend.stop();
  });
  const until = (read: () => unknown, value: unknown): Promise<void> => expect.poll(read).toEqual(value);

  let rendered: string[];
  beforeEach(() => void (rendered = []));
  function Here({ room, name }: { readonly room: BackendRoom; readonly name?: string }) {
    const { peers, user, isLoading, error } = rooms.usePresence(room, name === undefined ? {} : { initialPresence: { name } });
    const names = Object.values(peers as Record<string, { name?: string }>).map((peer) => peer.name ?? '?');
    const text =
      error ??
      (isLoading ? 'loading' : `${(user as { name?: string } | undefined)?.name ?? 'nameless'} with ${names.sort().join() || 'nobody'}`);
    rendered.push(text);
    return text;
  }

  function Named({ room, name }: { readonly room: BackendRoom; readonly name: string }) {
    rooms.useSyncPresence(room, { name });
    return null;
  }

  test('usePresence and useSyncPresence: show the members, also after a reconnect; a removed component leaves', async () => {
    const [anas, bens] = [backend.room(), backend.room()];
    const here = await page(<Here room={anas} name="Ana" />, { isStrict: true });
    expect(rendered[0]).toBe('loading');
    const me = await page(<Named room={bens} name="Ben" />, { isStrict: true });
    await until(() => here.text, 'Ana with Ben');
    await me.render(<Named room={bens} name="Benno" />);
    await until(() => here.text, 'Ana with Benno');
    rendered = [];
    backend.dropAll();
    await until(() => rendered[0], 'loading');
    await until(() => here.text, 'Ana with Benno');
    await me.remove();
    await until(() => here.text, 'Ana with nobody');
  });

  test('usePublishTopic and useTopicEffect: a message published in the first effect arrives with the data of the sender', async () => {
    const [anas, bens] = [backend.room(), backend.room()];
    const received: string[] = [];
    function Hears() {
      const { isLoading } = rooms.usePresence(anas);
      rooms.useTopicEffect(anas, 'wave', ({ hand }: { hand: string }) => received.push(hand));
      return isLoading ? 'loading' : 'ready';
    }
    function Says() {
      const publish = rooms.usePublishTopic(bens, 'wave');
      useEffect(() => publish({ hand: 'left' }), [publish]);
      return null;
    }
    const hears = await page(<Hears />);
    await until(() => hears.text, 'ready');
    await page(<Says />);
    await until(() => received, ['left']);
  });

  test('useTypingIndicator: shows typing until Enter', async () => {
    const [anas, bens] = [backend.room(), backend.room()];
    let type: (key: string) => void = () => {};
    function Others() {
      const { active } = rooms.useTypingIndicator(anas, 'box');
      return (active as { name?: string }[]).map(({ name }) => name).join();
    }
    function Mine() {
      rooms.useSyncPresence(bens, { name: 'Ben' });
      const { inputProps } = rooms.useTypingIndicator(bens, 'box', { timeout: null, stopOnEnter: true });
      type = (key) => inputProps.onKeyDown({ key } as never);
      return null;
    }
    const others = await page(<Others />);
    await page(<Mine />);
    type('a');
    await until(() => others.text, 'Ben');
    type('Enter');
    await until(() => others.text, '');
  });

  test('Cursors: shows where other members point, until they leave the area', async () => {
    const [anas, bens] = [backend.room(), backend.room()];
    const shown = await page(<Cursors room={anas} renderCursor={({ color }) => <em style={{ color }} />} />);
    const bensPage = await page(<Cursors room={bens} userCursorColor="tomato" />);
    const space = bensPage.element.firstElementChild as HTMLElement;
    space.getBoundingClientRect = () => ({ left: 0, top: 0, width: 200, height: 100 }) as DOMRect;
    space.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: 100, clientY: 25 }));
    const cursor = (): HTMLElement | null => shown.element.querySelector('em');
    await until(() => cursor()?.parentElement?.style.transform, 'translate(50%, 25%)');
    expect(cursor()?.style.color).toBe('tomato');
    space.dispatchEvent(new MouseEvent('mouseout', { bubbles: true }));
    await until(cursor, null);
  });

  test('a rejected room shows its error; after a sign-in both components are joined, and one stays when the other is removed', async () => {
    backend.refuse(true);
    const room = backend.room();
    const [one, two] = [await page(<Here room={room} name="Ana" />), await page(<Here room={room} />)];
    await until(() => /may not|Not authorized/.test(one.text) && /may not|Not authorized/.test(two.text), true);
    backend.refuse(false);
    await backend.signIn();
    await until(() => [one.text, two.text], ['Ana with nobody', 'Ana with nobody']);
    await one.remove();
    const other = await page(<Here room={backend.room()} name="Ben" />);
    await until(() => [two.text, other.text], ['Ana with Ben', 'Ben with Ana']);
  });
});
