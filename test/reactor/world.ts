// One device with one Reactor, a server, and a network between them that a trace of steps drives through everything that
// may go wrong. What must hold is checked after each step, and what must be true in the end when it is quiet.

import { expect } from 'vitest';
import type { Channel, ChannelEvents, Transport } from '../../src/connection/transport.ts';
import { TriplaneError } from '../../src/errors.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import { readResult } from '../../src/protocol/query-result.ts';
import type { WireQuery } from '../../src/protocol/query-messages.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import { queryKey } from '../../src/query/key.ts';
import type { QueryResult } from '../../src/query/query.ts';
import type { Reactor } from '../../src/reactor/reactor.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { testClient } from '../support/client.ts';
import { VirtualClock, settled } from '../../src/testing/virtual/clock.ts';
import { VirtualConnectivity } from '../../src/testing/virtual/connectivity.ts';
import { attrIds, chunk, type Goal, goalId } from '../support/goals.ts';
import { type Fault, type ModelOptions, ModelServer, type ModelSession } from '../support/model-server.ts';

export type WorldStep =
  | { readonly do: 'create' | 'update' | 'delete'; readonly at: number; readonly title: string; readonly done: boolean }
  | { readonly do: 'listen' | 'unlisten'; readonly query: number }
  | { readonly do: 'work' | 'deliver' | 'late'; readonly lane: number }
  | { readonly do: 'others'; readonly at: number; readonly title: string; readonly done: boolean }
  | { readonly do: 'mishap'; readonly mishap: Fault }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'refresh' | 'drop' | 'half-open' | 'offline' | 'online' | 'kill' };

export const queries: readonly WireQuery[] = [{ goals: {} }, { goals: { $: { where: { done: true } } } }];

interface WorldChannel {
  readonly on: ChannelEvents;
  readonly session: ModelSession;
  readonly sent: ClientMessage[];
  isReady: boolean;
  /** Closed by the client, or told that it is closed. */
  isOver: boolean;
  /** Frames no longer arrive, and nobody says so. */
  isDead: boolean;
}

interface Made {
  readonly eventId: string;
  /** What is left of them to be said: see `#outrun`. */
  steps: readonly Step[];
  state: 'waiting' | 'confirmed' | 'refused' | 'parked';
  txId?: number;
}

interface Received {
  /** What the answer held last by the client says, and how far it reaches. */
  goals: Goal[] | undefined;
  processed: number;
  line: WorldChannel | undefined;
  seen: QueryResult | undefined;
  /** It was answered. A refresh may have been for one that was closed since, and be older than what was forgotten with that. */
  isSure: boolean;
  stop: () => void;
}

export class World {
  readonly server: ModelServer;
  readonly clock = new VirtualClock();
  readonly network = new VirtualConnectivity();
  readonly lines: WorldChannel[] = [];
  readonly made: Made[] = [];
  readonly errors: Error[] = [];
  readonly heard = new Map<string, Received>();
  readonly #cached = memoryStore();
  /** Whether what is seen is known at every moment: against a server that does things twice, only in the end. */
  readonly #isExact: boolean;
  readonly #faults = new Set<Fault>();
  /** Attr → label, also of the attrs that this client made up before it knew the server's. */
  readonly #labels = new Map([[attrIds.title, 'title'], [attrIds.done, 'done']]); // prettier-ignore
  #ids = 0;
  reactor: Reactor;

  constructor(options: ModelOptions) {
    this.#isExact = options.remembers === true;
    this.server = new ModelServer({ ...options, forbids: (step) => step[0] === 'add-triple' && String(step[3]).startsWith('bad') });
    this.reactor = this.#start();
  }

  get channel(): WorldChannel | undefined {
    return this.lines.at(-1);
  }

  /** Whether a write was told to have failed, with nobody knowing whether it had. */
  get hasFailed(): boolean {
    return this.#faults.size > 0;
  }

  async take(step: WorldStep): Promise<void> {
    this.#act(step);
    if (step.do === 'wait') await this.clock.advance(step.ms);
    await settled();
    this.check();
  }

  /** All is well from here on: it goes on until nothing more happens. */
  async calm(): Promise<void> {
    this.server.mishaps = [];
    if (!this.network.isOnline()) this.network.goOnline();
    if (this.channel?.isDead) this.#close(this.channel);
    for (let quiet = 0, turn = 0; quiet < 45 && turn < 500; turn += 1) {
      await this.clock.advance(1_000);
      quiet = (await this.#pump()) ? 0 : quiet + 1;
      this.check();
    }
  }

  end(): void {
    this.reactor.shutdown();
  }

  check(): void {
    for (const { sent, isReady } of this.lines) {
      if (sent.length > 0) expect(sent[0]?.op).toBe('init');
      expect(sent.slice(1).some(({ op }) => op === 'init')).toBe(false);
      if (!isReady) expect(sent.length).toBeLessThanOrEqual(1);
    }
    if (this.channel?.isReady && !this.channel.isOver) this.#checkRequested(this.channel);
    for (const [key, received] of this.heard) this.#checkSeen(key, received);
    expect(this.lines.filter(({ isOver }) => !isOver).length).toBeLessThanOrEqual(1);
    expect(this.errors.filter(({ message }) => /could not be taken|is not a function|undefined/.test(message))).toEqual([]);
  }

  /** When it is quiet: nothing lost, nothing twice, in order, and everybody sees the same. */
  async checkQuiet(isOnce: boolean): Promise<void> {
    const known = new Set(this.made.map(({ eventId }) => eventId));
    const done = this.server.log.map(({ eventId }) => eventId).filter((eventId) => known.has(eventId));
    const wanted = this.made.filter(({ state }) => state === 'confirmed').map(({ eventId }) => eventId);
    expect(this.made.filter(({ state }) => state === 'waiting')).toEqual([]);
    expect(new Set(done)).toEqual(new Set(wanted));
    if (isOnce) expect(done.length).toBe(new Set(done).size);
    const firsts = [...new Set(done)];
    if (!this.hasFailed) expect(firsts).toEqual(wanted);
    for (const [key, received] of this.heard) {
      const query = queries.find((each) => queryKey(each) === key) ?? {};
      expect(shown(received.seen)).toEqual(sorted(this.server.matching(query)));
    }
    const blocked = this.made.filter(({ state }) => state === 'parked').map(({ eventId }) => eventId);
    expect(this.reactor.state.outbox.list().map(({ eventId }) => eventId)).toEqual(blocked);
    const stored = (await this.#cached.list('write/')).map(([, value]) => value as { eventId: string; txId?: number });
    // Confirmed ones are kept for stored results of queries that are not open.
    const heads = (await this.#cached.list('answer/')).flatMap(([name]) => /\/head\/(.*)$/s.exec(name)?.[1] ?? []);
    const isKeptFor = heads.some((key) => !this.heard.has(key));
    expect(stored.filter(({ txId }) => txId === undefined || !isKeptFor).map(({ eventId }) => eventId)).toEqual(blocked);
  }

  #act(step: WorldStep): void {
    const channel = this.channel;
    switch (step.do) {
      case 'create':
        return this.#write(chunk('create', crypto.randomUUID(), { title: step.title, done: step.done }));
      case 'update':
        return this.#write(chunk('update', this.#some(step.at), { title: step.title, done: step.done }));
      case 'delete':
        return this.#write(chunk('delete', this.#some(step.at)));
      case 'listen':
        return this.#listen(queries[step.query % queries.length] ?? {});
      case 'unlisten':
        return this.#unlisten(queryKey(queries[step.query % queries.length]));
      case 'work':
        return void (!channel?.isOver && channel?.session.work(step.lane));
      case 'deliver':
        return channel && !channel.isDead ? this.#deliver(channel, step.lane) : undefined;
      case 'late': {
        const old = this.lines.at(-2);
        return old?.on.message({ op: 'refresh-ok', computations: [{ 'instaql-query': queries[0] ?? {}, 'instaql-result': [] }], 'processed-tx-id': 9e9 }); // prettier-ignore
      }
      case 'others':
        return this.server.put({ id: goalId(step.at % 4), title: `their ${step.title}`, done: step.done });
      case 'mishap':
        this.#faults.add(step.mishap);
        return void this.server.mishaps.push(step.mishap);
      case 'refresh':
        return channel?.session.refresh();
      case 'drop':
        return channel && this.#close(channel);
      case 'half-open':
        return void (channel && (channel.isDead = true));
      case 'offline':
        return this.network.goOffline();
      case 'online':
        return this.network.goOnline();
      case 'kill':
        return this.#restart();
      case 'wait':
        return undefined;
    }
  }

  /** Everything there is to do and to hear, in order. */
  async #pump(): Promise<boolean> {
    let isBusy = false;
    for (let channel = this.channel; channel && !channel.isOver; channel = this.channel) {
      const hasWorked = channel.session.work(0);
      channel.session.refresh();
      const hasNotified = channel.session.outgoing.size > 0;
      if (hasNotified) this.#deliver(channel, 0);
      await settled();
      if (!hasWorked && !hasNotified) break;
      isBusy ||= channel.sent.at(-1)?.op !== 'remove-query';
    }
    return isBusy;
  }

  #start(): Reactor {
    const store: KeyValue = { ...this.#cached, close: () => {} };
    const uuid = (): string => `e0000000-0000-4000-8000-${String((this.#ids += 1)).padStart(12, '0')}`;
    return testClient({
      transports: [this.#transport()],
      clock: this.clock,
      random: { next: () => 0.5, uuid, eventId: () => `event-${crypto.randomUUID()}` },
      network: this.network,
      store,
      onError: (error) => void this.errors.push(error),
    }).reactor;
  }

  #restart(): void {
    const queriesBefore = [...this.heard.keys()];
    for (const channel of this.lines) this.#close(channel, false);
    this.reactor.shutdown();
    this.heard.clear();
    this.reactor = this.#start();
    for (const query of queries) if (queriesBefore.includes(queryKey(query))) this.#listen(query);
  }

  #transport(): Transport {
    return {
      name: 'ws',
      open: (on): Channel => {
        const channel: WorldChannel = { on, session: this.server.connect(), sent: [], isReady: false, isOver: false, isDead: false };
        this.lines.push(channel);
        if (this.network.isOnline()) queueMicrotask(() => on.opened());
        else queueMicrotask(() => this.#close(channel));
        return {
          send: (message) => {
            if (channel.isOver) throw new TriplaneError('unreachable', 'The socket is not open');
            channel.sent.push(structuredClone(message));
            if (!channel.isDead) channel.session.receive(structuredClone(message));
          },
          close: () => {
            channel.isOver = true;
            channel.session.close();
          },
        };
      },
    };
  }

  #close(channel: WorldChannel, isNotified = true): void {
    if (channel.isOver) return;
    channel.isOver = true;
    channel.session.close();
    if (isNotified) channel.on.closed({ code: 1006, reason: '' });
  }

  #deliver(channel: WorldChannel, lane: number): void {
    const message = channel.isOver ? undefined : channel.session.next(lane);
    if (!message) return;
    if (message.op === 'init-ok') channel.isReady = true;
    this.#record(channel, message);
    channel.on.message(message);
  }

  /** What the client knows once it has heard this. */
  #record(channel: WorldChannel, message: ServerMessage): void {
    if (message.op === 'transact-ok' || message.op === 'error') {
      const made = this.made.find(({ eventId }) => eventId === message['client-event-id']);
      if (!made) return;
      const { log } = this.server;
      const done = log.find(({ eventId }) => eventId === made.eventId);
      if (message.op === 'transact-ok') {
        Object.assign(made, { state: 'confirmed', txId: message['tx-id'] });
        this.#supersede(made);
      } else if (message.status === 400 && message.type !== 'rate-limited') this.#rejected(made, done?.txId);
    }
    if (message.op === 'add-query-ok') {
      const key = queryKey(message.q);
      const requested = channel.sent.findLast((sent) => sent.op === 'add-query' && queryKey(sent.q) === key);
      if (requested?.['client-event-id'] !== message['client-event-id']) return; // to a query that was closed, and opened again
      this.#received(channel, message.q, message);
      const received = this.heard.get(key);
      if (received) received.isSure = true;
    }
    if (message.op !== 'refresh-ok') return;
    for (const each of message.computations) this.#received(channel, each['instaql-query'], { ...message, result: each['instaql-result'] });
    if (!this.server.capabilities?.['refresh-covers-all']) return;
    for (const received of this.heard.values()) {
      if (received.line === channel) received.processed = Math.max(received.processed, message['processed-tx-id'] ?? 0);
    }
  }

  /** What needs an entity that was not made waits for the app to decide. One that was made by an earlier sending was made. */
  #rejected(made: Made, txId: number | undefined): void {
    if (txId !== undefined) return void Object.assign(made, { state: 'confirmed', txId });
    made.state = 'refused';
    const gone = new Set(made.steps.flatMap((step) => (step[0] === 'add-triple' && step[4]?.mode === 'create' ? [String(step[1])] : [])));
    for (const other of this.made) {
      if (other.state === 'waiting' && other.steps.some(([, id]) => typeof id === 'string' && gone.has(id))) other.state = 'parked';
    }
  }

  /** Earlier ones that come back do not say over again what it has said. */
  #supersede(made: Made): void {
    const sent = new Set(made.steps.flatMap((step) => this.#targetOf(step) ?? []));
    for (const earlier of this.made.slice(0, this.made.indexOf(made))) {
      if (earlier.state !== 'waiting') continue;
      earlier.steps = earlier.steps.filter((step) => !sent.has(this.#targetOf(step) ?? '') && !sent.has(JSON.stringify([step[1]])));
    }
  }

  /** A whole goal, or one of its values; that it is there can be said more than once. */
  #targetOf(step: Step): string | undefined {
    if (step[0] === 'delete-entity') return JSON.stringify([step[1]]);
    const label = step[0] === 'add-triple' ? this.#labels.get(step[2]) : undefined;
    return label && JSON.stringify([step[1], label]);
  }

  /** An answer counts unless a newer one of the same line is there. */
  #received(
    channel: WorldChannel,
    q: WireQuery,
    { result, ...reach }: { readonly result: unknown; readonly 'processed-tx-id'?: unknown },
  ): void {
    const received = this.heard.get(queryKey(q));
    const processed = Number(reach['processed-tx-id']);
    if (!received || (received.line === channel && processed < received.processed)) return;
    const goals = new Map<string, Goal>();
    for (const [e, a, v] of readResult(result as never).triples) this.#apply(goals, ['add-triple', e, a, v]);
    Object.assign(received, { goals: [...goals.values()], processed, line: channel });
  }

  #write(given: unknown): void {
    const { outbox } = this.reactor.state;
    const before = new Set(outbox.list().map(({ eventId }) => eventId));
    const promise = this.reactor.writes.transact([given]);
    promise.catch(() => {});
    const write = outbox.list().find(({ eventId }) => !before.has(eventId));
    if (!write) throw new Error('No write was made');
    for (const step of write.steps) if (step[0] === 'add-attr') this.#labels.set(step[1].id, step[1]['forward-identity'][2]);
    this.made.push({ eventId: write.eventId, steps: write.steps, state: 'waiting' });
  }

  /** One that is seen, if there is any. */
  #some(at: number): string {
    const seen = this.heard.get(queryKey(queries[0]))?.seen?.data['goals'] ?? [];
    return (seen[at % Math.max(1, seen.length)] as Goal | undefined)?.id ?? goalId(at % 4);
  }

  #listen(query: WireQuery): void {
    const key = queryKey(query);
    if (this.heard.has(key)) return;
    const received: Received = { goals: undefined, processed: 0, line: undefined, seen: undefined, isSure: false, stop: () => {} };
    this.heard.set(key, received);
    received.stop = this.reactor.queries.subscribe(query, {
      onResult: (result) => {
        received.seen = result;
        this.#checkSeen(key, received);
      },
      onError: (error) => expect.fail(error.message),
    });
  }

  #unlisten(key: string): void {
    this.heard.get(key)?.stop();
    this.heard.delete(key);
  }

  /** Every query somebody listens to is asked once on each line, and no write is sent twice unless the server could not say. */
  #checkRequested({ sent, session }: WorldChannel): void {
    expect(session.repeats).toBe(0);
    const requested = sent.flatMap((message) => (message.op === 'add-query' ? [queryKey(message.q)] : []));
    for (const key of this.heard.keys()) expect(requested).toContain(key);
    const ids = sent.flatMap((message) => (message.op === 'transact' ? [message['client-event-id']] : []));
    if (!this.hasFailed) {
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort()).toEqual(ids);
    }
  }

  /** The answer, and on it in order what it does not hold: nothing else. */
  #checkSeen(key: string, { goals: received, processed, seen, isSure }: Received): void {
    if (!this.#isExact) return;
    if (!received) return this.#checkStale(key, seen);
    if (!isSure) return;
    const goals = new Map(received.map((goal) => [goal.id, goal]));
    for (const { state, txId = Infinity, steps } of this.made) {
      if (state === 'refused' || state === 'parked' || (state === 'confirmed' && txId <= processed)) continue;
      const before = new Map(goals);
      for (const step of steps) if (fits(before, step)) this.#apply(goals, step);
    }
    const isDone = key !== queryKey(queries[0]);
    expect(shown(seen)).toEqual(sorted([...goals.values()].filter(({ done }) => !isDone || done === true)));
  }

  /** Before the server has answered there may be what it said another time: marked as such, and with what was made since. */
  #checkStale(key: string, seen: QueryResult | undefined): void {
    if (!seen) return;
    expect((seen as { isStale?: true }).isStale).toBe(true);
    if (key !== queryKey(queries[0])) return;
    const ids = shown(seen).map(({ id }) => id);
    for (const { state, steps } of this.made) {
      const [first] = steps;
      const isOwn = state === 'waiting' && first?.[0] === 'add-triple' && first[4]?.mode === 'create';
      const isGone = this.made.some((other) => other.steps.some((step) => step[0] === 'delete-entity' && step[1] === first?.[1]));
      if (isOwn && !isGone) expect(ids).toContain(first[1]);
    }
  }

  #apply(goals: Map<string, Goal>, step: Step): void {
    if (step[0] === 'delete-entity') goals.delete(String(step[1]));
    if (step[0] !== 'add-triple') return;
    const [, e, a, v] = step;
    const id = String(e);
    const label = this.#labels.get(a);
    goals.set(id, { ...goals.get(id), id, ...(label && { [label]: v }) });
  }
}

/** A step whose mode says `create` or `update` is left out where there is, or is not, such a goal. */
function fits(goals: ReadonlyMap<string, Goal>, step: Step): boolean {
  if (step[0] !== 'add-triple') return true;
  const mode = step[4]?.mode;
  return mode === undefined || goals.has(String(step[1])) === (mode === 'update');
}

const sorted = (goals: readonly Goal[]): Goal[] => [...goals].sort((a, b) => (a.id < b.id ? -1 : 1));
const shown = (seen: QueryResult | undefined): Goal[] => sorted((seen?.data['goals'] ?? []) as Goal[]);
