// A Reactor on a line that a test holds in its hand, with a clock it moves.

import type { FakeLine } from './fake-line.ts';
import { FakeTransport } from './fake-line.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { FakeNetwork } from './fake-network.ts';
import type { ClientMessage, ClientOp } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { QueryResult } from '../../src/query/query.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import { type OpenOutside, Outside, type Platform } from '../../src/reactor/outside.ts';
import type { Part } from '../../src/reactor/part.ts';
import { Reactor } from '../../src/reactor/reactor.ts';
import { silent } from '../../src/lib/log.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { alone } from '../../src/tabs/tabs.ts';
import { memoryStore } from '../../src/storage/memory.ts';

export const appId = 'a9900000-0000-4000-8000-000000000001';

export interface TestClient {
  readonly reactor: Reactor;
  readonly transport: FakeTransport;
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly errors: Error[];
  /** What the server says, on the newest line. */
  hear(message: ServerMessage): Promise<void>;
  /** What was said on the newest line, of one op. */
  said<Op extends ClientOp>(op: Op): Extract<ClientMessage, { readonly op: Op }>[];
}

type Loaded = Pick<Part<OpenOutside>, 'here' | 'load'>;

interface Options extends Partial<ReactorConfig & Platform> {
  /** How the way out comes to be there: from the start, unless it is said. */
  readonly way?: (open: OpenOutside) => Loaded;
}

const there = (open: OpenOutside): Loaded => ({ here: open, load: async () => open });

/** Each line opens at once; `init` is left to the test to answer. */
export function testClient(
  { transports, tabs, way = there, ...config }: Options = {},
  greet: (line: FakeLine) => void = (line) => line.on.opened(),
): TestClient {
  const transport = new FakeTransport(greet);
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const errors: Error[] = [];
  const open: OpenOutside = (inside) => new Outside(inside, { transports: transports ?? [transport], tabs: tabs ?? alone() });
  const reactorConfig: ReactorConfig = {
    appId,
    useDates: false,
    validate: false,
    clock,
    random: systemRandom,
    network,
    log: silent,
    store: memoryStore(),
    receipts: false,
    outboxLimit: 100_000,
    answerLimit: 10,
    local: false,
    roomsByType: false,
    queryTimeoutMs: 30_000,
    serverName: 'the test server',
    onError: (error) => errors.push(error),
    ...config,
  };
  const reactor = new Reactor(reactorConfig, way(open));
  return {
    reactor,
    transport,
    clock,
    network,
    errors,
    async hear(message) {
      transport.line.on.message(message);
      await settled();
    },
    said: (op) => transport.line.sent.filter((message): message is Extract<ClientMessage, { readonly op: typeof op }> => message.op === op),
  };
}

/** Collects what a listener is told. */
export function listener(): {
  told: (result: QueryResult) => void;
  failed: (error: Error) => void;
  readonly results: QueryResult[];
  readonly errors: Error[];
  readonly last: QueryResult | undefined;
} {
  const results: QueryResult[] = [];
  const errors: Error[] = [];
  return {
    results,
    errors,
    told: (result) => void results.push(result),
    failed: (error) => void errors.push(error),
    get last() {
      return results.at(-1);
    },
  };
}
