// Many clients, cut off together by a server that restarts.

import { expect, test } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { VirtualClock } from '../../src/testing/virtual/clock.ts';
import { type FakeChannel, FakeTransport } from '../support/fake-line.ts';
import { VirtualConnectivity } from '../../src/testing/virtual/connectivity.ts';

function connect(transport: FakeTransport, clock: VirtualClock, next: () => number): void {
  const config = {
    transports: [transport],
    clock,
    network: new VirtualConnectivity(),
    log: silent,
    random: { ...systemRandom, next },
    probe: () => ({ op: 'remove-query', q: {} }) as const,
  };
  const connection = new Connection(config, {
    opened: () => {},
    message: () => connection.ready(),
    down: () => {},
    status: () => {},
    fault: () => {},
  });
  connection.start();
}

test('100 clients of a server that is back after 15 s do not reconnect all at once', async () => {
  const clock = new VirtualClock();
  let isUp = true;
  const arrivals: number[] = [];
  const greet = (channel: FakeChannel): void => {
    if (!isUp) return channel.on.closed({ code: 1006, reason: '' });
    arrivals.push(clock.now());
    channel.on.opened();
    channel.on.message({ op: 'init-ok', 'session-id': 's' });
  };
  const transports = Array.from({ length: 100 }, () => new FakeTransport(greet));
  transports.forEach((transport, client) => {
    let draw = client / 100;
    connect(transport, clock, () => (draw = (draw + 0.618_033_988_75) % 1));
  });
  await clock.advance(1_000);
  isUp = false;
  for (const { channel } of transports) channel.on.closed({ code: 1006, reason: '' });
  await clock.advance(15_000);
  arrivals.length = 0;
  isUp = true;
  await clock.advance(8_000);
  expect(arrivals).toHaveLength(100);
  const inQuarter = arrivals.map((from) => arrivals.filter((each) => each >= from && each < from + 250).length);
  expect(Math.max(...inQuarter)).toBeLessThan(15);
});
