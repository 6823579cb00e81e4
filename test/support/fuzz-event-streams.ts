// Sessions over event streams, with the server's own HTTP: clients that leave at any moment, stop reading, repeat their posts, or post for a
// session that is gone. A write of a client that stays is
// carried out once, however often it was posted, and nothing is left of those that went.

import { createServer, request, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { systemClock } from '../../src/lib/clock.ts';
import { silent } from '../../src/lib/log.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { requestListener } from '../../src/server/http/request-listener.ts';
import { adminToken, appId, bench, newId, rest, type Bench } from '../server/bench.ts';
import { patienceMs } from './eventually.ts';

const every = 50;
const clients = 4;
const path = `/runtime/sse?app_id=${appId}`;
const turns = fc.nat(6);
const act = fc.oneof(
  { arbitrary: fc.record({ is: fc.constant('open' as const), turns }), weight: 3 },
  {
    arbitrary: fc.record({
      is: fc.constant('post' as const),
      times: fc.constantFrom(1, 1, 2, 3),
      messages: fc.constantFrom(1, 1, 5, 300),
      what: fc.constantFrom('write', 'join', 'broadcast', 'shout', 'query', 'nonsense'),
    }),
    weight: 8,
  },
  { arbitrary: fc.record({ is: fc.constant('post to nobody' as const) }), weight: 1 },
  { arbitrary: fc.record({ is: fc.constant('stall' as const) }), weight: 1 },
  { arbitrary: fc.record({ is: fc.constant('read' as const) }), weight: 1 },
  { arbitrary: fc.record({ is: fc.constant('leave' as const), turns }), weight: 2 },
  { arbitrary: fc.record({ is: fc.constant('rest' as const) }), weight: 2 },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
type What = Extract<Act, { readonly is: 'post' }>['what'];

const attr = {
  ...{ id: '1d000000-0000-4000-8000-000000000001', 'forward-identity': ['f1000000-0000-4000-8000-000000000001', 'goals', 'id'] },
  ...{ 'value-type': 'blob', cardinality: 'one', 'unique?': true, 'index?': false },
};

const messageOf = (what: What): object => {
  const id = newId();
  const messages: Record<What, object> = {
    write: { op: 'transact', 'tx-steps': [['add-triple', id, attr.id, id]] },
    join: { op: 'join-room', 'room-type': 'r', 'room-id': 'hall', data: { id } },
    broadcast: { op: 'client-broadcast', 'room-id': 'hall', topic: 't', data: id },
    shout: { op: 'client-broadcast', 'room-id': 'hall', topic: 't', data: 'x'.repeat(10_000) },
    query: { op: 'add-query', q: { goals: { $: { where: { id } } } } },
    nonsense: { op: id },
  };
  return { 'client-event-id': newId(), ...messages[what] };
};

class Client {
  readonly #port: number;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #text = '';
  #key: Readonly<Record<string, string>> | undefined;
  /** What each write was answered with. A repeated post is answered again. */
  readonly answers = new Map<string, Set<unknown>>();
  readonly posted = new Set<string>();
  hasEnded = false;

  constructor(port: number) {
    this.#port = port;
    this.#request = request({ port, path }, (response) => {
      this.#response = response;
      response.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1'))).on('error', () => {});
      response.on('close', () => (this.hasEnded = true));
    });
    this.#request.on('error', () => (this.hasEnded = true)).end();
  }

  get isReady(): boolean {
    return this.#key !== undefined && !this.hasEnded;
  }

  #read(chunk: string): void {
    const events = (this.#text + chunk).split('\n\n');
    this.#text = events.pop() ?? '';
    for (const event of events) {
      const parsed = JSON.parse(event.slice(event.indexOf('data:') + 5)) as Record<string, string> | Record<string, string>[];
      for (const message of [parsed].flat()) this.#heard(message);
    }
  }

  #heard(message: Record<string, string>): void {
    const id = message['client-event-id'] ?? '';
    if (message['op'] === 'sse-init')
      this.#key = {
        machine_id: message['machine-id'] ?? '',
        session_id: message['session-id'] ?? '',
        sse_token: message['sse-token'] ?? '',
      };
    else if (this.posted.has(id)) this.answers.set(id, (this.answers.get(id) ?? new Set()).add(message['tx-id'] ?? message['type']));
  }

  /** Returns the status, if there was one. */
  post(messages: readonly object[]): Promise<number | undefined> {
    return post(this.#port, this.#key ?? nobody, messages);
  }

  stall(): void {
    this.#response?.pause();
  }

  read(): void {
    this.#response?.resume();
  }

  leave(): void {
    this.hasEnded = true;
    this.#request.destroy();
  }
}

const nobody = { machine_id: newId(), session_id: newId(), sse_token: newId() };

function post(port: number, key: object, messages: readonly object[]): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve) => {
    const sent = request({ port, path, method: 'POST', headers }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode));
    });
    sent.on('error', () => resolve(undefined)).end(JSON.stringify({ ...key, messages }));
  });
}

class World {
  readonly faults: string[] = [];
  readonly #port: number;
  readonly #bench: Bench;
  readonly #clients: (Client | undefined)[] = Array.from({ length: clients }, () => undefined);
  readonly #posting = new Set<Promise<unknown>>();

  constructor(server: Server, made: Bench) {
    this.#port = (server.address() as AddressInfo).port;
    this.#bench = made;
  }

  async #turns(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
  }

  #expect(sent: Promise<number | undefined>, expected: readonly number[]): void {
    const posting = sent.then((status) => {
      if (status === undefined || !expected.includes(status)) this.faults.push(`a post was answered with ${status}`);
      this.#posting.delete(posting);
    });
    this.#posting.add(posting);
  }

  async #open(at: number, wait: number): Promise<void> {
    this.#clients[at]?.leave();
    const client = new Client(this.#port);
    this.#clients[at] = client;
    await this.#turns(wait * 4);
    await this.#until(() => client.isReady || client.hasEnded, 'a stream did not open');
    this.#expect(client.post([{ op: 'init', 'app-id': appId, '__admin-token': adminToken, 'client-event-id': newId() }]), [200, 400]);
  }

  async #until(isTrue: () => boolean, fault: string): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!isTrue()) {
      if (performance.now() > end) return void this.faults.push(fault);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async act(at: number, what: Act): Promise<void> {
    const client = this.#clients[at];
    if (what.is === 'open') return this.#open(at, what.turns);
    if (what.is === 'rest') return rest();
    if (what.is === 'post to nobody') return this.#expect(post(this.#port, nobody, [messageOf('join')]), [400]);
    if (!client) return;
    if (what.is === 'stall') return client.stall();
    if (what.is === 'read') return client.read();
    if (what.is === 'leave') {
      await this.#turns(what.turns);
      return client.leave();
    }
    const messages = Array.from({ length: what.messages }, () => messageOf(what.what)) as { readonly 'client-event-id': string }[];
    if (what.what === 'write') for (const message of messages) client.posted.add(message['client-event-id']);
    // Its session may end while it is on its way.
    for (let n = 0; n < what.times; n++) this.#expect(client.post(messages), [200, 400]);
  }

  async end(): Promise<void> {
    await this.#until(() => this.#posting.size === 0, 'a post was not answered');
    for (const client of this.#clients) {
      client?.read();
      if (!client?.isReady) continue;
      await this.#until(() => client.hasEnded || client.answers.size === client.posted.size, 'a write was not answered');
      await rest();
      for (const given of client.answers.values()) if (given.size !== 1) this.faults.push(`a write was answered with ${[...given].join()}`);
    }
    for (const client of this.#clients) client?.leave();
    const { hub } = this.#bench;
    await this.#until(() => hub.sessionCount === 0, 'sessions are left of clients that went');
    const { memory } = await hub.app(appId);
    await this.#until(() => memory.used === 0, 'bytes are held for nobody');
  }
}

async function run(acts: readonly (readonly [number, Act])[], thrown: unknown[]): Promise<string[]> {
  const log = { ...silent, error: (...parts: readonly unknown[]) => void thrown.push(parts) };
  const limits = { ...defaultLimits, messagesPerSecond: 1_000_000, unreadBytes: 1024 * 1024 };
  const made = bench({ limits, log });
  const { hub } = made;
  const server = createServer(requestListener({ hub, clock: systemClock, log, limits, clientAddress: (address) => address ?? '' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const admin = await made.open({ '__admin-token': adminToken });
  await admin.request({ op: 'transact', 'tx-steps': [['add-attr', attr]] });
  admin.session.end();
  const world = new World(server, made);
  for (const [at, what] of acts) await world.act(at, what);
  await world.end();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await hub.close();
  return world.faults;
}

export async function fuzzEventStreams(
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const faults: string[] = [];
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  for (let at = 0; at < count; at += every) {
    const acts = fc.sample(fc.tuple(fc.nat(clients - 1), act), { numRuns: Math.min(every, count - at), seed: seed + at });
    for (const fault of await run(acts, thrown)) faults.push(`${fault} (seed ${seed + at})`);
    for (const one of thrown.splice(0)) faults.push(`${String(one)} (seed ${seed + at})`);
    progress(at);
  }
  process.off('uncaughtException', note).off('unhandledRejection', note);
  return { faults, isAlive: true };
}
