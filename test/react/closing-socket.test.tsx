// @vitest-environment happy-dom
// Components that mount, write and unmount while the socket is closing: until its close event, it throws at every send.

import { useEffect } from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import type { WebSocketLike } from '../../src/connection/web-socket.ts';
import { id } from '../../src/lib/uuid.ts';
import { i } from '../../src/schema/schema.ts';
import { hubWorld } from '../support/hub-world.ts';
import { cleanUp, database, drawn, page } from './page.tsx';

afterEach(cleanUp);

const schema = i.schema({
  entities: { todos: i.entity({ text: i.string().indexed() }) },
  rooms: { chat: { presence: i.entity({ name: i.string() }), topics: { wave: i.entity({ hand: i.string() }) } } },
});

/** One person's database whose socket can be stopped halfway through closing, and another's whose socket is well. */
function open() {
  const world = hubWorld();
  let socket: { readyState: number; send(frame: string): void; end(): void } | undefined;
  const config = { ...world.config, webSocket: (url: string): WebSocketLike => (socket = world.config.webSocket(url) as never) };
  const ana = database(schema, { ...world, config });
  const beginToClose = (): void => {
    if (!socket) throw new Error('No socket was opened');
    socket.readyState = 2;
    socket.send = () => {
      throw new DOMException('Still in CLOSING state', 'InvalidStateError');
    };
  };
  return { ana, ben: database(schema, world), beginToClose, finishClosing: () => socket?.end() };
}

type Db = ReturnType<typeof open>['ana'];

function Everything({ db }: { db: Db }) {
  const room = db.room('chat', 'lobby');
  const { data } = db.useQuery({ todos: {} });
  const list = db.useInfiniteQuery({ todos: { $: { limit: 1, order: { text: 'asc' } } } });
  const { publishPresence } = db.rooms.usePresence(room, { initialPresence: { name: 'Ana' } });
  const wave = db.rooms.usePublishTopic(room, 'wave');
  db.rooms.useTopicEffect(room, 'wave', () => {});
  const { setActive } = db.rooms.useTypingIndicator(room, 'input');
  const status = db.useConnectionStatus();
  useEffect(() => {
    publishPresence({ name: 'Anna' });
    wave({ hand: 'left' });
    setActive(true);
  }, [publishPresence, wave, setActive]);
  const add = (): void => {
    void db.transact(db.tx.todos[id()]!.create({ text: 'b' }));
    list.loadNextPage();
    wave({ hand: 'right' });
  };
  return (
    <button onClick={add}>
      {data?.todos.length ?? 'no'} todos, {status}
    </button>
  );
}

function Peers({ db }: { db: Db }) {
  const { peers } = db.rooms.usePresence(db.room('chat', 'lobby'), { keys: ['name'] });
  return Object.values(peers).map(({ name, peerId }) => <b key={peerId}>{name}</b>);
}

function caught() {
  const errors = vi.fn();
  process.on('unhandledRejection', errors);
  return { errors, [Symbol.dispose]: () => void process.off('unhandledRejection', errors) };
}

test.each(['mounted before', 'mounted while'])(
  'a page %s the socket is closing stays, and everything in it is sent afterwards',
  async (when) => {
    using watch = caught();
    const { ana, ben, beginToClose, finishClosing } = open();
    const there = await page(<Peers db={ben} />);
    const here = await page(<i>{when}</i>, { onError: watch.errors, isStrict: true });
    await ana.transact(ana.tx.todos[id()]!.create({ text: 'a' }));
    if (when === 'mounted before') {
      await here.render(<Everything db={ana} />);
      await expect.poll(() => here.text).toBe('1 todos, authenticated');
    }
    beginToClose();
    await here.render(<Everything db={ana} />);
    for (const todos of [2, 3]) {
      here.element.querySelector('button')?.click();
      await drawn();
      if (when === 'mounted before') expect(here.text).toContain(`${todos} todos`);
    }
    await here.render(<i>away</i>);
    await here.render(<Everything db={ana} />);
    finishClosing();
    await expect.poll(() => here.text).toBe('3 todos, authenticated');
    await expect.poll(() => there.text).toBe('Anna');
    await expect.poll(() => ana.core.outbox.list()).toEqual([]);
    expect((await ben.core.queryOnce({ todos: {} })).data.todos).toHaveLength(3);
    expect(watch.errors).not.toHaveBeenCalled();
  },
);
