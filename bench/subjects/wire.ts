// The workloads of those who speak the protocol, Triplane and the official client: the same messages, the same calls.

import { addQueryOk, attrId, attrs, deltaRefresh, refreshOk, type Task, triplesOf, world } from '../data.ts';
import { FakeSocket } from '../fake-socket.ts';
import { free, heapPer, inTurn, isQuick, median, type Outcome, sample, steady, type Subject, timed } from '../measure.ts';

type Row = Readonly<Record<string, unknown>>;

export interface Client {
  subscribe(query: object, on: (rows: readonly Row[], isStale: boolean) => void): () => void;
  /** Sets fields of a task. */
  update(id: string, fields: object): void;
  close(): void;
}

export type OpenClient = (storage?: unknown) => Client;

const query = { tasks: {} };
const rounds = (n: number): number => (isQuick ? 3 : n > 20_000 ? 5 : 11);

/** Answers to queries, by their text; a query that is not here is answered by hand. */
const results = new Map<string, string>();

export function serve(): void {
  FakeSocket.answer = (message, socket) => {
    if (message['op'] === 'init') {
      const capabilities = { deltas: true, 'refresh-covers-all': true };
      socket.receive(
        JSON.stringify({
          op: 'init-ok',
          'session-id': crypto.randomUUID(),
          'client-event-id': message['client-event-id'],
          attrs,
          triplane: capabilities,
        }),
      );
    }
    const text = message['op'] === 'add-query' ? results.get(JSON.stringify(message['q'])) : undefined;
    if (text) socket.receive(text);
  };
}

export const newest = (): FakeSocket => FakeSocket.opened[FakeSocket.opened.length - 1] as FakeSocket;

/** Subscribed, and answered. */
function listen(client: Client, requested: object, tasks: readonly Task[], on: (rows: readonly Row[]) => void): Promise<() => void> {
  results.set(JSON.stringify(requested), addQueryOk(requested, triplesOf('tasks', tasks)));
  return new Promise((resolve) => {
    const stop = client.subscribe(requested, (rows) => {
      on(rows);
      resolve(stop);
    });
  });
}

async function quiet(): Promise<void> {
  for (let times = 0; times < 3; times++) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function wireSubject(open: OpenClient): Subject {
  serve();

  /** Connected, with the query asked; resolved when the socket is there to answer by hand. */
  async function requesting(notified: (rows: readonly Row[]) => void): Promise<{ client: Client; socket: FakeSocket }> {
    results.clear();
    const client = open();
    client.subscribe(query, notified);
    await quiet();
    await quiet();
    return { client, socket: newest() };
  }

  async function w1(n: number): Promise<Outcome> {
    const text = addQueryOk(query, triplesOf('tasks', world(n).tasks));
    const run = async (): Promise<number> => {
      let end = 0;
      const { client, socket } = await requesting((rows) => (end = rows.length === n ? performance.now() : 0));
      const start = performance.now();
      socket.receive(text);
      await free();
      if (end === 0) await quiet();
      client.close();
      return end - start;
    };
    return inTurn(rounds(n), run, () => timed(() => JSON.parse(text)));
  }

  async function w3(n: number): Promise<Outcome> {
    const { tasks } = world(n);
    let shown: readonly Row[] = [];
    let end = 0;
    let stored = 1;
    const { client, socket } = await requesting((rows) => {
      end = performance.now();
      if (shown.length > 0) stored = rows.filter((row, at) => row === shown[at]).length / n;
      shown = rows;
    });
    socket.receive(addQueryOk(query, triplesOf('tasks', tasks)));
    await quiet();
    let txId = 1;
    const text = (): string => {
      txId++;
      return refreshOk(
        query,
        triplesOf(
          'tasks',
          tasks.map((task, at) => (at === 7 ? { ...task, title: `title ${txId}` } : task)),
        ),
        txId,
      );
    };
    let next = text();
    const run = async (): Promise<number> => {
      end = 0;
      const start = performance.now();
      socket.receive(next);
      await free();
      if (end === 0) await quiet();
      const took = end - start;
      next = text();
      return took;
    };
    const outcome = await inTurn(rounds(n), run, () => timed(() => JSON.parse(next)));
    client.close();
    return { ...outcome, notes: { 'rows that keep identity, %': Math.round(stored * 1000) / 10 } };
  }

  async function w3delta(n: number): Promise<Outcome> {
    const { tasks } = world(n);
    let end = 0;
    const { client, socket } = await requesting(() => (end = performance.now()));
    socket.receive(addQueryOk(query, triplesOf('tasks', tasks)));
    await quiet();
    let title = (tasks[7] as Task).title;
    const id = (tasks[7] as Task).id;
    const samples = await sample(50, async (round) => {
      const was = [id, attrId('tasks', 'title'), title, 1];
      title = `title ${round}`;
      const text = deltaRefresh(query, [was.slice(0, 2)], [[id, attrId('tasks', 'title'), title, 1]], round + 1, round + 2);
      end = 0;
      const start = performance.now();
      socket.receive(text);
      await free();
      if (end === 0) await quiet();
      return end - start;
    });
    client.close();
    return { samples };
  }

  async function w2(n: number): Promise<Outcome> {
    const { tasks } = world(n);
    const client = open();
    let end = 0;
    let wanted = '';
    let at = 0;
    await listen(client, query, tasks, (rows) => {
      if (rows[at]?.['title'] === wanted) end = performance.now();
    });
    const count = isSlow(client) ? (n > 20_000 ? 3 : 5) : 200;
    const samples = await sample(
      count,
      async (round) => {
        at = (round * 37) % n;
        wanted = `title of round ${round}`;
        end = 0;
        const start = performance.now();
        client.update((tasks[at] as Task).id, { title: wanted });
        await free();
        while (end === 0) await free();
        return end - start;
      },
      steady,
    );
    client.close();
    return { samples };
  }

  const isSlow = (client: Client): boolean => 'isSlow' in client;

  /** `count` queries of different filters, all of one client; the write is in the first of them. */
  async function w2b(n: number, count: number): Promise<Outcome> {
    const { tasks } = world(n);
    const [few, many] = [await opened(1), await opened(count)];
    async function opened(queries: number): Promise<{ client: Client; told: number[] }> {
      const client = open();
      const notified = Array<number>(queries).fill(0);
      await listen(client, { tasks: { $: { where: { estimate: { $lt: 100 } } } } }, tasks, () => notified[0]!++);
      for (let at = 1; at < queries; at++) {
        const others = world(1100).tasks.slice(100 + at * 10, 110 + at * 10);
        const requested = { tasks: { $: { where: { priority: 100 + at } } } };
        await listen(
          client,
          requested,
          others.map((task) => ({ ...task, id: task.id.replace(/^..../, String(1000 + at)), priority: 100 + at })),
          () => notified[at]!++,
        );
      }
      return { client, told: notified };
    }
    const received = many.told.slice(1).reduce((sum, times) => sum + times, 0);
    const once = async (client: Client, round: number): Promise<number> => {
      const start = performance.now();
      client.update((tasks[(round * 37) % n] as Task).id, { title: `title ${round}` });
      await free();
      return performance.now() - start;
    };
    const base: number[] = [];
    const slow = isSlow(few.client);
    const samples = await sample(
      slow ? 5 : 100,
      async (round) => {
        base.push(await once(few.client, round));
        return once(many.client, round);
      },
      steady,
    );
    const called = many.told.slice(1).reduce((sum, times) => sum + times, 0) - received;
    few.client.close();
    many.client.close();
    return { samples, base: base.slice(-samples.length), notes: { 'calls of unaffected queries': called } };
  }

  /** `writes` in one task, or a task each; 20 queries of 1,000 rows. `isShared`: of the same rows, in different orders. */
  async function w4(isShared: boolean, isEach: boolean): Promise<Outcome> {
    const { tasks, projects } = world(isShared ? 1_000 : 20_000);
    const rows = isShared ? 1_000 : 20_000;
    const total = isQuick ? 300 : 1_000;
    const slowest = isSlow(open());
    const times: number[] = [];
    const longest: number[] = [];
    const cpus: number[] = [];
    let calls = 0;
    for (let round = 0; round < (isQuick ? 3 : slowest ? 2 : 8); round++) {
      const client = open();
      const slow = slowest;
      let end = 0;
      let cpu = process.cpuUsage();
      let used = cpu;
      calls = 0;
      for (let at = 0; at < 20; at++) {
        const requested = isShared
          ? { tasks: { $: { where: { estimate: { $lt: 100 + at } } } } }
          : { tasks: { $: { where: { project: projects[at]?.id } } } };
        const mine = isShared ? tasks : tasks.slice(at * 1_000, at * 1_000 + 1_000);
        await listen(client, requested, mine, () => {
          calls++;
          end = performance.now();
          if (calls === 20) used = process.cpuUsage(cpu);
        });
      }
      await quiet();
      calls = 0;
      const writes = slow ? 20 : total;
      const start = performance.now();
      cpu = process.cpuUsage();
      let most = 0;
      for (let at = 0; at < writes; at++) {
        const from = performance.now();
        client.update((tasks[(at * 1021) % rows] as Task).id, { title: `title ${round} ${at}` });
        if (isEach) await free();
        most = Math.max(most, performance.now() - from);
      }
      if (!isEach) {
        await free();
        while (calls < 20) await free();
      }
      const took = (isEach ? performance.now() : end) - start;
      if (isEach) used = process.cpuUsage(cpu);
      cpus.push((used.user + used.system) / 1_000 / (isEach ? writes : writes / 1_000));
      times.push(isEach ? took / writes : (took * 1_000) / writes);
      longest.push(most);
      client.close();
      await quiet();
    }
    return {
      samples: times.slice(1),
      notes: {
        calls,
        'processor time, ms': Math.round(Math.min(...cpus.slice(1)) * 100) / 100,
        'longest task, ms': Math.round(median(longest) * 100) / 100,
      },
    };
  }

  async function w6(n: number): Promise<Outcome> {
    // One before, so that code and catalogues are not counted.
    await ingested(10);
    return heapPer(n, () => ingested(n));
    async function ingested(count: number): Promise<unknown> {
      const held: { client?: Client; rows?: readonly Row[] } = {};
      const { client, socket } = await requesting((rows) => (held.rows = rows));
      held.client = client;
      socket.receive(addQueryOk(query, triplesOf('tasks', world(count).tasks)));
      await quiet();
      if (held.rows?.length !== count) await quiet();
      FakeSocket.opened.length = 0;
      return held;
    }
  }

  return {
    w1,
    w2,
    w2b20: (n) => w2b(n, 20),
    w2b100: (n) => w2b(n, 100),
    w3,
    w3delta,
    w4task: () => w4(false, false),
    w4shared: () => w4(true, false),
    w4each: () => w4(false, true),
    w6,
  };
}
