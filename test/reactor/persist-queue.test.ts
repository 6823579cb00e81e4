// A store that fails, at once or later: one report, and nothing that was shown is lost.

import { describe, expect, it } from 'vitest';

import { listener, testClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalId, goalsQuery, initOk } from '../support/goals.ts';
import type { KeyValueOp, KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';

function failing(fails: (edits: readonly KeyValueOp[]) => boolean): KeyValue & { readonly written: string[] } {
  const inner = memoryStore();
  const written: string[] = [];
  return {
    ...inner,
    written,
    async write(edits) {
      if (fails(edits)) throw new DOMException('full', 'QuotaExceededError');
      written.push(...edits.map((edit) => ('put' in edit ? edit.put : edit.remove)));
      await inner.write(edits);
    },
  };
}

const isResult = (edit: KeyValueOp): boolean => 'put' in edit && edit.put.startsWith('answer/');

describe('a store that fails', () => {
  it('on every write causes one report, and writes are still sent and settled', async () => {
    const client = testClient({ store: failing(() => true) });
    await settled();
    await client.receive(initOk());
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    await client.receive(addQueryOk([], 1));
    const writes = [1, 2, 3].map((at) => client.reactor.writes.transact(chunk('create', goalId(at), { title: 'a' })));
    await settled();
    expect(client.sentMessages('transact')).toHaveLength(3);
    expect(received.last?.data['goals']).toHaveLength(3);
    for (const message of client.sentMessages('transact'))
      await client.receive({ op: 'transact-ok', 'client-event-id': message['client-event-id'], 'tx-id': 2 });
    expect(await Promise.all(writes)).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ status: 'synced' })));
    expect(client.errors.map((error) => error.message)).toEqual([expect.stringContaining('Writes cannot be stored')]);
    client.reactor.shutdown();
  });

  it('on results still stores writes', async () => {
    const store = failing((edits) => edits.some(isResult));
    const client = testClient({ store });
    await settled();
    await client.receive(initOk());
    client.reactor.queries.subscribe(goalsQuery, listener());
    await client.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 1));
    await client.clock.advance(2_000);
    await client.reactor.writes.transact(chunk('create', goalId(2), { title: 'b' })).queued;
    expect(store.written.filter((key) => key.startsWith('write/'))).toHaveLength(1);
    expect(client.errors.map((error) => error.message)).toEqual([expect.stringContaining('Results cannot be cached')]);
    client.reactor.shutdown();
  });

  it('on reads is treated as empty and reported once', async () => {
    const broken: KeyValue = { ...memoryStore(), get: () => Promise.reject(new Error('no')), list: () => Promise.reject(new Error('no')) };
    const client = testClient({ store: broken });
    await settled();
    await client.receive(initOk());
    const received = listener();
    client.reactor.queries.subscribe(goalsQuery, received);
    await client.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 1));
    expect(received.last?.data['goals']).toHaveLength(1);
    expect(client.errors).toHaveLength(1);
    client.reactor.shutdown();
  });
});
