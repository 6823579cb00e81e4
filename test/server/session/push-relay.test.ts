// Messages for an event stream of another process: what reaches the other processes, and when.

import { expect, test } from 'vitest';
import { type Push, type PushMessage, PushRelay } from '../../../src/server/session/push-relay.ts';
import { VirtualClock } from '../../../src/testing/virtual/clock.ts';

const push: Push = { machine: 'm', session: 's', token: 't', messages: [{ op: 'add-query' }, 'x'.repeat(1000)] };

/** A process that forwards, and one that keeps a session. */
function world() {
  const clock = new VirtualClock();
  const sent: Push[] = [];
  const session = { isOpen: true, received: [] as unknown[] };
  let uuids = 0;
  const uuid = (): string => `${++uuids}`;
  const take = ({ machine, session: id, token, messages }: Push): boolean | undefined => {
    if (machine !== 'm') return undefined;
    const isTaken = session.isOpen && id === 's' && token === 't';
    if (isTaken) session.received.push(...messages);
    return isTaken;
  };
  const keeper = new PushRelay({ clock, uuid, take, send: (message) => queueMicrotask(() => relay.received(message)) });
  const send = (message: PushMessage): void => {
    if (message.is === 'push') sent.push(message.push);
    queueMicrotask(() => keeper.received(message));
  };
  const relay = new PushRelay({ clock, uuid, take: () => undefined, send });
  return { clock, relay, sent, session };
}

test('messages are forwarded once some process keeps the session, and further ones directly', async () => {
  const { relay, sent, session } = world();
  expect(await relay.forward(push)).toBe(true);
  expect(sent.map(({ messages }) => messages.length)).toEqual([0, 2]);
  expect(await relay.forward({ ...push, messages: ['more'] })).toBe(true);
  expect(sent).toHaveLength(3);
  expect(session.received).toEqual([...push.messages, 'more']);
});

test.for([
  ['session', { session: 'other' }],
  ['token', { token: 'wrong' }],
  ['machine', { machine: 'none' }],
])('messages for an unknown %s reach nobody', async ([, change]) => {
  const { clock, relay, sent } = world();
  const answer = relay.forward({ ...push, ...(change as object) });
  await Promise.resolve();
  await clock.advance(5000);
  expect(await answer).toBe(false);
  expect(sent.map(({ messages }) => messages)).toEqual([[]]);
});

test('a session that has ended is asked for again', async () => {
  const { relay, sent, session } = world();
  await relay.forward(push);
  session.isOpen = false;
  expect(await relay.forward(push)).toBe(false);
  expect(await relay.forward(push)).toBe(false);
  expect(sent.map(({ messages }) => messages.length)).toEqual([0, 2, 2, 0]);
});
