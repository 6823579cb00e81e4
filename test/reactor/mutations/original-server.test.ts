// What a server without our extensions does to writes: it tells the attrs before the refusal that they cause, fails at one write for ever,
// refuses what others build on, and is disabled for a while.

import { describe, expect, it } from 'vitest';

import { Dialogue, type WriteLog } from '../../support/dialogue.ts';
import { addQueryOk, goalAttrs, goalId } from '../../support/goals.ts';
import type { WireAttr } from '../../../src/protocol/attr.ts';
import type { ErrorMessage } from '../../../src/protocol/server-error.ts';

const stepsOf = (dialogue: Dialogue, at: number): readonly (readonly unknown[])[] =>
  dialogue.sentMessages('transact')[at]?.['tx-steps'] ?? [];
const ok = ({ eventId }: WriteLog, txId: number) => ({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': txId }) as const;
const no = ({ eventId }: WriteLog, more: Partial<ErrorMessage> = {}): ErrorMessage => ({
  op: 'error',
  status: 400,
  type: 'permission-denied',
  message: 'no',
  'client-event-id': eventId,
  ...more,
});
const failure: Partial<ErrorMessage> = { status: 500, type: null, message: 'Yikes' };

describe('two clients create one attribute concurrently', () => {
  const theirs: WireAttr = {
    id: 'a7000000-0000-4000-8000-0000000000ff',
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': ['1d000000-0000-4000-8000-0000000000ff', 'goals', 'mood'],
    'unique?': false,
    'index?': false,
  };
  const taken = { type: 'record-not-unique', hint: { 'record-type': 'ident', etype: 'goals', label: 'mood' } };
  const attrsTold = { op: 'refresh-ok', computations: [], attrs: [...goalAttrs, theirs], 'processed-tx-id': 5 } as const;

  it.each(['before', 'after'])(
    'a client that receives the other attr %s its own rejection resends the write with that attr',
    async (order) => {
      const dialogue = await Dialogue.ready();
      const write = await dialogue.update(goalId(1), { mood: 'good' } as never);
      expect(stepsOf(dialogue, 0).map(([op]) => op)).toContain('add-attr');
      const refusal = no(write, taken);
      await dialogue.receive(...(order === 'before' ? [attrsTold, refusal] : [refusal, attrsTold]));
      expect(dialogue.sentIds()).toEqual([write.eventId, write.eventId]);
      expect(stepsOf(dialogue, 1).map(([op]) => op)).not.toContain('add-attr');
      expect(stepsOf(dialogue, 1)).toContainEqual(['add-triple', goalId(1), theirs.id, 'good']);
      await dialogue.receive(ok(write, 6));
      expect(write.outcome).toBe('synced');
      dialogue.end();
    },
  );

  it('a duplicate rejection is not applied to the write that was resent', async () => {
    const dialogue = await Dialogue.ready();
    const write = await dialogue.update(goalId(1), { mood: 'good' } as never);
    await dialogue.receive(attrsTold, no(write, taken), no(write, taken), ok(write, 6));
    expect([dialogue.sentIds(), write.outcome]).toEqual([[write.eventId, write.eventId], 'synced']);
    dialogue.end();
  });
});

it('a client that does not receive the attr opens a new session to get it', async () => {
  const dialogue = await Dialogue.ready();
  const write = await dialogue.update(goalId(1), { mood: 'good' } as never);
  await dialogue.receive(no(write, { type: 'record-not-unique', hint: { 'record-type': 'ident', etype: 'goals', label: 'mood' } }));
  const before = dialogue.channel;
  await dialogue.wait(2_000);
  expect([dialogue.sentIds(), dialogue.channel === before]).toEqual([[write.eventId], true]);
  await dialogue.wait(2_000);
  await dialogue.nextChannelSoon();
  await dialogue.open();
  expect(dialogue.channel).not.toBe(before);
  expect(dialogue.sentIds()).toEqual([write.eventId]);
  dialogue.end();
});

describe('a write that always fails on the server', () => {
  it('becomes rejected with its reason, and writes to other entities overtake it meanwhile', async () => {
    const dialogue = await Dialogue.ready();
    const bad = await dialogue.update(goalId(1), { title: 'bad' });
    await dialogue.receive(no(bad, failure));
    const other = await dialogue.update(goalId(2), { title: 'other' });
    const same = await dialogue.update(goalId(1), { title: 'same row' });
    expect(dialogue.sentIds().slice(1)).toEqual([other.eventId]);
    await dialogue.receive(ok(other, 7));
    expect(other.outcome).toBe('synced');
    let tries = 1;
    for (; tries < 20 && bad.outcome === 'waiting'; tries += 1) {
      for (let second = 0; second < 60 && dialogue.sentIds().filter((id) => id === bad.eventId).length === tries; second += 1)
        await dialogue.wait(1_000);
      await dialogue.receive(no(bad, failure));
    }
    expect([bad.outcome, tries <= 6]).toEqual(['server-failed', true]);
    expect(dialogue.client.reactor.outbox.list()).toMatchObject([{ eventId: bad.eventId, state: 'rejected', error: { status: 500 } }, { eventId: same.eventId }]); // prettier-ignore
    expect(dialogue.sentIds().at(-1)).toBe(same.eventId);
    dialogue.end();
  });

  it('is retried longer if no other write succeeds', async () => {
    const dialogue = await Dialogue.ready();
    const bad = await dialogue.update(goalId(1), { title: 'bad' });
    for (let tries = 1; tries <= 11; tries += 1) {
      await dialogue.receive(no(bad, failure));
      expect(bad.outcome).toBe('waiting');
      for (let second = 0; second < 60 && dialogue.sentIds().length === tries; second += 1) await dialogue.wait(1_000);
    }
    await dialogue.receive(no(bad, failure));
    expect(bad.outcome).toBe('server-failed');
    dialogue.end();
  });
});

describe('a write that links to a row created by a pending write', () => {
  const linkTo = (target: string): unknown => ({
    __ops: [['update', 'goals', goalId(2), { title: 'child' }], ['link', 'goals', goalId(2), { parent: target }]], // prettier-ignore
    __etype: 'goals',
  });

  it('is not sent before the response, and is blocked after a rejection', async () => {
    const dialogue = await Dialogue.ready();
    const parent = await dialogue.update(goalId(1), { title: 'parent' });
    const child = await dialogue.transact(linkTo(goalId(1)));
    expect(dialogue.sentIds()).toEqual([parent.eventId]);
    await dialogue.receive(no(parent));
    expect(dialogue.sentIds()).toEqual([parent.eventId]);
    expect(dialogue.client.reactor.outbox.list()).toMatchObject([{ state: 'rejected' }, { eventId: child.eventId, state: 'blocked' }]);
    dialogue.end();
  });

  it('is sent as soon as the row exists', async () => {
    const dialogue = await Dialogue.ready();
    const parent = await dialogue.update(goalId(1), { title: 'parent' });
    const child = await dialogue.transact(linkTo(goalId(1)));
    await dialogue.receive(ok(parent, 4));
    expect(dialogue.sentIds()).toEqual([parent.eventId, child.eventId]);
    dialogue.end();
  });

  it('is the only kind that waits: updates and deletions of the row are sent at once', async () => {
    const dialogue = await Dialogue.ready();
    const first = await dialogue.update(goalId(1), { title: 'a' });
    const second = await dialogue.update(goalId(1), { title: 'b' });
    const third = await dialogue.transact({ __ops: [['delete', 'goals', goalId(1)]], __etype: 'goals' });
    expect(dialogue.sentIds()).toEqual([first, second, third].map(({ eventId }) => eventId));
    dialogue.end();
  });
});

describe('an app that is disabled for a while', () => {
  const status = (to: 'active' | 'disabled') => ({ op: 'app-status-changed', status: to }) as const;

  it('a pending write is sent once, in the session that opens when the app is enabled', async () => {
    const dialogue = await Dialogue.ready();
    const write = await dialogue.update(goalId(1), { title: 'a' });
    await dialogue.receive(no(write, { type: 'app-disabled', hint: { status: 'disabled' } }), status('disabled'));
    const before = dialogue.channel;
    dialogue.channel.on.message(status('active'));
    await dialogue.nextChannelSoon();
    expect(dialogue.sentIds(before)).toEqual([write.eventId]);
    await dialogue.open();
    expect(dialogue.sentIds()).toEqual([write.eventId]);
    dialogue.end();
  });

  it('a query subscribed to meanwhile receives the error, and its result when the app is enabled', async () => {
    const dialogue = await Dialogue.ready();
    await dialogue.receive(status('disabled'));
    const seen = await dialogue.subscribe();
    const refusal = { type: 'app-disabled', message: 'This app is currently disabled.', hint: { status: 'disabled' } };
    const [asked] = dialogue.sentMessages('add-query');
    await dialogue.receive({ op: 'error', status: 400, ...refusal, 'client-event-id': asked?.['client-event-id'] ?? '' });
    expect(seen.errors).toMatchObject([{ type: 'app-disabled' }]);
    dialogue.channel.on.message(status('active'));
    await dialogue.nextChannelSoon();
    await dialogue.open();
    await dialogue.receive(addQueryOk([{ id: goalId(1), title: 'a' }], 3));
    expect(seen.results.at(-1)?.data['goals']).toHaveLength(1);
    dialogue.end();
  });
});
