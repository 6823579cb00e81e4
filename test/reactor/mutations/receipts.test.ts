// Exactly once against a server without a memory of event ids: each sending leaves a receipt, and a repeat is refused for it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Dialogue, type WriteLog } from '../../support/dialogue.ts';
import { settled } from '../../../src/testing/virtual/clock.ts';
import { addQueryOk, chunk, goalId } from '../../support/goals.ts';
import { receiptEtype } from '../../../src/reactor/mutations/receipts.ts';
import { silent } from '../../../src/lib/log.ts';
import { isUuid } from '../../../src/lib/uuid.ts';
import type { ErrorMessage } from '../../../src/protocol/server-error.ts';
import type { ServerCapabilities } from '../../../src/protocol/session-messages.ts';
import type { Step } from '../../../src/protocol/transact-messages.ts';
import { i, id, init } from '../../../src/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { throughOriginal } from '../../support/original/through.ts';
import { memoryStore } from '../../../src/storage/memory.ts';

/** Of all lines, in order. */
const stepsOf = (dialogue: Dialogue, at: number): readonly Step[] => {
  const sent = dialogue.client.transport.channels.flatMap((channel) => channel.sent).filter((message) => message.op === 'transact');
  return sent[at]?.['tx-steps'] ?? [];
};
/** The values of a message's receipt: its event id among them. */
const values = (steps: readonly Step[]): unknown[] => steps.filter(([op]) => op === 'add-triple').map((step) => step[3]);

/** The server is asked for a position, by a transaction without steps. */
async function locate(dialogue: Dialogue, { eventId }: WriteLog, txId: number): Promise<void> {
  expect(dialogue.sentMessages('transact').at(-1)).toEqual({ op: 'transact', 'client-event-id': eventId, 'tx-steps': [] });
  await dialogue.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': txId });
  await dialogue.client.clock.advance(0);
}

describe('receipts', () => {
  it('every send carries a receipt, under a new id each time', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const write = await dialogue.create(goalId(1), { title: 'a' });
    expect(values(stepsOf(dialogue, 0))).toContain(`write/${write.eventId}`);
    await dialogue.drop();
    const [first, second] = [stepsOf(dialogue, 0), stepsOf(dialogue, 1)].map((steps) => steps.findLast(([op]) => op === 'add-triple')?.[1]);
    expect(first).not.toBe(second);
  });

  it('F3, W-01: a write rejected because of its receipt counts as applied; writes by others in between are kept', async () => {
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
      hint: { 'record-type': 'triple', etype: receiptEtype, label: 'eventId', value: `write/${write.eventId}` },
      'client-event-id': write.eventId,
    });
    await locate(dialogue, write, 13);
    // The result of before may be one without the write.
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'theirs, later' }], 13));
    expect([write.outcome, dialogue.client.reactor.outbox.list()]).toEqual(['synced', []]);
    expect(seen.results.at(-1)?.data['goals']).toEqual([{ id: goalId(1), title: 'theirs, later' }]);
  });

  it('the receipt of a write that was sent twice is stored with an expiry date ten minutes ahead', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const { clock, reactor } = dialogue.client;
    const write = await dialogue.create(goalId(1), { title: 'a' });
    await dialogue.drop();
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 1 });
    const [[, record] = []] = await reactor.config.store.list('receipts/');
    expect(record).toEqual([[write.eventId, clock.now() + 600_000]]);
  });

  it('the next write deletes the receipts of confirmed writes, once', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const first = await dialogue.create(goalId(1), { title: 'a' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    const second = await dialogue.create(goalId(2), { title: 'b' });
    const gone = (at: number): unknown[] =>
      stepsOf(dialogue, at).flatMap(([op, ref]) => (op === 'delete-entity' && Array.isArray(ref) ? [(ref as readonly unknown[])[1]] : []));
    expect(gone(1)).toEqual([`write/${first.eventId}`]);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': second.eventId, 'tx-id': 2 });
    await dialogue.create(goalId(3), { title: 'c' });
    expect(gone(2)).toEqual([`write/${second.eventId}`]);
  });
});

describe('the content and lifetime of receipts', () => {
  it('a receipt is not deleted before the confirmation of its write is on disk', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const { reactor } = dialogue.client;
    const { store } = reactor.config;
    const first = await dialogue.create(goalId(1), { title: 'a' });
    // It waits, stored, until the goal is there.
    void reactor.writes.transact(chunk('update', goalId(1), { title: 'b' }));
    await settled();
    const write = store.write.bind(store);
    const stored: (() => void)[] = [];
    store.write = async (ops) => {
      await new Promise<void>((resolve) => stored.push(resolve));
      return write(ops);
    };
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    const deletes = (at: number): boolean => stepsOf(dialogue, at).some(([op]) => op === 'delete-entity');
    expect([stepsOf(dialogue, 1).length > 0, deletes(1)]).toEqual([true, false]);
    store.write = write;
    for (const done of stored) done();
    await settled();
    await dialogue.create(goalId(3), { title: 'c' });
    expect(deletes(2)).toBe(true);
  });

  it('the attrs come first in the message, under ids derived from the app id', async () => {
    const messages = await Promise.all(
      ['a9900000-0000-4000-8000-000000000001', 'a9900000-0000-4000-8000-000000000001', 'b1e0c0de-0000-4000-8000-000000000001'].map(
        async (appId) => {
          const dialogue = await Dialogue.ready({ appId, receipts: true });
          await dialogue.create(goalId(1), { title: 'a' });
          return stepsOf(dialogue, 0);
        },
      ),
    );
    const attrsOf = (steps: readonly Step[] = []) => steps.flatMap((step) => (step[0] === 'add-attr' ? [step[1]] : []));
    const ids = messages.map((steps) => attrsOf(steps).flatMap((attr) => [attr.id, attr['forward-identity'][0]]));
    expect(messages[0]?.map(([op]) => op)).toEqual(['add-attr', 'add-attr', ...Array.from({ length: 4 }, () => 'add-triple')]);
    expect(ids[0]).toEqual(ids[1]);
    expect(new Set([...(ids[0] ?? []), ...(ids[2] ?? [])]).size).toBe(8);
    expect(ids.flat().every((each) => isUuid(each))).toBe(true);
  });

  it('once the server has confirmed the attrs, the session does not create them again', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const first = await dialogue.create(goalId(1), { title: 'a' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    await dialogue.create(goalId(2), { title: 'b' });
    expect(stepsOf(dialogue, 1).map(([op]) => op)).not.toContain('add-attr');
  });

  it('the event id is stored with a prefix, so that it does not look like a UUID', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    await dialogue.create(goalId(1), { title: 'a' });
    expect(isUuid(values(stepsOf(dialogue, 0)).at(-1))).toBe(false);
  });

  it('the receipt of a write that was sent twice is kept for ten minutes, because the first send may still arrive', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const first = await dialogue.create(goalId(1), { title: 'a' });
    await dialogue.drop();
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    const second = await dialogue.create(goalId(2), { title: 'b' });
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': second.eventId, 'tx-id': 2 });
    const isDeletion = ([op]: Step): boolean => op === 'delete-entity';
    expect(dialogue.sentMessages('transact').at(-1)?.['tx-steps'].filter(isDeletion)).toEqual([]);
    await dialogue.wait(600_000);
    await dialogue.create(goalId(3), { title: 'c' });
    expect(dialogue.sentMessages('transact').at(-1)?.['tx-steps'].filter(isDeletion)).toHaveLength(2);
  });
});

describe('rejections that concern receipts', () => {
  const refusal = (eventId: string, more: Partial<ErrorMessage>): ErrorMessage => ({
    op: 'error',
    status: 400,
    message: 'no',
    'client-event-id': eventId,
    ...more,
  });
  const ident = { 'record-type': 'ident', etype: receiptEtype, label: 'eventId' };
  const denied = (etype: string): Partial<ErrorMessage> => ({
    type: 'permission-denied',
    hint: { input: [etype, 'object'], expected: 'perms-pass?' },
  });

  it('after a conflict of attr names the write does not count as applied, and is resent in a new session', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const write = await dialogue.create(goalId(1), { title: 'a' });
    dialogue.channel.on.message(refusal(write.eventId, { type: 'record-not-unique', hint: ident }));
    await dialogue.nextChannelSoon();
    expect(write.outcome).toBe('waiting');
    await dialogue.open();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': write.eventId, 'tx-id': 1 });
    expect(write.outcome).toBe('synced');
  });

  it.each([receiptEtype, 'attrs'])('if rules forbid %s, the write is resent without a receipt, with one warning', async (etype) => {
    const warnings: unknown[] = [];
    const dialogue = await Dialogue.ready({ receipts: true, log: { ...silent, warn: (...parts) => void warnings.push(parts) } });
    const told: unknown[] = [];
    dialogue.client.reactor.events.on('status', (_status, { isExactlyOnce }) => void told.push(isExactlyOnce));
    const first = await dialogue.update(goalId(1), { title: 'a' });
    await dialogue.receive(refusal(first.eventId, denied(etype)));
    expect(values(stepsOf(dialogue, 1))).toEqual([goalId(1), 'a']);
    await dialogue.receive({ op: 'transact-ok', 'client-event-id': first.eventId, 'tx-id': 1 });
    await dialogue.update(goalId(2), { title: 'b' });
    expect(values(stepsOf(dialogue, 2))).toEqual([goalId(2), 'b']);
    expect([first.outcome, warnings.length, told]).toEqual(['synced', 1, [false]]);
  });

  it('if rules forbid the write itself, it is rejected, and later writes still carry receipts', async () => {
    const dialogue = await Dialogue.ready({ receipts: true });
    const write = await dialogue.update(goalId(1), { title: 'a' });
    await dialogue.receive(refusal(write.eventId, denied('goals')));
    await dialogue.update(goalId(2), { title: 'b' });
    expect([write.outcome, values(stepsOf(dialogue, 1)).length]).toEqual(['refused', 4]);
  });

  describe('a write that was sent twice and is rejected for another reason', () => {
    const missing: Partial<ErrorMessage> = { type: 'validation-failed', hint: { errors: [{ message: 'does not exist' }] } };
    const refusedTwice = async () => {
      const dialogue = await Dialogue.ready({ receipts: true });
      const write = await dialogue.update(goalId(1), { title: 'a' });
      await dialogue.drop();
      await dialogue.receive(refusal(write.eventId, missing));
      const claim = dialogue.sentMessages('transact').at(-1);
      return { dialogue, write, claimId: claim?.['client-event-id'] ?? '', steps: claim?.['tx-steps'] ?? [] };
    };

    it('is checked by sending the receipt alone', async () => {
      const { write, claimId, steps } = await refusedTwice();
      expect(claimId).not.toBe(write.eventId);
      expect(values(steps)).toEqual([expect.any(String), `write/${write.eventId}`]);
      expect(write.outcome).toBe('waiting');
    });

    it('is confirmed if the receipt is rejected: the first send was applied', async () => {
      const { dialogue, write, claimId } = await refusedTwice();
      const hint = { 'record-type': 'triple', etype: receiptEtype, label: 'eventId' };
      await dialogue.receive(refusal(claimId, { type: 'record-not-unique', hint }));
      await locate(dialogue, write, 9);
      expect(write.outcome).toBe('synced');
    });

    it('is checked also while requests are sent one at a time', async () => {
      await import('../../../src/reactor/recovery.ts');
      const dialogue = await Dialogue.ready({ receipts: true });
      const [first, ...others] = [1, 2, 3].map((n) => dialogue.send(chunk('update', goalId(n), { title: 'a' })));
      await settled();
      // Names no request: with three in flight, the client sends them again one at a time.
      await dialogue.receive({ op: 'error', status: 400, type: 'param-malformed', message: 'Malformed' });
      await dialogue.open();
      const sentIds = (): unknown[] => dialogue.sentMessages('transact').map((message) => message['client-event-id']);
      expect(sentIds()).toEqual([first?.eventId]);
      await dialogue.receive(refusal(first?.eventId ?? '', missing));
      for (const { eventId } of others) await dialogue.receive({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 9 });
      const claimId = String(sentIds().find((eventId) => String(eventId).startsWith('claim/')));
      expect(new Set(sentIds())).toEqual(new Set([...[first, ...others].map((write) => write?.eventId), claimId]));
      await dialogue.receive({ op: 'transact-ok', 'client-event-id': claimId, 'tx-id': 12 });
      expect([first?.outcome, dialogue.client.reactor.outbox.list().map(({ state }) => state)]).toEqual(['refused', ['rejected']]);
    });

    it('is rejected if the receipt is accepted: the write was not applied, and never will be', async () => {
      const { dialogue, write, claimId } = await refusedTwice();
      await dialogue.receive({ op: 'transact-ok', 'client-event-id': claimId, 'tx-id': 9 });
      expect([write.outcome, dialogue.client.reactor.outbox.list().map(({ state }) => state)]).toEqual(['refused', ['rejected']]);
    });
  });
});

describe('when receipts are created', () => {
  const isCovered = async (receipts: boolean | undefined, capabilities?: ServerCapabilities): Promise<boolean> => {
    const dialogue = new Dialogue({ receipts });
    await dialogue.client.reactor.account.loaded;
    await dialogue.open(capabilities && { triplane: capabilities });
    await dialogue.create(goalId(1), { title: 'a' });
    return stepsOf(dialogue, 0).some((step) => step[0] === 'add-attr' && step[1]['forward-identity'][1] === receiptEtype);
  };

  it('by default on servers that do not deduplicate event ids', async () => {
    expect(await isCovered(undefined)).toBe(true);
    expect(await isCovered(undefined, { 'deduplicates-transactions': true })).toBe(false);
  });

  it('never on servers that deduplicate event ids, or if the config disables them', async () => {
    expect(await isCovered(true, { 'deduplicates-transactions': true })).toBe(false);
    expect(await isCovered(false)).toBe(false);
  });
});

describe('receipts on a real server that behaves like InstantDB’s', () => {
  let server: TriplaneServer;
  beforeAll(async () => void (server = await createServer()));
  afterAll(() => server.close());

  it('are created and deleted: one is left, however many writes there were', async () => {
    const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
    const webSocket = throughOriginal();
    const db = init({ appId: server.appId, apiURI: server.apiURI, schema, storage: memoryStore(), webSocket });
    for (const title of ['a', 'b', 'c', 'd']) await db.transact(db.tx.goals[id()]!.create({ title })).settled;
    const bare = init({ appId: server.appId, apiURI: server.apiURI, storage: memoryStore() });
    const { data } = await bare.queryOnce({ goals: {}, [receiptEtype]: {} });
    expect([data['goals']?.length, data[receiptEtype]?.length]).toEqual([4, 1]);
    db.shutdown();
    bare.shutdown();
  });
});
