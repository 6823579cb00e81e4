// The vendor's own SDK as the other client on the same server: both see the same. And the double's frames against the vendor's schemas, so that
// it stays a server which the SDK would take for the real one.

import { createClient } from '@insforge/sdk';
import * as schemas from '@insforge/shared-schemas';
import { afterEach, expect, test } from 'vitest';

import { anonKey } from './double.ts';
import { insforgeWorld, until } from './world.ts';

const world = insforgeWorld();
const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

function vendor() {
  const { realtime } = createClient({ baseUrl: world.double.url, anonKey });
  ends.push(() => realtime.disconnect());
  return realtime;
}

test('both clients see the same members, and each other’s joins and leaves', async () => {
  const theirs = vendor();
  const answer = await theirs.subscribe('chat:1');
  expect(answer.ok).toBe(true);
  const client = world.user('ana');
  const ours = client.room('chat', '1');
  await ours.join();
  const members = (): string[] =>
    theirs
      .getPresenceState('chat:1')
      .map(({ presenceId }) => presenceId)
      .sort();
  await until(members, ['ana', theirs.socketId].sort());
  expect(
    client
      .getPresenceState('chat:1')
      .map(({ presenceId }) => presenceId)
      .sort(),
  ).toEqual(members());
  expect(client.getPresenceState('chat:1')).toEqual(expect.arrayContaining(theirs.getPresenceState('chat:1')));
  await ours.leave();
  await until(members, [theirs.socketId]);
  await ours.join();
  theirs.unsubscribe('chat:1');
  await until(() => ours.getPresence().peers, []);
});

test('plain objects are exchanged unchanged; other values reach the SDK in the envelope', async () => {
  const theirs = vendor();
  await theirs.subscribe('chat:1');
  const ours = world.user('ana').room('chat', '1');
  await ours.join();
  const [atTheirs, atOurs]: [unknown[], unknown[]] = [[], []];
  theirs.on('said', (message: unknown) => atTheirs.push(message));
  ours.onTopic('said', (data, { id }) => atOurs.push({ data, id }));
  await ours.publish('said', { text: 'hello' });
  await until(() => atTheirs.length, 1);
  await theirs.publish('chat:1', 'said', { text: 'and hello' });
  await until(() => atTheirs.length, 2);
  await ours.publish('said', [1, 2]);
  await until(() => [atTheirs.length, atOurs.length], [3, 3]);
  expect(atTheirs).toMatchObject([{ text: 'hello', meta: { senderId: 'ana' } }, { text: 'and hello' }, { _value: [1, 2] }]);
  expect(atOurs).toMatchObject([{ data: { text: 'hello' } }, { data: { text: 'and hello' } }, { data: [1, 2] }]);
  expect(atOurs.map((each) => (each as { id: string }).id)).toEqual(
    atTheirs.map((each) => (each as { meta: { messageId: string } }).meta.messageId),
  );
});

test('both clients are rejected with the same code', async () => {
  const theirs = vendor();
  const errors: unknown[] = [];
  theirs.on('error', (error: unknown) => errors.push(error));
  const answer = await theirs.subscribe('unknown');
  const ours = world.client().channel('unknown');
  const refusal = await ours.join().catch((error: { code: string; message: string }) => error);
  expect(answer).toMatchObject({
    ok: false,
    error: { code: (refusal as { code: string }).code, message: (refusal as { message: string }).message },
  });
  await theirs.publish('chat:1', 'said', {});
  await until(() => errors.length, 1);
  expect(errors).toMatchObject([{ code: 'REALTIME_NOT_SUBSCRIBED' }]);
});

test('after a lost connection both clients rejoin and see each other again', async () => {
  const theirs = vendor();
  await theirs.subscribe('chat:1');
  const ours = world.user('ana').room('chat', '1');
  await ours.join();
  const before = theirs.socketId;
  world.double.dropAll();
  await until(() => theirs.socketId !== undefined && theirs.socketId !== before);
  await until(() => ours.status, 'joined');
  await until(() => ours.getPresence().peers.map(({ id }) => id), [theirs.socketId]);
  await until(
    () =>
      theirs
        .getPresenceState('chat:1')
        .map(({ presenceId }) => presenceId)
        .sort(),
    ['ana', theirs.socketId].sort(),
  );
});

test("the double's frames and responses match the vendor's schemas", async () => {
  const frames: [string, unknown][] = [];
  const theirs = vendor();
  for (const event of ['said', 'presence:join', 'presence:leave', 'error']) theirs.on(event, (body: unknown) => frames.push([event, body]));
  schemas.subscribeResponseSchema.parse(await theirs.subscribe('chat:1'));
  const ours = world.user('3a5b1c1e-1111-4222-8333-444455556666').room('chat', '1');
  await ours.join();
  await ours.publish('said', { text: 'hello' });
  await until(() => frames.length, 2);
  await ours.leave();
  await until(() => frames.length, 3);
  theirs.unsubscribe('chat:1');
  await theirs.publish('chat:1', 'said', {});
  await until(() => frames.length, 4);
  const of = (event: string): unknown => frames.find(([name]) => name === event)?.[1];
  schemas.socketMessageSchema.parse(of('said'));
  schemas.presenceJoinMessageSchema.parse(of('presence:join'));
  schemas.presenceLeaveMessageSchema.parse(of('presence:leave'));
  schemas.realtimeErrorPayloadSchema.parse(of('error'));
  for (const message of world.double.messages) schemas.realtimeMessageSchema.parse(message);
});
