// When events are sent, and what becomes of them: time is moved by hand, and the receiver answers what a test says.

import { describe, expect, test } from 'vitest';

import { type Outbound, OutboundError } from '../../../src/server/outbound.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { WebhookSettings } from '../../../src/server/webhooks/settings.ts';
import { webhooksOf } from '../../../src/server/webhooks/webhook.ts';
import { appId, bench, blob, newId } from '../bench.ts';

const [goalsId, goalsTitle] = [blob('goals', 'id'), blob('goals', 'title')];
const minuteMs = 60_000;

interface Sent {
  readonly atMs: number;
  readonly url: string;
  readonly key: string;
}

async function world(answer: (sent: Sent) => number | Error | 'never', storage = memory()) {
  const sent: Sent[] = [];
  const webhookOutbound: Outbound = async (url, options) => {
    const one = { atMs: made.clock.now(), url, key: options?.headers?.['idempotency-key'] ?? '' };
    sent.push(one);
    const status = answer(one);
    if (status === 'never') return new Promise(() => {});
    if (typeof status !== 'number') throw status;
    return new Response(status === 204 ? null : `answer ${status}`, { status });
  };
  const made = bench({ storage, webhookOutbound });
  const app = await made.hub.app(appId);
  const settings = new WebhookSettings(appId, app.ledger);
  const writer = await made.open();
  const write = async (title = 'a', id = newId()): Promise<string> => {
    const steps = [
      ['add-attr', goalsId],
      ['add-attr', goalsTitle],
      ['add-triple', id, goalsId.id, id],
      ['add-triple', id, goalsTitle.id, title],
    ];
    await writer.request({ op: 'transact', 'tx-steps': steps });
    return id;
  };
  await write();
  const webhookId = newId();
  const create = () =>
    settings.create(webhookId, { url: 'https://receiver.example/', namespaces: ['goals'], actions: ['create', 'update'] });
  const isSending = (): boolean => app.webhooks.eventsOf(webhookId).some(({ status }) => status === 'processing');
  /** Signing is done on another thread: it takes real time. */
  const pass = async (ms: number): Promise<void> => {
    await made.clock.advance(ms);
    await expect.poll(isSending).toBe(false);
    await made.clock.advance(0);
  };
  const events = () => app.webhooks.eventsOf(webhookId);
  return { ...made, app, settings, sent, write, create, pass, events, webhookId, writer };
}

describe('an event', () => {
  test('is retried ten times after increasing delays, and then fails', async () => {
    const { create, write, pass, sent, events, clock } = await world(() => 503);
    await create();
    await write();
    const waits = [0, 1, 5, 30, 120, 300, 600, 720, 720, 720, 720];
    for (const [at, minutes] of waits.entries()) {
      const lastMs = sent.at(-1)?.atMs ?? clock.now();
      await pass(Math.max(0, lastMs + minutes * minuteMs - 1000 - clock.now()));
      expect(sent).toHaveLength(at);
      await pass(2000);
      expect(sent).toHaveLength(at + 1);
    }
    expect(events()).toMatchObject([{ status: 'failed', nextAt: null }]);
    expect(events()[0]!.attempts).toHaveLength(11);
    expect(events()[0]!.attempts![0]).toMatchObject({ 'status-code': 503, 'response-text': 'answer 503', 'success?': false });
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    await pass(100 * 60 * minuteMs);
    expect(sent).toHaveLength(11);
  });

  test('succeeds when a retry gets a response; a failed attempt has the reason', async () => {
    let count = 0;
    const { create, write, pass, events } = await world(() => (++count === 1 ? new OutboundError('dns', 'no such host') : 204));
    await create();
    await write();
    await pass(1000);
    expect(events()).toMatchObject([{ status: 'error', attempts: [{ 'error-type': 'dns', 'error-message': 'no such host' }] }]);
    await pass(minuteMs);
    expect(events()).toMatchObject([{ status: 'success', nextAt: null, attempts: [{}, { 'success?': true, 'status-code': 204 }] }]);
  });

  test('fails if the receiver responds 410, and the webhook is disabled with the reason', async () => {
    const { create, write, pass, events, app, sent } = await world(() => 410);
    await create();
    await write();
    await pass(1000);
    expect(events()).toMatchObject([{ status: 'failed' }]);
    expect(webhooksOf(app.ledger.records)).toMatchObject([{ status: 'disabled', reason: expect.stringContaining('410') }]);
    await write();
    await pass(minuteMs);
    expect(sent).toHaveLength(1);
    expect(events()).toHaveLength(1);
  });

  test('that is pending when the webhook is disabled is not sent', async () => {
    const { create, write, pass, events, settings, sent, webhookId } = await world(() => 503);
    await create();
    await write();
    await pass(1000);
    await settings.disable(webhookId, undefined);
    await pass(minuteMs);
    expect(sent).toHaveLength(1);
    expect(events()).toMatchObject([{ status: 'failed', attempts: [{}, { 'error-type': 'disabled' }] }]);
  });

  test('is written once for each transaction that changes data, and not for a rejected one', async () => {
    const { create, write, pass, events, writer, sent } = await world(() => 200);
    await create();
    const rejected = await writer.request({ op: 'transact', 'tx-steps': [['add-triple', newId(), newId(), 1]] });
    expect(rejected).toMatchObject([{ op: 'error' }]);
    const goal = await write('a');
    await write('b', goal);
    await write('b', goal);
    await pass(1000);
    expect(events().map(({ changes }) => changes.map(({ action, after }) => [action, after?.['title']]))).toEqual([
      [['update', 'b']],
      [['create', 'a']],
    ]);
    expect(sent).toHaveLength(2);
  });

  test('keeps the app in memory until it is completed', async () => {
    const { create, write, pass, app } = await world(() => 503);
    await create();
    expect(app.webhooks.isBusy).toBe(false);
    await write();
    await pass(1000);
    expect(app.webhooks.isBusy).toBe(true);
  });
});

test('two servers on one storage send each event once', async () => {
  const storage = memory();
  const one = await world(() => 200, { ...storage, close: async () => {} });
  const two = await world(() => 200, storage);
  await one.create();
  for (let n = 0; n < 5; n++) await one.write();
  for (let n = 0; n < 5; n++) {
    await one.pass(1000);
    await two.pass(1000);
  }
  const keys = [...one.sent, ...two.sent].map(({ key }) => key);
  expect(keys).toHaveLength(5);
  expect(new Set(keys).size).toBe(5);
});

test('an event of a server that was killed while sending is sent by another after a minute', async () => {
  const storage = memory();
  const hanging = await world(() => 'never', { ...storage, close: async () => {} });
  await hanging.create();
  await hanging.write();
  await hanging.clock.advance(1000);
  await expect.poll(() => hanging.sent.length).toBe(1);
  const next = await world(() => 200, storage);
  await next.clock.advance(50_000);
  expect(next.sent.map(({ key }) => key)).not.toContain(hanging.sent[0]?.key);
  await next.clock.advance(20_000);
  await expect.poll(() => next.app.webhooks.eventsOf(hanging.webhookId).map(({ status }) => status)).toEqual(['success', 'success']);
  expect(next.sent.map(({ key }) => key)).toContain(hanging.sent[0]?.key);
});

test('completed events make room for those that wait for a slow receiver, none of which is dropped', async () => {
  const { create, write, pass, events, settings, webhookId } = await world(() => 200);
  await create();
  await write('first');
  await pass(1000);
  await settings.disable(webhookId, undefined);
  await settings.enable(webhookId);
  for (let n = 0; n < 1001; n++) await write(String(n));
  expect(events().length).toBe(1001);
  expect(events().some(({ changes }) => changes.some(({ after }) => after?.['title'] === 'first'))).toBe(false);
});

test('a receiver that never answers holds up no other webhook of the app', async () => {
  const { settings, write, clock, sent, app } = await world(({ url }) => (url.includes('stalled') ? 'never' : 200));
  const [stalled, good] = [newId(), newId()];
  const wanted = { namespaces: ['goals'], actions: ['create'] };
  await settings.create(stalled, { url: 'https://stalled.example/', ...wanted });
  for (let n = 0; n < 10; n++) await write();
  await settings.create(good, { url: 'https://receiver.example/', ...wanted });
  for (let n = 0; n < 10; n++) await write();
  const succeeded = async (): Promise<number> => {
    await clock.advance(1);
    return app.webhooks.eventsOf(good).filter(({ status }) => status === 'success').length;
  };
  await expect.poll(succeeded).toBe(10);
  expect(sent.filter(({ url }) => url.includes('stalled')).length).toBeLessThanOrEqual(4);
});
