// What a user saw of a room is no business of the next one.

import { expect, it } from 'vitest';

import { testClient } from '../../support/client.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { initOk } from '../../support/goals.ts';

it.each(['offline', 'online'])(
  '%s, the peers are gone as soon as the user signs out, and the listeners of the room hear of it',
  async (line) => {
    const client = testClient();
    const { rooms, account } = client.reactor;
    await account.setUser({ id: 'ann', refresh_token: 'token', isGuest: false });
    await settled();
    await client.receive(initOk());
    rooms.acquire('chat', 'r1', { name: 'Ann' });
    const names: string[][] = [];
    const stop = rooms.subscribePresence('r1', {}, ({ peers }) => names.push(Object.values(peers).map(({ name }) => String(name))));
    await client.receive({ op: 'join-room-ok', 'room-id': 'r1' });
    await client.receive({ op: 'refresh-presence', 'room-id': 'r1', data: { other: { data: { name: 'Ben' } } } });
    if (line === 'offline') client.transport.channel.on.closed({ code: 1006, reason: '' });
    await settled();
    expect(names.at(-1)).toEqual(['Ben']);
    await account.setUser(undefined);
    await settled();
    expect(names.at(-1)).toEqual([]);
    expect(rooms.presence('r1')).toMatchObject({ user: { name: 'Ann' }, peers: {}, isLoading: true });
    stop();
    client.reactor.shutdown();
  },
);
