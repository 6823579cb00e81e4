// A client whose store holds what nobody should have written there: records of another version, cut short, or of another kind.

import fc from 'fast-check';

import { isTriplaneError } from '../../src/errors.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { testClient } from './client.ts';
import { mutated, odd } from './fuzz-frames.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk, rejection } from './goals.ts';

type Records = readonly (readonly [key: string, value: unknown])[];
const every = 100;
const user = { id: goalId(8), email: 'ann@example.com', refresh_token: 'f0000000-0000-4000-8000-00000000000a', isGuest: false };

/** What a client has stored that read a result, signed in, and wrote without a connection. */
async function realRecords(): Promise<Records> {
  const store = memoryStore();
  const client = testClient({ store });
  await client.clock.advance(0);
  client.reactor.queries.subscribe(goalsQuery, { onResult: () => {}, onError: () => {} });
  void client.reactor.account.setUser(user);
  await client.clock.advance(100);
  await client.receive(initOk());
  await client.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 1));
  client.reactor.writes.transact(chunk('create', goalId(9), { title: 'rejected' })).catch(() => {});
  await client.clock.advance(100);
  await client.receive(rejection(client.reactor.outbox.list()[0]?.eventId ?? ''));
  await client.clock.advance(5_000);
  client.network.goOffline();
  for (let at = 2; at < 6; at++) client.reactor.writes.transact(chunk('create', goalId(at), { title: `${at}` })).catch(() => {});
  await client.clock.advance(5_000);
  const records = await store.list('');
  client.reactor.shutdown();
  return records;
}

/** A record in which something is replaced, or whose key is not what it was. */
const changeArb = fc.record({
  at: fc.nat(),
  turns: fc.array(fc.nat(20), { maxLength: 6 }),
  by: odd,
  key: fc.option(fc.oneof(fc.string(), fc.constantFrom('__proto__', '/', '0')), { nil: undefined, freq: 8 }),
});
type Change = typeof changeArb extends fc.Arbitrary<infer Value> ? Value : never;

function changed(records: Records, { at, turns, by, key }: Change): Records {
  const place = at % records.length;
  return records.map((record, index) => {
    const [name, value] = record;
    if (index !== place) return record;
    return key === undefined ? [name, mutated(value, turns, by)] : [name.slice(0, name.indexOf('/') + 1) + key, value];
  });
}

/** Each start with such a store reports nothing but typed errors, shows the server's result, and still sends the writes that can be read. */
export async function fuzzStored(
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const faults: string[] = [];
  const uncaught = (error: unknown): void => void faults.push(`not caught: ${String(error)}`);
  process.on('unhandledRejection', uncaught);
  const records = await realRecords();
  for (let at = 0; at < count; at += every) {
    for (const change of fc.sample(changeArb, { numRuns: Math.min(every, count - at), seed: seed + at })) {
      const name = records[change.at % records.length]?.[0] ?? '';
      const fault = await faultOf(changed(records, change), name === 'user');
      if (fault) faults.push(`${fault}: ${name} ${JSON.stringify(change)}`);
    }
    progress(at);
  }
  const isAlive = (await faultOf(records)) === undefined && !('polluted' in {});
  process.off('unhandledRejection', uncaught);
  return { faults, isAlive };
}

async function faultOf(records: Records, isUserChanged = false): Promise<string | undefined> {
  const store = memoryStore();
  await store.write(records.map(([put, value]) => ({ put, value })));
  const reported: Error[] = [];
  const client = testClient({ store, onError: (error) => reported.push(error) });
  try {
    client.reactor.queries.subscribe(goalsQuery, { onResult: () => {}, onError: () => {} });
    await client.clock.advance(100);
    await client.receive(initOk());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 5));
    await client.clock.advance(100);
    const foreign = reported.find((error) => !isTriplaneError(error) && error.name !== 'InstantAPIError');
    if (foreign) return `reported: ${String(foreign)}`;
    const { data } = client.reactor.queries.peek(goalsQuery) ?? {};
    if (!data?.['goals']?.some((goal) => (goal as { id?: unknown }).id === goalId(1))) return 'the result is not shown';
    // One record is changed: the other writes have nothing to do with it, unless it said who made them.
    if (!isUserChanged && client.reactor.account.user?.id !== user.id) return 'the user is not signed in';
    return isUserChanged
      ? undefined
      : client.sentMessages('transact').length < 3
        ? `${client.sentMessages('transact').length} of 4 writes are sent`
        : undefined;
  } catch (error) {
    return `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  } finally {
    client.reactor.shutdown();
  }
}
