// What the sender does where a server refuses a request as too large, and where one never reaches it.

import { describe, expect, it } from 'vitest';

import { PostQueue } from '../../../src/connection/sse/post-queue.ts';
import type { CloseReason } from '../../../src/connection/transport.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import type { ClientMessage } from '../../../src/protocol/client-message.ts';
import { VirtualClock, settled } from '../../../src/testing/virtual/clock.ts';

const session = { machineId: 'm', sessionId: 's', sseToken: 't' };
const topic = (n: number, text = ''): ClientMessage => ({
  op: 'client-broadcast',
  'client-event-id': `e${n}`,
  'room-id': 'r',
  topic: 'ping',
  data: text,
});

function queueTo(maxBytes: number): { queue: PostQueue; accepted: string[]; lost: CloseReason[] } {
  const accepted: string[] = [];
  const lost: CloseReason[] = [];
  const server: typeof fetch = (_url, init) => {
    const body = init?.body as string;
    if (body.length > maxBytes) return Promise.resolve(new Response('{}', { status: 413 }));
    const { messages } = JSON.parse(body) as { messages: ClientMessage[] };
    accepted.push(...messages.map((message) => String(message['client-event-id'])));
    return Promise.resolve(new Response('{}'));
  };
  const queue = new PostQueue(
    { url: 'http://server', fetch: server, clock: new VirtualClock(), random: systemRandom, canProbe: true },
    session,
    (why) => lost.push(why),
  );
  return { queue, accepted, lost };
}

async function posted(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled();
}

describe('status 413', () => {
  it('for many messages makes the client send fewer at a time, in order, on the same connection', async () => {
    const { queue, accepted, lost } = queueTo(500);
    for (let n = 0; n < 10; n++) queue.add(topic(n));
    await posted();
    expect(accepted).toEqual(Array.from({ length: 10 }, (_, n) => `e${n}`));
    expect(lost).toEqual([]);
  });

  it('for one message closes the connection with code 1009', async () => {
    const { queue, accepted, lost } = queueTo(500);
    queue.add(topic(1));
    queue.add(topic(2, 'x'.repeat(1000)));
    queue.add(topic(3));
    await posted();
    expect(accepted).toEqual(['e1']);
    expect(lost).toMatchObject([{ code: 1009, message: { 'client-event-id': 'e2' } }]);
  });
});

/** A line on which `passes` decides about each POST, in virtual time. */
function lineTo(
  passes: (body: string, nowMs: number) => boolean | number | Response,
  canProbe = true,
): {
  queue: PostQueue;
  clock: VirtualClock;
  posts: { ids: string[]; isSent: boolean }[];
  lost: CloseReason[];
} {
  const clock = new VirtualClock();
  const posts: { ids: string[]; isSent: boolean }[] = [];
  const lost: CloseReason[] = [];
  const server: typeof fetch = (_url, init) => {
    const body = init?.body as string;
    const { messages } = JSON.parse(body) as { messages: ClientMessage[] };
    const result = passes(body, clock.monotonicNow());
    posts.push({ ids: messages.map((message) => String(message['client-event-id'])), isSent: result === true });
    if (result === true) return Promise.resolve(new Response('{}'));
    if (result === false) return Promise.reject(new TypeError('connection reset'));
    return Promise.resolve(typeof result === 'number' ? new Response('{}', { status: result }) : result);
  };
  const random = { ...systemRandom, next: () => 0.5, eventId: () => 'probe' };
  const queue = new PostQueue({ url: 'http://server', fetch: server, clock, random, canProbe }, session, (why) => lost.push(why));
  return { queue, clock, posts, lost };
}

const isSmall = (body: string): boolean => body.length < 1000;
const query = (n: number): ClientMessage => ({ op: 'add-query', 'client-event-id': `q${n}`, q: { goals: {}, n: {} } });

describe('a POST that never gets through', () => {
  it.each([
    ['is reset', (body: string) => isSmall(body)],
    ['gets status 502', (body: string) => isSmall(body) || 502],
  ])('%s: its message is named after 45 to 60 s, and what came with it and other lanes are sent meanwhile', async (_, passes) => {
    const { queue, clock, posts, lost } = lineTo(passes);
    for (const n of [1, 2]) queue.add(topic(n));
    queue.add(topic(3, 'x'.repeat(1000)));
    queue.add(topic(4));
    queue.add(query(1));
    await clock.advance(20_000);
    const sent = (): string[] => posts.flatMap(({ ids, isSent }) => (isSent ? ids.filter((id) => id !== 'probe') : []));
    expect(sent()).toEqual(['q1', 'e1', 'e2']);
    queue.add(query(2));
    await clock.advance(24_000);
    expect([sent(), lost]).toEqual([['q1', 'e1', 'e2', 'q2'], []]);
    await clock.advance(16_000);
    expect(lost).toMatchObject([{ code: 1006, message: { 'client-event-id': 'e3' } }]);
    expect(posts.filter(({ ids }) => ids.includes('e3')).length).toBeLessThan(30);
    expect(clock.timers).toBe(0);
  });

  it('is refused for what is in it: its message is named at once', async () => {
    const { queue, clock, lost } = lineTo((body) => isSmall(body) || 403);
    queue.add(topic(1));
    queue.add(topic(2, 'x'.repeat(1000)));
    await clock.advance(1_000);
    expect(lost).toMatchObject([{ code: 1006, message: { 'client-event-id': 'e2' } }]);
  });

  // The process that has the stream stood still for a moment, and answers the small POST.
  it.each([['member-missing'], ['session-missing']])('is refused with %s: the session is lost, and no message is named', async (type) => {
    const { queue, clock, lost } = lineTo((body) => isSmall(body) || Response.json({ type, message: 'gone', hint: {} }, { status: 400 }));
    queue.add(topic(1, 'x'.repeat(1000)));
    await clock.advance(1_000);
    expect(lost).toEqual([{ code: 1006, reason: expect.any(String) as string }]);
  });

  it.each([
    ['an outage', () => false, 1013],
    ['a session that is gone', () => 400, 1006],
  ])('%s names no message', async (_, passes, code) => {
    const { queue, clock, lost } = lineTo(passes);
    queue.add(topic(1, 'x'.repeat(1000)));
    await clock.advance(120_000);
    expect(lost).toEqual([{ code, reason: expect.any(String) as string }]);
  });

  it('over a session that answers no probe, the connection is given up after eight attempts', async () => {
    const { queue, clock, posts, lost } = lineTo(isSmall, false);
    queue.add(topic(1, 'x'.repeat(1000)));
    await clock.advance(60_000);
    expect([posts.length, lost.map(({ message }) => message)]).toEqual([8, [undefined]]);
  });

  it('for less than 45 s is sent again until it does', async () => {
    const { queue, clock, posts, lost } = lineTo((body, nowMs) => isSmall(body) || nowMs > 40_000);
    queue.add(topic(1, 'x'.repeat(1000)));
    queue.add(topic(2));
    await clock.advance(60_000);
    expect(posts.flatMap(({ ids, isSent }) => (isSent ? ids.filter((id) => id !== 'probe') : []))).toEqual(['e1', 'e2']);
    expect(lost).toEqual([]);
  });

  it('but is merely slow gets the time that its size takes', async () => {
    const clock = new VirtualClock();
    const sent: number[] = [];
    const slow: typeof fetch = (_url, init) =>
      new Promise((resolve, reject) => {
        const timer = clock.setTimeout(() => {
          sent.push(clock.monotonicNow());
          resolve(new Response('{}'));
        }, 30_000);
        init?.signal?.addEventListener('abort', () => {
          clock.clearTimeout(timer);
          reject(new TypeError('aborted'));
        });
      });
    const lost: CloseReason[] = [];
    const queue = new PostQueue({ url: 'http://server', fetch: slow, clock, random: systemRandom, canProbe: true }, session, (why) =>
      lost.push(why),
    );
    queue.add(topic(1, 'x'.repeat(1_000_000)));
    await clock.advance(31_000);
    expect([sent, lost]).toEqual([[30_000], []]);
  });
});
