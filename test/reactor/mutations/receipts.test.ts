// Exactly once against a server without a memory of event ids: each sending leaves a receipt, and a repeat is refused for it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Dialogue } from '../../support/dialogue.ts';
import { addQueryOk, goalId } from '../../support/goals.ts';
import { receiptEtype } from '../../../src/reactor/mutations/receipts.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { i, id, init } from '../../../src/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { memoryStore } from '../../../src/storage/memory.ts';

/** Of all lines, in order. */
const stepsOf = (dialogue: Dialogue, at: number): readonly Step[] => {
  const sent = dialogue.client.transport.channels.flatMap((channel) => channel.sent).filter((message) => message.op === 'transact');
  return sent[at]?.['tx-steps'] ?? [];
};
/** The values of a message's receipt: its event id among them. */
const values = (steps: readonly Step[]): unknown[] => steps.filter(([op]) => op === 'add-triple').map((step) => step[3]);

describe('receipts', () => {
  it('every sending carries one, under a new id each time', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const write = await dialogue.create(goalId(1), { title: 'a' });
    expect(values(stepsOf(dialogue, 0))).toContain(write.eventId);
    await dialogue.drop();
    const [first, second] = [stepsOf(dialogue, 0), stepsOf(dialogue, 1)].map((steps) => steps.findLast(([op]) => op === 'add-triple')?.[1]);
    expect(first).not.toBe(second);
  });

  it('F3, W-01: refused for its receipt, it is in place; what others wrote meanwhile stays', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const seen = await dialogue.subscribe();
    await dialogue.receive(addQueryOk([], 10));
    const write = await dialogue.create(goalId(1), { title: 'mine' });
    await dialogue.drop();
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'theirs, later' }], 12), {
      op: 'error',
      status: 400,
      type: 'record-not-unique',
      message: 'taken',
      hint: { etype: receiptEtype, label: 'eventId', value: write.eventId },
      'client-event-id': write.eventId,
    });
    expect([write.outcome, dialogue.client.reactor.outbox.list()]).toEqual(['synced', []]);
    expect(seen.results.at(-1)?.data['goals']).toEqual([{ id: goalId(1), title: 'theirs, later' }]);
  });

  it('the receipts of confirmed writes go with the next one, once', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const first = await dialogue.create(goalId(1), { title: 'a' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    const second = await dialogue.create(goalId(2), { title: 'b' });
    const gone = (at: number): unknown[] =>
      stepsOf(dialogue, at).flatMap(([op, ref]) => (op === 'delete-entity' && Array.isArray(ref) ? [(ref as readonly unknown[])[1]] : []));
    expect(gone(1)).toEqual([first.eventId]);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': second.eventId, 'tx-id': 2 });
    await dialogue.create(goalId(3), { title: 'c' });
    expect(gone(2)).toEqual([second.eventId]);
  });
});

describe('receipts at a real server', () => {
  let server: TriplaneServer;
  beforeAll(async () => void (server = await createServer()));
  afterAll(() => server.close());

  it('are made and taken away: one is left, whatever was written', async () => {
    const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
    const db = init({ appId: server.appId, apiURI: server.apiURI, schema, storage: memoryStore(), receipts: true });
    for (const title of ['a', 'b', 'c', 'd']) await db.transact(db.tx.goals[id()]!.create({ title })).settled;
    const bare = init({ appId: server.appId, apiURI: server.apiURI, storage: memoryStore() });
    const { data } = await bare.queryOnce({ goals: {}, [receiptEtype]: {} });
    expect([data['goals']?.length, data[receiptEtype]?.length]).toEqual([4, 1]);
    db.shutdown();
    bare.shutdown();
  });
});
