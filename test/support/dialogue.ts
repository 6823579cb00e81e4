// A client of the goals app as tests of the Reactor speak with it: what it said, what it shows, and the rules that hold
// after every step, whatever the step was.

import { expect } from 'vitest';
import type { FakeLine } from './fake-line.ts';
import type { QueryResult } from '../../src/query/query.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import type { WritePromise } from '../../src/reactor/write-promise.ts';
import type { ClientMessage } from '../../src/protocol/client-message.ts';
import type { ServerMessage } from '../../src/protocol/server-message.ts';
import type { WireQuery } from '../../src/protocol/query-messages.ts';
import { queryKey } from '../../src/query/key.ts';
import { chunk, type Goal, goalsQuery, initOk } from './goals.ts';
import { settled } from './fake-clock.ts';
import { testClient, type TestClient } from './client.ts';

export interface Told {
  readonly eventId: string;
  readonly promise: WritePromise;
  /** waiting, synced, enqueued, or the code of the error. */
  status: string;
  /** The same of what the server says of it in the end. */
  outcome: string;
  error: unknown;
}

export interface Seen {
  readonly results: QueryResult[];
  readonly errors: Error[];
  stop: () => void;
}

export class Dialogue {
  readonly client: TestClient;
  readonly #live = new Map<Seen, WireQuery>();
  readonly #readyLines = new Set<FakeLine>();

  constructor(config: Partial<ReactorConfig> = {}, greet?: (line: FakeLine) => void) {
    this.client = testClient(config, greet);
  }

  /** With the session open. */
  static async ready(config: Partial<ReactorConfig> = {}): Promise<Dialogue> {
    const dialogue = new Dialogue(config);
    await dialogue.client.reactor.account.loaded;
    await dialogue.open();
    return dialogue;
  }

  get line(): FakeLine {
    return this.client.transport.line;
  }

  /** What was said on the newest line, in order. */
  get ops(): string[] {
    return this.line.sent.map(({ op }) => op);
  }

  async open(more: Parameters<typeof initOk>[0] = {}): Promise<void> {
    await settled();
    await this.hear(initOk(more));
  }

  async hear(...messages: ServerMessage[]): Promise<void> {
    for (const message of messages) {
      if (message.op === 'init-ok') this.#readyLines.add(this.line);
      this.line.on.message(message);
      await settled();
      this.check();
    }
  }

  /** The line is lost; the next one opens, and `init` is answered unless told otherwise. */
  async drop({ reopen = true } = {}): Promise<void> {
    this.line.on.closed({ code: 1006, reason: '' });
    await settled();
    this.check();
    if (reopen) {
      await this.nextLine();
      await this.open();
    }
  }

  /** Until another line is there. */
  async nextLine(): Promise<void> {
    const { transport, clock } = this.client;
    const before = transport.lines.length;
    for (let second = 0; second < 90 && transport.lines.length === before; second += 1) await clock.advance(1_000);
    expect(transport.lines.length).toBe(before + 1);
    await settled();
  }

  /** The same, unless it is there already. */
  async nextLineSoon(): Promise<void> {
    await settled();
    if (this.line.isClosed) await this.nextLine();
  }

  /** Time passes, on a line that answers when it is asked whether it lives. */
  async wait(ms: number): Promise<void> {
    const { clock, transport } = this.client;
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.advance(Math.min(left, 1_000));
      const last = transport.lines.at(-1)?.sent.at(-1);
      if (last?.op === 'remove-query' && '$$probe' in last.q) this.line.on.heard();
    }
    this.check();
  }

  async transact(...chunks: unknown[]): Promise<Told> {
    const told = this.send(...chunks);
    await settled();
    this.check();
    return told;
  }

  update(id: string, fields: Omit<Goal, 'id'>): Promise<Told> {
    return this.transact(chunk('update', id, fields));
  }

  create(id: string, fields: Omit<Goal, 'id'>): Promise<Told> {
    return this.transact(chunk('create', id, fields));
  }

  /** Without waiting for anything. */
  send(...chunks: unknown[]): Told {
    const { outbox } = this.client.reactor.organs;
    const before = new Set(outbox.list().map(({ eventId }) => eventId));
    const promise = this.client.reactor.writes.transact(chunks);
    const eventId = outbox.list().find((write) => !before.has(write.eventId))?.eventId ?? '';
    const told: Told = { eventId, promise, status: 'waiting', outcome: 'waiting', error: undefined };
    const code = (error: unknown): string => String((error as { code?: unknown }).code);
    promise.then(
      ({ status }) => (told.status = status),
      (error: unknown) => {
        told.status = code(error);
        told.error = error;
      },
    );
    promise.settled.then(
      ({ status }) => (told.outcome = status),
      (error: unknown) => (told.outcome = code(error)),
    );
    return told;
  }

  async subscribe(query: WireQuery = goalsQuery): Promise<Seen> {
    const seen: Seen = { results: [], errors: [], stop: () => {} };
    const stop = this.client.reactor.queries.subscribe(query, {
      told: (result) => void seen.results.push(result),
      failed: (error) => void seen.errors.push(error),
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
  said<Op extends ClientMessage['op']>(op: Op, line: FakeLine = this.line): Extract<ClientMessage, { readonly op: Op }>[] {
    return line.sent.filter((message): message is Extract<ClientMessage, { readonly op: Op }> => message.op === op);
  }

  sentIds(line: FakeLine = this.line): unknown[] {
    return this.said('transact', line).map((message) => message['client-event-id']);
  }

  /** What always holds. */
  check(): void {
    for (const line of this.client.transport.lines) this.#checkLine(line);
    if (this.#readyLines.has(this.line) && !this.line.isClosed) this.#checkAsked(this.line);
    expect(this.client.transport.openLines.length).toBeLessThanOrEqual(1);
  }

  end(): void {
    this.client.reactor.shutdown();
  }

  /** Nothing but `init` before `init-ok`; a query the server has is not asked again. */
  #checkLine(line: FakeLine): void {
    if (line.sent.length > 0) expect(line.sent[0]?.op).toBe('init');
    expect(line.sent.slice(1).map(({ op }) => op)).not.toContain('init');
    if (!this.#readyLines.has(line)) expect(line.sent.length).toBeLessThanOrEqual(1);
  }

  /** Every query somebody listens to is asked on the line there is, and none is asked twice without being removed. */
  #checkAsked(line: FakeLine): void {
    const asked = new Map<string, number>();
    for (const message of line.sent) {
      if (message.op === 'add-query') asked.set(queryKey(message.q), (asked.get(queryKey(message.q)) ?? 0) + 1);
      if (message.op === 'remove-query') asked.set(queryKey(message.q), 0);
    }
    for (const query of this.#live.values()) expect(asked.get(queryKey(query)) ?? 0).toBeGreaterThanOrEqual(1);
  }
}

export function titles(result: QueryResult | undefined): unknown[] | undefined {
  return result?.data['goals']?.map((row) => (row as Goal).title);
}

export const lastTitles = (seen: Seen): unknown[] | undefined => titles(seen.results.at(-1));
