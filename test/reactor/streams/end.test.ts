// A stream that the server cannot finish: closing it ends within a limit that counts only while there is a session.

import { describe, expect, it } from 'vitest';

import { systemRandom } from '../../../src/lib/random.ts';
import type { ClientMessage } from '../../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../../src/protocol/server-message.ts';
import { StreamSubscriptions } from '../../../src/streams/stream-subscriptions.ts';
import { StreamWriter } from '../../../src/streams/stream-writer.ts';
import { VirtualClock, settled } from '../../../src/testing/virtual/clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const sent: ClientMessage[] = [];
  const run = (effects: readonly { readonly message: ClientMessage }[]): void => void sent.push(...effects.map(({ message }) => message));
  const subscriptions = new StreamSubscriptions(systemRandom);
  const writer = new StreamWriter({ config: { clock, random: systemRandom }, isOpen: true, run }, subscriptions, { clientId: 'log' });
  const outcome: unknown[] = [];
  const startOk = (): void => {
    const { 'client-event-id': eventId = null } = sent.findLast(({ op }) => op === 'start-stream') ?? {};
    const message = { op: 'start-stream-ok', 'client-event-id': eventId, 'stream-id': 's1', offset: 0 } as ServerMessage;
    run(subscriptions.onMessage(message, { nowMs: clock.monotonicNow() }));
  };
  const close = (): void => void writer.close().then(() => outcome.push('stored'), (error: unknown) => outcome.push((error as { code?: string }).code)); // prettier-ignore
  /** What the owner of the subscriptions does: it looks when something is due. */
  const pass = async (ms: number): Promise<void> => {
    for (const end = clock.monotonicNow() + ms; clock.monotonicNow() < end;) {
      await clock.advance(Math.min(end - clock.monotonicNow(), 500));
      if (subscriptions.nextDeadline() <= clock.monotonicNow()) run(subscriptions.onDeadline(clock.monotonicNow()));
      await settled();
    }
  };
  return { clock, sent, run, subscriptions, writer, outcome, startOk, close, pass };
}

describe('closing a stream', () => {
  it('that the server never confirms rejects with a timeout after 30 s', async () => {
    const { outcome, startOk, writer, close, pass } = setUp();
    startOk();
    await writer.write('a');
    close();
    await pass(29_000);
    expect(outcome).toEqual([]);
    await pass(2_000);
    expect(outcome).toEqual(['timeout']);
  });

  it('that the server repeatedly fails to store rejects with server-failed, within the same time', async () => {
    const { outcome, startOk, writer, close, pass, subscriptions, clock, run } = setUp();
    startOk();
    await writer.write('a');
    close();
    for (let second = 0; second < 31; second += 1) {
      if (writer.state === 'asked') startOk();
      run(subscriptions.onMessage({ op: 'append-failed', 'stream-id': 's1' }, { nowMs: clock.monotonicNow() }));
      await pass(1_000);
    }
    expect(outcome).toEqual(['server-failed']);
  });

  it('whose connection is lost restarts the timeout with the next session', async () => {
    const { outcome, startOk, writer, close, pass, subscriptions, clock, run } = setUp();
    startOk();
    await writer.write('a');
    close();
    await pass(10_000);
    run(subscriptions.onDisconnect());
    await pass(600_000);
    expect(outcome).toEqual([]);
    run(subscriptions.onSessionOpen());
    startOk();
    await pass(10_000);
    run(subscriptions.onMessage({ op: 'stream-flushed', 'stream-id': 's1', offset: 1, done: true }, { nowMs: clock.monotonicNow() }));
    await settled();
    expect(outcome).toEqual(['stored']);
  });
});
