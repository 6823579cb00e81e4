// Three servers, each a process, on one PostgreSQL. While all are written to, one is killed and one is cut off; in the end all
// that was acknowledged is there, in every view, and who is in a room is who is there.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Message, RawClient, type Running, startCli } from '../../support/cli.ts';
import { type Cut, channelTo } from '../../support/cut.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { appId, adminToken, blob } from '../bench.ts';

const idAttr = blob('goals', 'id');
const title = blob('goals', 'title');
/** Gets rooms whole, not in differences. */
const oldVersion = 'v0.10.0';
const patience = { timeout: 30_000, interval: 100 };
/** Who does not say that it goes is missed after four beats of a second, the first of which it may just have made. */
const leaseMs = 3000;

interface Goal {
  readonly id: string;
  readonly title: string;
}

/** Somebody who looks: at all goals, and at who is in the room. */
class Observer {
  readonly #client: RawClient;
  goals: readonly Goal[] = [];
  room: readonly string[] = [];
  readonly heard: unknown[] = [];

  private constructor(client: RawClient) {
    this.#client = client;
    client.receive((message) => this.#hear(message));
  }

  static async at(server: Running, name: string): Promise<Observer> {
    const client = await RawClient.open(server, oldVersion);
    const observer = new Observer(client);
    await client.request({ op: 'add-query', 'client-event-id': 'q', q: { goals: {} }, 'return-type': 'tree' });
    await client.request({ op: 'join-room', 'client-event-id': 'r', 'room-id': 'hall', data: { name } });
    return observer;
  }

  broadcast(data: unknown): Promise<Message> {
    return this.#client.request({ op: 'client-broadcast', 'client-event-id': randomUUID(), 'room-id': 'hall', topic: 'hello', data });
  }

  get view(): string {
    return JSON.stringify([...this.goals].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id, title: text }) => [id, text]));
  }

  #hear(message: Message): void {
    if (message.op === 'add-query-ok') this.#see(message['result']);
    if (message.op === 'refresh-ok')
      for (const each of message['computations'] as { 'instaql-result': unknown }[]) this.#see(each['instaql-result']);
    if (message.op === 'server-broadcast') this.heard.push((message['data'] as { data: unknown }).data);
    if (message.op !== 'refresh-presence') return;
    this.room = Object.values(message['data'] as Record<string, { data: { name: string } }>)
      .map(({ data }) => data.name)
      .sort();
  }

  #see(result: unknown): void {
    this.goals = (result as { goals: Goal[] }).goals;
  }
}

/** Writes goals one after the other until told to stop; each again until it is acknowledged, or its server is no more. */
class Writer {
  readonly acknowledged = new Map<string, string>();
  readonly #client: RawClient;
  readonly #name: string;
  #isStopped = false;
  /** Why it writes no more. */
  failure: unknown;
  readonly done: Promise<void>;

  private constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
    this.done = this.#write().catch((error: unknown) => void (this.failure = error));
  }

  static async at(server: Running, name: string): Promise<Writer> {
    return new Writer(await RawClient.open(server), name);
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.done;
  }

  async #write(): Promise<void> {
    for (let n = 0; !this.#isStopped; n++) {
      const goal = randomUUID();
      const steps = [
        ['add-triple', goal, idAttr.id, goal, { mode: 'create' }],
        ['add-triple', goal, title.id, `${this.#name} ${n}`],
      ];
      const message = { op: 'transact', 'client-event-id': randomUUID(), 'tx-steps': steps };
      for (;;) {
        const result = await this.#client.request(message);
        if (result.op === 'transact-ok') break;
        expect(result).toMatchObject({ op: 'error', status: 500 });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      this.acknowledged.set(goal, `${this.#name} ${n}`);
      // Each observer receives all goals with each write: a fast machine would be busy with nothing else.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe.each(['logical', 'replica'] as const)('wal_level = %s', (walLevel) => {
  let postgres: Postgres;
  let connection: Cut;
  const folder = mkdtempSync(join(tmpdir(), 'triplane-processes-'));
  const running: Running[] = [];

  beforeAll(async () => {
    postgres = await startPostgres({ walLevel });
    connection = await channelTo(postgres.port);
  }, 180_000);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
  });

  afterAll(async () => {
    await connection?.close();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(port = postgres.port): Promise<Running> {
    const url = `postgres://triplane@127.0.0.1:${port}/triplane`;
    const server = await startCli(['--database', url, '--data', folder, '--app-id', appId, '--admin-token', adminToken]);
    running.push(server);
    return server;
  }

  test(
    'acknowledged writes survive when one server is killed and one is disconnected while all are written to',
    { timeout: 120_000 },
    async () => {
      const servers = await Promise.all([start(), start(), start(connection.port)]);
      const [a, b, c] = servers;
      const first = await RawClient.open(a);
      const attrs = [idAttr, title].map((attr) => ['add-attr', attr]);
      await first.request({ op: 'transact', 'client-event-id': randomUUID(), 'tx-steps': attrs });
      const [seesA, seesB, seesC] = await Promise.all([Observer.at(a, 'ann'), Observer.at(b, 'bob'), Observer.at(c, 'cat')]);
      for (const observer of [seesA, seesB, seesC]) await expect.poll(() => observer.room, patience).toEqual(['ann', 'bob', 'cat']);
      // What is said may be lost where a line is down for a moment, so it is said until it is heard.
      for (const [from, sent] of [
        [seesC, 'from cat'],
        [seesA, 'x'.repeat(20_000)],
      ] as const) {
        const isReceived = (): Promise<boolean> => from.broadcast(sent).then(() => seesB.heard.includes(sent));
        await expect.poll(isReceived, patience).toBe(true);
      }

      const writers = await Promise.all(servers.map((server, at) => Writer.at(server, `writer ${at}`)));
      const haveWritten = async (more: number, some: readonly Writer[]): Promise<void> => {
        const wanted = some.map(({ acknowledged }) => acknowledged.size + more);
        // One after the other and not in a boolean: a writer that is slow or has ended is told, and why.
        const outstanding = (): unknown[] =>
          some.flatMap(({ acknowledged, failure }, at) => {
            const missing = (wanted[at] ?? 0) - acknowledged.size;
            return missing > 0 ? [{ writer: at, missing, failure }] : [];
          });
        await expect.poll(outstanding, patience).toEqual([]);
      };
      await haveWritten(5, writers);
      await b.end('SIGKILL');
      connection.cut();
      const before = seesA.goals.length;
      await expect.poll(() => seesA.room, patience).toEqual(['ann']);
      await expect.poll(() => seesC.room, patience).toEqual(['cat']);
      await expect.poll(() => seesA.goals.length, patience).toBeGreaterThan(before);

      connection.heal();
      await expect.poll(() => seesC.room, patience).toEqual(['ann', 'cat']);
      await expect.poll(() => seesA.room, patience).toEqual(['ann', 'cat']);
      await haveWritten(
        5,
        writers.filter((_, at) => at !== 1),
      );
      await Promise.all(writers.map((writer) => writer.stop()));

      await expect.poll(() => seesC.view === seesA.view, patience).toBe(true);
      const again = await Observer.at(await start(), 'bob');
      await expect.poll(() => again.view === seesA.view, patience).toBe(true);
      await expect.poll(() => seesC.room, patience).toEqual(['ann', 'bob', 'cat']);
      const held = new Map(seesA.goals.map((goal) => [goal.id, goal.title]));
      for (const writer of writers) {
        expect(writer.acknowledged.size).toBeGreaterThanOrEqual(5);
        expect([...writer.acknowledged].filter(([id, text]) => held.get(id) !== text)).toEqual([]);
      }
      expect(new Set(seesA.goals.map((goal) => goal.title)).size).toBe(seesA.goals.length);
    },
  );

  test('the peers of a server that shuts down leave the room immediately', { timeout: 60_000 }, async () => {
    const [a, b] = await Promise.all([start(), start()]);
    const [seesA] = await Promise.all([Observer.at(a, 'ann'), Observer.at(b, 'bob')]);
    await expect.poll(() => seesA.room, patience).toEqual(['ann', 'bob']);
    expect(await b.end('SIGTERM')).toBe(0);
    await expect.poll(() => seesA.room, { timeout: leaseMs / 2, interval: 20 }).toEqual(['ann']);
  });
});
