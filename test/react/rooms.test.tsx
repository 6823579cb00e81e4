// @vitest-environment happy-dom
// Rooms in components: two people, each on a page with a database of their own.

import { memo, Suspense, useEffect, useState } from 'react';
import { afterEach, expect, test, vi } from 'vitest';

import { i } from '../../src/schema/schema.ts';
import { hubWorld } from '../support/hub-world.ts';
import { Cursors } from '../../src/react/cursors.ts';
import { cleanUp, database, drawn, page, tally } from './page.tsx';

afterEach(async () => {
  vi.useRealTimers();
  await cleanUp();
});

const schema = i.schema({
  entities: {},
  rooms: {
    chat: {
      presence: i.entity({ name: i.string(), mood: i.string().optional(), box: i.boolean().optional() }),
      topics: { wave: i.entity({ hand: i.string() }) },
    },
  },
});

function two() {
  const world = hubWorld();
  const [ana, ben] = [database(schema, world), database(schema, world)];
  return { world, ana, ben };
}

test('usePresence and useSyncPresence: show the members, and render only for requested changes', async () => {
  const { ana, ben, world } = two();
  const { drew, of } = tally();
  const Peer = memo(function Peer({ peer }: { peer: { name: string } }) {
    drew(peer.name);
    return <b>{peer.name}</b>;
  });
  function Here() {
    drew('here');
    const { peers } = ana.rooms.usePresence(ana.room('chat', 'lobby'), { keys: ['name'], initialPresence: { name: 'Ana' } });
    return Object.values(peers).map((peer) => <Peer key={peer.peerId} peer={peer} />);
  }
  function Me({ name, mood }: { name: string; mood: string }) {
    ben.rooms.useSyncPresence(ben.room('chat', 'lobby'), { name, mood });
    return null;
  }
  const here = await page(<Here />, { isStrict: true });
  await expect.poll(() => world.sent('join-room')).toMatchObject([{ 'room-id': 'lobby', 'room-type': 'chat', data: { name: 'Ana' } }]);
  expect(world.sent('leave-room')).toEqual([]);
  const me = await page(<Me name="Ben" mood="well" />);
  expect(here.text).toBe('Ben');
  const before = of('here');
  await me.render(<Me name="Ben" mood="tired" />);
  expect(of('here')).toBe(before);
  await me.render(<Me name="Benno" mood="tired" />);
  expect(here.text).toBe('Benno');
  await me.remove();
  expect([here.text, world.sent('leave-room').length]).toEqual(['', 1]);
});

test('a component hidden by Suspense stays in its room, a removed component leaves', async () => {
  const { ana, world } = two();
  const never = new Promise<void>(() => {});
  function Here({ isWaiting }: { isWaiting: boolean }) {
    ana.rooms.useSyncPresence(ana.room('chat', 'lobby'), { name: 'Ana' });
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- so one waits in React, 18 and 19
    if (isWaiting) throw never;
    return 'here';
  }
  const renderedWith = (isWaiting: boolean) => (
    <Suspense fallback="hidden">
      <Here isWaiting={isWaiting} />
    </Suspense>
  );
  const here = await page(renderedWith(false), { isStrict: true });
  await here.render(renderedWith(true));
  // React 18 waits a while before it hides.
  await expect.poll(() => here.text).toMatch(/hidden$/);
  expect(world.sent('leave-room')).toEqual([]);
  await here.render(renderedWith(false));
  await expect.poll(() => here.text).toBe('here');
  expect([world.sent('join-room').length, world.sent('leave-room')]).toEqual([1, []]);
  await here.remove();
  expect(world.sent('leave-room')).toHaveLength(1);
});

test('topics: a child publishes in its first effect, and the newest callback receives it', async () => {
  const { ana, ben } = two();
  const received: string[] = [];
  function Hears({ mark }: { mark: string }) {
    ana.rooms.useTopicEffect(ana.room('chat', 'lobby'), 'wave', ({ hand }, peer) => received.push(`${mark} ${hand} ${peer?.name}`));
    return null;
  }
  function Says() {
    const room = ben.room('chat', 'lobby');
    ben.rooms.useSyncPresence(room, { name: 'Ben' });
    return <AtOnce say={ben.rooms.usePublishTopic(room, 'wave')} />;
  }
  function AtOnce({ say: send }: { say: (data: { hand: string }) => void }) {
    useEffect(() => send({ hand: 'left' }), [send]);
    return null;
  }
  const hears = await page(<Hears mark="a" />);
  await page(<Says />);
  await drawn();
  await hears.render(<Hears mark="b" />);
  await page(<Says />);
  await drawn();
  expect(received).toEqual(['a left Ben', 'b left Ben']);
});

test('useTypingIndicator: shows typing until the timeout, Enter, leaving the field, or leaving the page', async () => {
  const { ana, ben } = two();
  function Others() {
    const { active } = ana.rooms.useTypingIndicator(ana.room('chat', 'lobby'), 'box');
    return active.map(({ name }) => name).join();
  }
  let type: (key: string) => void = () => {};
  let blur: () => void = () => {};
  function Mine({ timeout }: { timeout: number | null }) {
    const room = ben.room('chat', 'lobby');
    ben.rooms.useSyncPresence(room, { name: 'Ben' });
    const { inputProps, active } = ben.rooms.useTypingIndicator(room, 'box', { timeout, stopOnEnter: true, writeOnly: true });
    type = (key) => inputProps.onKeyDown({ key } as never);
    blur = inputProps.onBlur;
    return active.length;
  }
  const others = await page(<Others />);
  const mine = await page(<Mine timeout={30_000} />);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const after = async (happen: () => unknown): Promise<string> => {
    happen();
    await drawn();
    return others.text;
  };
  expect(await after(() => type('a'))).toBe('Ben');
  expect(await after(() => vi.advanceTimersByTime(29_999))).toBe('Ben');
  expect(await after(() => vi.advanceTimersByTime(1))).toBe('');
  await mine.render(<Mine timeout={null} />);
  expect(await after(() => type('a'))).toBe('Ben');
  expect(await after(() => type('Enter'))).toBe('');
  expect(await after(() => type('a'))).toBe('Ben');
  expect(await after(blur)).toBe('');
  expect(await after(() => type('a'))).toBe('Ben');
  await mine.remove();
  expect(others.text).toBe('');
});

test('the hooks work on a room object, as older programs use them', async () => {
  const { ana, ben } = two();
  function Old() {
    const room = ana.room('chat', 'lobby');
    const { peers, publishPresence, isLoading } = room.usePresence();
    const [sent, setSent] = useState('');
    room.useTopicEffect('wave', ({ hand }) => setSent(hand));
    useEffect(() => publishPresence({ name: 'Ana' }), [publishPresence]);
    return `${
      isLoading
        ? 'loading'
        : Object.values(peers)
            .map(({ name }) => name)
            .join()
    } ${sent}`;
  }
  function Other() {
    const room = ben.room('chat', 'lobby');
    room.useSyncPresence({ name: 'Ben' });
    const send = room.usePublishTopic('wave');
    return <button onClick={() => send({ hand: 'both' })} />;
  }
  const old = await page(<Old />);
  const other = await page(<Other />);
  other.element.querySelector('button')!.click();
  await drawn();
  expect(old.text).toBe('Ben both');
});

test('Cursors: shows where other members point, in percent, at a limited rate', async () => {
  const { ana, ben, world } = two();
  const render = ({ color, presence }: { color: string; presence: { name: string } }) => <em style={{ color }}>{presence.name}</em>;
  const anas = await page(<Cursors room={ana.room('chat', 'lobby')} renderCursor={render} className="space" as="section" />);
  function Bens() {
    const room = ben.room('chat', 'lobby');
    ben.rooms.useSyncPresence(room, { name: 'Ben' });
    return <Cursors room={room} userCursorColor="tomato" />;
  }
  const bens = await page(<Bens />);
  const space = bens.element.firstElementChild as HTMLElement;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  space.getBoundingClientRect = () => ({ left: 10, top: 10, width: 200, height: 100 }) as DOMRect;
  space.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: 110, clientY: 35 }));
  await drawn();
  const cursor = anas.element.querySelector('section.space em') as HTMLElement;
  expect([cursor.textContent, cursor.style.color, cursor.parentElement!.style.transform]).toEqual(['Ben', 'tomato', 'translate(50%, 25%)']);
  const sent = world.sent('set-presence').length;
  for (let x = 10; x <= 210; x += 1) space.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: x, clientY: 60 }));
  await drawn();
  expect(world.sent('set-presence')).toHaveLength(sent);
  vi.advanceTimersByTime(50);
  await drawn();
  expect([world.sent('set-presence').length - sent, cursor.parentElement!.style.transform]).toEqual([1, 'translate(100%, 50%)']);
  vi.advanceTimersByTime(50);
  space.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: 10, clientY: 10 }));
  space.dispatchEvent(new MouseEvent('mouseout', { bubbles: true }));
  vi.advanceTimersByTime(50);
  await drawn();
  expect(anas.element.querySelector('em')).toBeNull();
});
