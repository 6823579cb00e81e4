// W10, in a process of its own: what a transaction costs a server that many watch, of whom it concerns one; and what sessions
// cost that say nothing. The server is driven without a network.

import type { Session } from '../src/server/session/session.ts';
import { appId, bench, blob, link, newId, rest } from '../test/server/bench.ts';

const collect: () => void = (globalThis as { gc?: () => void }).gc ?? (() => {});
const goalsId = blob('goals', 'id');
const owner = blob('goals', 'owner');
const rank = blob('goals', 'rank', { 'index?': true, 'checked-data-type': 'number' });
const title = blob('goals', 'title');

type Bench = ReturnType<typeof bench>;

async function transact(world: Bench, session: Session, steps: readonly unknown[]): Promise<void> {
  session.receive(JSON.stringify({ op: 'transact', 'client-event-id': newId(), 'tx-steps': steps }));
  const app = await world.hub.app(appId);
  await new Promise<void>((run) => app.ledger.read({ run, reject: () => run() }));
}

async function opened(world: Bench, receive: (frame: string) => void = () => {}): Promise<Session> {
  const session = world.hub.connect({ send: receive, close: () => {} });
  session.receive(JSON.stringify({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' }, triplane: { deltas: true } }));
  await rest();
  return session;
}

async function prepared(): Promise<{ world: Bench; writer: Session }> {
  const world = bench({ limits: { queries: 100_000, messagesPerSecond: 1e9 } });
  const writer = await opened(world);
  await transact(
    world,
    writer,
    [goalsId, owner, rank, title].map((attr) => ['add-attr', attr]),
  );
  return { world, writer };
}

async function perTransaction(world: Bench, writer: Session, runs = 300): Promise<number> {
  const goal = newId();
  const write = (n: number): Promise<void> =>
    transact(world, writer, [
      ['add-triple', goal, goalsId.id, goal],
      ['add-triple', goal, owner.id, 'user 0'],
      ['add-triple', goal, rank.id, 0],
      ['add-triple', goal, title.id, `title ${n}`],
    ]);
  for (let n = 0; n < 50; n++) await write(n);
  const began = performance.now();
  for (let n = 0; n < runs; n++) await write(n);
  return (performance.now() - began) / runs;
}

async function manySessions(count: number): Promise<string> {
  const { world, writer } = await prepared();
  for (let n = 0; n < count; n++) {
    const session = await opened(world);
    session.receive(JSON.stringify({ op: 'add-query', q: { goals: { $: { where: { owner: `user ${n}` } } } } }));
  }
  await rest();
  return `${count} sessions, each with a query of its own, one affected: ${(await perTransaction(world, writer)).toFixed(3)} ms per transaction`;
}

async function manyQueries(count: number, where: (n: number) => object, what: string): Promise<string> {
  const { world, writer } = await prepared();
  const reader = await opened(world);
  for (let n = 1; n <= count; n++) reader.receive(JSON.stringify({ op: 'add-query', q: { goals: { $: { where: where(n) } } } }));
  await rest();
  return `${count} other queries on the namespace, ${what}: ${(await perTransaction(world, writer)).toFixed(3)} ms per transaction`;
}

async function longList(rows: number): Promise<string> {
  const { world, writer } = await prepared();
  const goals = Array.from({ length: rows }, () => newId());
  await transact(
    world,
    writer,
    goals.flatMap((goal) => [
      ['add-triple', goal, goalsId.id, goal],
      ['add-triple', goal, title.id, 'a'],
    ]),
  );
  let bytes = 0;
  const reader = await opened(world, (frame) => (bytes = frame.length));
  reader.receive(JSON.stringify({ op: 'add-query', q: { goals: {} } }));
  await rest();
  const whole = bytes;
  const write = (n: number): Promise<void> => transact(world, writer, [['add-triple', goals[n % rows], title.id, `title ${n}`]]);
  for (let n = 0; n < 20; n++) await write(n);
  const began = performance.now();
  for (let n = 0; n < 200; n++) await write(n);
  const ms = (performance.now() - began) / 200;
  await rest();
  return `a list of ${rows} rows, one changed: ${ms.toFixed(3)} ms and ${bytes} bytes as a difference (the answer: ${whole} bytes)`;
}

async function idleSessions(count: number): Promise<string> {
  const { world } = await prepared();
  collect();
  const before = process.memoryUsage().heapUsed;
  const held: Session[] = [];
  for (let n = 0; n < count; n++) held.push(await opened(world));
  collect();
  const used = process.memoryUsage().heapUsed - before;
  return `${held.length} idle sessions: ${(used / 1024 / 1024).toFixed(1)} MiB of heap, without their sockets`;
}

/** An ordinary query again and again, while others ask for as much as they may. */
async function besideHostile(sockets: number): Promise<string> {
  const world = bench({ limits: { queries: 100_000, messagesPerSecond: 1e9 } });
  const writer = await opened(world);
  const [tagsId, tags] = [blob('tags', 'id'), link('goals', 'tags', 'tags', 'goals')];
  const [goals, labels] = [Array.from({ length: 150 }, () => newId()), Array.from({ length: 150 }, () => newId())];
  await transact(world, writer, [
    ...[goalsId, title, tagsId, tags].map((attr) => ['add-attr', attr]),
    ...goals.map((goal) => ['add-triple', goal, goalsId.id, goal]),
    ...labels.map((tag) => ['add-triple', tag, tagsId.id, tag]),
    ...goals.flatMap((goal) => labels.map((tag) => ['add-triple', goal, tags.id, tag])),
  ]);
  const path = [...Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? 'tags' : 'goals')), 'id'].join('.');
  for (let n = 0; n < sockets; n++) {
    const answered = (): void => session.receive(JSON.stringify({ op: 'add-query', q: { goals: { $: { where: { [path]: newId() } } } } }));
    const session = await opened(world, (frame) => frame.includes('add-query-ok') && setImmediate(answered));
    answered();
  }
  let heard = (): void => {};
  const reader = await opened(world, () => heard());
  const took: number[] = [];
  for (let n = 0; n < 300; n++) {
    const began = performance.now();
    const isHeard = new Promise<void>((resolve) => (heard = resolve));
    reader.receive(
      JSON.stringify({
        op: 'add-query',
        q: { goals: { $: { where: { id: goals[n % 150] }, limit: 1 }, tags: {} }, tags: { $: { where: { id: newId() } } } },
      }),
    );
    await isHeard;
    took.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  took.sort((a, b) => a - b);
  return `an ordinary query beside ${sockets} sessions that ask for the most expensive one without end: p50 ${took[150]?.toFixed(1)} ms, p99 ${took[296]?.toFixed(1)} ms`;
}

const send = (line: string): void => void process.stdout.write(`- ${line}\n`);
for (const count of [10, 1000, 10_000]) send(await manySessions(count));
for (const count of [10, 1000, 10_000]) send(await manyQueries(count, (n) => ({ owner: `user ${n}` }), 'by equality'));
for (const count of [10, 1000]) send(await manyQueries(count, (n) => ({ rank: { $gt: n } }), 'by comparison'));
for (const rows of [100, 10_000]) send(await longList(rows));
send(await idleSessions(10_000));
for (const sockets of [1, 20]) send(await besideHostile(sockets));
process.exit(0);
