// A client of the goals app as tests of the Reactor speak with it: what it said, what it shows, and the rules that hold
// after every step, whatever the step was.

import { expect } from 'vitest';
import type { FakeChannel } from './fake-line.ts';
import type { QueryResult } from '../../src/query/query.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import type { WritePromise } from '../../src/reactor/mutations/write-promise.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { WireQuery } from '../../src/protocol/query-messages.ts';
import { queryKey } from '../../src/query/key.ts';
import { chunk, type Goal, goalsQuery, initOk } from './goals.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { testClient, type TestClient } from './client.ts';

export interface WriteLog {
  readonly eventId: string;
  readonly promise: WritePromise;
  /** waiting, synced, enqueued, or the code of the error. */
  status: string;
  /** The same of what the server says of it in the end. */
  outcome: string;
  error: unknown;
}

export interface SubscriptionLog {
  readonly results: QueryResult[];
  readonly errors: Error[];
  stop: () => void;
}

export class Dialogue {
  readonly client: TestClient;
  readonly #live = new Map<SubscriptionLog, WireQuery>();
  readonly #readyChannels = new Set<FakeChannel>();

  constructor(config: Partial<ReactorConfig> = {}, greet?: (channel: FakeChannel) => void) {
    this.client = testClient(config, greet);
  }

  /** With the session open. */
  static async ready(config: Partial<ReactorConfig> = {}): Promise<Dialogue> {
    const dialogue = new Dialogue(config);
    await dialogue.client.reactor.account.loaded;
    await dialogue.open();
    return dialogue;
  }

  get channel(): FakeChannel {
    return this.client.transport.channel;
  }

  /** What was said on the newest line, in order. */
  get ops(): string[] {
    return this.channel.sent.map(({ op }) => op);
  }

  async open(more: Parameters<typeof initOk>[0] = {}): Promise<void> {
    await settled();
    await this.receive(initOk(more));
  }

  async receive(...messages: ServerMessage[]): Promise<void> {
    for (const message of messages) {
      if (message.op === 'init-ok') this.#readyChannels.add(this.channel);
      this.channel.on.message(message);
      await settled();
      this.check();
    }
  }

  /** The line is lost; the next one opens, and `init` is answered unless told otherwise. */
  async drop({ reopen = true } = {}): Promise<void> {
    this.channel.on.closed({ code: 1006, reason: '' });
    await settled();
    this.check();
    if (reopen) {
      await this.nextChannel();
      await this.open();
    }
  }

  /** Until another line is there. */
  async nextChannel(): Promise<void> {
    const { transport, clock } = this.client;
    const before = transport.channels.length;
    for (let second = 0; second < 90 && transport.channels.length === before; second += 1) await clock.advance(1_000);
    expect(transport.channels.length).toBe(before + 1);
    await settled();
  }

  /** The same, unless it is there already. */
  async nextChannelSoon(): Promise<void> {
    await settled();
    if (this.channel.isClosed) await this.nextChannel();
  }

  /** Time passes, on a line that answers when it is asked whether it lives. */
  async wait(ms: number): Promise<void> {
    const { clock, transport } = this.client;
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.advance(Math.min(left, 1_000));
      const last = transport.channels.at(-1)?.sent.at(-1);
      if (last?.op === 'remove-query' && '$$probe' in last.q) this.channel.on.activity();
    }
    this.check();
  }

  async transact(...chunks: unknown[]): Promise<WriteLog> {
    const writeLog = this.send(...chunks);
    await settled();
    this.check();
    return writeLog;
  }

  update(id: string, fields: Omit<Goal, 'id'>): Promise<WriteLog> {
    return this.transact(chunk('update', id, fields));
  }

  create(id: string, fields: Omit<Goal, 'id'>): Promise<WriteLog> {
    return this.transact(chunk('create', id, fields));
  }

  /** Without waiting for anything. */
  send(...chunks: unknown[]): WriteLog {
    const { outbox } = this.client.reactor.state;
    const before = new Set(outbox.list().map(({ eventId }) => eventId));
    const promise = this.client.reactor.writes.transact(chunks);
    const eventId = outbox.list().find((write) => !before.has(write.eventId))?.eventId ?? '';
    const writeLog: WriteLog = { eventId, promise, status: 'waiting', outcome: 'waiting', error: undefined };
    const code = (error: unknown): string => String((error as { code?: unknown }).code);
    promise.then(
      ({ status }) => (writeLog.status = status),
      (error: unknown) => {
        writeLog.status = code(error);
        writeLog.error = error;
      },
    );
    promise.settled.then(
      ({ status }) => (writeLog.outcome = status),
      (error: unknown) => (writeLog.outcome = code(error)),
    );
    return writeLog;
  }

  async subscribe(query: WireQuery = goalsQuery): Promise<SubscriptionLog> {
    const seen: SubscriptionLog = { results: [], errors: [], stop: () => {} };
    const stop = this.client.reactor.queries.subscribe(query, {
      onResult: (result) => void seen.results.push(result),
      onError: (error) => void seen.errors.push(error),
    });
    seen.stop = () => {
      stop();
      this.#live.delete(seen);
    };
    this.#live.set(seen, query);
    await settled();
    this.check();
    return seen;
  }

  /** What is said on a line, of one op. */
  sentMessages<Op extends ClientMessage['op']>(op: Op, channel: FakeChannel = this.channel): Extract<ClientMessage, { readonly op: Op }>[] {
    return channel.sent.filter((message): message is Extract<ClientMessage, { readonly op: Op }> => message.op === op);
  }

  sentIds(channel: FakeChannel = this.channel): unknown[] {
    return this.sentMessages('transact', channel).map((message) => message['client-event-id']);
  }

  /** What always holds. */
  check(): void {
    for (const channel of this.client.transport.channels) this.#checkChannel(channel);
    if (this.#readyChannels.has(this.channel) && !this.channel.isClosed) this.#checkRequested(this.channel);
    expect(this.client.transport.openChannels.length).toBeLessThanOrEqual(1);
  }

  end(): void {
    this.client.reactor.shutdown();
  }

  /** Nothing but `init` before `init-ok`; a query the server has is not asked again. */
  #checkChannel(channel: FakeChannel): void {
    if (channel.sent.length > 0) expect(channel.sent[0]?.op).toBe('init');
    expect(channel.sent.slice(1).map(({ op }) => op)).not.toContain('init');
    if (!this.#readyChannels.has(channel)) expect(channel.sent.length).toBeLessThanOrEqual(1);
  }

  /** Every query somebody listens to is asked on the line there is, and none is asked twice without being removed. */
  #checkRequested(channel: FakeChannel): void {
    const requested = new Map<string, number>();
    for (const message of channel.sent) {
      if (message.op === 'add-query') requested.set(queryKey(message.q), (requested.get(queryKey(message.q)) ?? 0) + 1);
      if (message.op === 'remove-query') requested.set(queryKey(message.q), 0);
    }
    for (const query of this.#live.values()) expect(requested.get(queryKey(query)) ?? 0).toBeGreaterThanOrEqual(1);
  }
}

export function titles(result: QueryResult | undefined): unknown[] | undefined {
  return result?.data['goals']?.map((row) => (row as Goal).title);
}

export const lastTitles = (seen: SubscriptionLog): unknown[] | undefined => titles(seen.results.at(-1));
