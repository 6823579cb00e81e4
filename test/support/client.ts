// A Reactor on a line that a test holds in its hand, with a clock it moves.

import type { FakeChannel } from './fake-line.ts';
import { FakeTransport } from './fake-line.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { VirtualConnectivity } from '../../src/testing/virtual/connectivity.ts';
import type { ClientMessage, ClientOp } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { QueryResult } from '../../src/query/query.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import { type Platform, Reactor } from '../../src/reactor/reactor.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { alwaysLeader } from '../../src/reactor/tabs/tab-channel.ts';
import { boundedStore } from '../../src/storage/bounded-store.ts';
import { memoryStore } from '../../src/storage/memory.ts';

export const appId = 'a9900000-0000-4000-8000-000000000001';

export interface TestClient {
  readonly reactor: Reactor;
  readonly transport: FakeTransport;
  readonly clock: VirtualClock;
  readonly network: VirtualConnectivity;
  readonly errors: Error[];
  /** What the server says, on the newest line. */
  receive(message: ServerMessage): Promise<void>;
  /** What was said on the newest line, of one op. */
  sentMessages<Op extends ClientOp>(op: Op): Extract<ClientMessage, { readonly op: Op }>[];
}

type Options = Partial<ReactorConfig & Platform>;

/** Each line opens at once; `init` is left to the test to answer. */
export function testClient(
  { transports, tabs, ...config }: Options = {},
  greet: (channel: FakeChannel) => void = (channel) => channel.on.opened(),
): TestClient {
  const transport = new FakeTransport(greet);
  const clock = new VirtualClock();
  const { store = memoryStore() } = config;
  const network = new VirtualConnectivity();
  const errors: Error[] = [];
  const reactorConfig: ReactorConfig = {
    appId,
    useDates: false,
    validate: false,
    clock,
    random: systemRandom,
    network,
    log: silent,
    receipts: false,
    outboxLimit: 100_000,
    queryCacheLimit: 10,
    local: false,
    roomsByType: false,
    queryTimeoutMs: 30_000,
    serverName: 'the test server',
    onError: (error) => errors.push(error),
    ...config,
    store: boundedStore(store, config.clock ?? clock),
  };
  const reactor = new Reactor(reactorConfig, { transports: transports ?? [transport], tabs: tabs ?? alwaysLeader() });
  return {
    reactor,
    transport,
    clock,
    network,
    errors,
    async receive(message) {
      transport.channel.on.message(message);
      await settled();
    },
    sentMessages: (op) =>
      transport.channel.sent.filter((message): message is Extract<ClientMessage, { readonly op: typeof op }> => message.op === op),
  };
}

/** Collects what a listener is told. */
export function listener(): {
  onResult: (result: QueryResult) => void;
  onError: (error: Error) => void;
  readonly results: QueryResult[];
  readonly errors: Error[];
  readonly last: QueryResult | undefined;
} {
  const results: QueryResult[] = [];
  const errors: Error[] = [];
  return {
    results,
    errors,
    onResult: (result) => void results.push(result),
    onError: (error) => void errors.push(error),
    get last() {
      return results.at(-1);
    },
  };
}
