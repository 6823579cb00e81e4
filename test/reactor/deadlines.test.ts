// Somebody sets the clock of the device: nothing the client waits for comes earlier or later for it.

import { describe, expect, it } from 'vitest';

import { listener, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../support/goals.ts';

const dayMs = 24 * 3600 * 1000;

async function connected(): Promise<TestClient> {
  const client = testClient();
  await settled();
  await client.receive(initOk());
  return client;
}

describe.each([
  ['back', -dayMs],
  ['forward', dayMs],
])('the clock is set %s by a day', (_name, jumpMs) => {
  it('queryOnce fails after its timeout', async () => {
    const client = await connected();
    let failedWith: unknown;
    client.reactor.queries.once(goalsQuery).catch((error: unknown) => (failedWith = error));
    client.clock.jump(jumpMs);
    // Anything that sets the timer again.
    client.reactor.run([{ do: 'flush' }]);
    for (let passed = 0; passed < 28; passed++) {
      await client.clock.advance(1_000);
      client.transport.channel.on.activity();
    }
    expect(failedWith).toBeUndefined();
    await client.clock.advance(3_000);
    expect(failedWith).toMatchObject({ code: 'timeout' });
    client.reactor.shutdown();
  });

  it('a write that failed on the server is resent after its delay', async () => {
    const client = await connected();
    void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' })).catch(() => {});
    await settled();
    const eventId = client.sentMessages('transact')[0]?.['client-event-id'];
    await client.receive({ op: 'error', status: 500, type: 'timeout', message: '', 'client-event-id': eventId });
    client.clock.jump(jumpMs);
    client.reactor.run([{ do: 'flush' }]);
    await settled();
    expect(client.sentMessages('transact')).toHaveLength(1);
    await client.clock.advance(1_500);
    expect(client.sentMessages('transact')).toHaveLength(2);
    client.reactor.shutdown();
  });

  it('results are stored after their delay, and a query without a confirmed write is requested again', async () => {
    const client = await connected();
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([], 1));
    void client.reactor.writes.transact(chunk('create', goalId(1), { title: 'a' })).catch(() => {});
    await settled();
    await client.receive({ op: 'transact-ok', 'client-event-id': client.sentMessages('transact')[0]?.['client-event-id'], 'tx-id': 9 });
    client.clock.jump(jumpMs);
    client.reactor.run([{ do: 'flush' }]);
    await client.clock.advance(2_000);
    expect((await client.reactor.config.store.list('answer/')).length).toBeGreaterThan(0);
    expect(client.sentMessages('add-query')).toHaveLength(1);
    await client.clock.advance(4_000);
    expect(client.sentMessages('add-query')).toHaveLength(2);
    client.reactor.shutdown();
  });

  it('a silent connection is probed after its timeout, and not before', async () => {
    const client = await connected();
    client.clock.jump(jumpMs);
    await client.clock.advance(9_000);
    expect(client.sentMessages('remove-query')).toEqual([]);
    await client.clock.advance(2_000);
    expect(client.sentMessages('remove-query')).toHaveLength(1);
    client.reactor.shutdown();
  });
});
