// What the sender does where a server refuses a request as too large.

import { describe, expect, it } from 'vitest';

import { PostQueue } from '../../../src/connection/sse/post-queue.ts';
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

function queueTo(maxBytes: number): { queue: PostQueue; accepted: string[]; lost: unknown[][] } {
  const accepted: string[] = [];
  const lost: unknown[][] = [];
  const server: typeof fetch = (_url, init) => {
    const body = init?.body as string;
    if (body.length > maxBytes) return Promise.resolve(new Response('{}', { status: 413 }));
    const { messages } = JSON.parse(body) as { messages: ClientMessage[] };
    accepted.push(...messages.map((message) => String(message['client-event-id'])));
    return Promise.resolve(new Response('{}'));
  };
  const queue = new PostQueue({ url: 'http://server', fetch: server, clock: new VirtualClock(), random: systemRandom }, session, (...why) =>
    lost.push(why),
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
    expect(lost).toEqual([[expect.stringContaining('too large'), 1009]]);
  });
});
