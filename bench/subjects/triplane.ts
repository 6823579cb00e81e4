// Ours, through the public API; W5 on the engine alone, as the official client's is.

import 'fake-indexeddb/auto';

import { serialize } from 'node:v8';

import { addQueryOk, allTriples, attrId, attrs as wireAttrs, deltaRefresh, type Task, triplesOf, world } from '../data.ts';
import { FakeSocket } from '../fake-socket.ts';
import { free, isQuick, median, type Outcome, sample, type Subject, timed } from '../measure.ts';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { init } from '../../src/index.ts';
import { compile } from '../../src/query/compile.ts';
import { evaluate } from '../../src/query/live-result.ts';
import type { KeyValueOp, KeyValue } from '../../src/storage/key-value.ts';
import { indexedDbStore } from '../../src/storage/indexed-db.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { type Client, newest, wireSubject } from './wire.ts';

const network = { isOnline: () => true, subscribe: () => () => {} };

/** Keeps writes, and of answers nothing: what is on disk is not on the heap. */
function diskless(): KeyValue {
  const inner = memoryStore();
  const isResult = (op: KeyValueOp): boolean => 'put' in op && op.put.startsWith('answer/');
  return { ...inner, write: (ops) => inner.write(ops.filter((op) => !isResult(op))) };
}

function open(storage: unknown = diskless(), more: object = {}): Client {
  const db = init({
    ...more,
    appId: crypto.randomUUID(),
    webSocket: (url) => new FakeSocket(url),
    storage: storage as KeyValue,
    network,
    onError: (error) => process.stderr.write(`${error.message}\n`),
  });
  return {
    subscribe: (query, on) =>
      db.subscribeQuery(query as never, (result: { data?: unknown }) => {
        const { data, isStale } = result as { data?: { tasks: never[] }; isStale?: boolean };
        if (data) on(data.tasks, isStale ?? false);
      }),
    update: (id, fields) => void (db.transact(db.tx['tasks']![id]!.update(fields)) as Promise<unknown>).catch(() => {}),
    close: () => db.shutdown(),
  };
}

function w5(isAgain: boolean): (n: number) => Promise<Outcome> {
  return async (n) => {
    const data = world(Math.floor(n * 0.4), { comments: Math.floor(n * 0.6) });
    const attrs = Attrs.from(wireAttrs);
    const triples = allTriples(data);
    const requested = (status: string): object => ({
      tasks: { $: { where: { status }, order: { createdAt: 'asc' }, limit: 50 }, comments: { author: {} } },
    });
    let store = new Store(attrs);
    const run = (status: string): unknown => evaluate(compile(requested(status) as never, attrs), store);
    const samples = await sample(20, () => {
      if (!isAgain) {
        store = new Store(attrs);
        store.load(triples);
      } else if (store.size('tasks') === 0) {
        store.load(triples);
        run('closed');
      }
      return timed(() => run('open'));
    });
    return { samples };
  };
}

/** The longest that anything else has to wait while an answer of `n` rows comes in, in slices and, as a note, in one go. */
async function w1slices(n: number): Promise<Outcome> {
  const text = addQueryOk({ tasks: {} }, triplesOf('tasks', world(n).tasks));
  const frames: number[] = [];
  const wholes: number[] = [];
  const cpus: number[] = [];
  const samples = await sample(isQuick ? 2 : 5, async () => {
    const { frame, longest, longestCpu, whole } = await tasksOf(n, text, { yieldEvery: 16 });
    frames.push(frame);
    wholes.push(whole);
    cpus.push(longestCpu);
    return longest;
  });
  const { frame } = await tasksOf(n, text, {});
  const notes = {
    'in processor time, ms': Math.round(median(cpus)),
    'task of the frame, ms': Math.round(median(frames)),
    'the same without yieldEvery, with all else in it': Math.round(frame),
    'of that JSON.parse': Math.round(timed(() => JSON.parse(text))),
    'until shown': Math.round(median(wholes)),
  };
  return { samples, notes };
}

/** The task in which the frame comes in, and the longest of those after it until the answer is shown. */
async function tasksOf(n: number, text: string, config: object): Promise<Record<'frame' | 'longest' | 'longestCpu' | 'whole', number>> {
  const client = open(diskless(), config);
  let end = 0;
  client.subscribe({ tasks: {} }, (rows) => {
    if (rows.length === n) end = performance.now();
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await free();
  const start = performance.now();
  newest().receive(text);
  await free();
  let last = performance.now();
  const frame = last - start;
  let [longest, longestCpu] = [0, 0];
  while (end === 0) {
    const before = process.cpuUsage();
    await free();
    const now = performance.now();
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, now - last);
    longestCpu = Math.max(longestCpu, (user + system) / 1_000);
    last = now;
  }
  client.close();
  return { frame, longest, longestCpu, whole: end - start };
}

/** A client with `n` rows kept on the device, and what was written. */
async function stored(
  n: number,
): Promise<{ store: KeyValue; tasks: readonly Task[]; written: KeyValueOp[]; client: Client; socket: FakeSocket }> {
  const { tasks } = world(n);
  const inner = indexedDbStore(crypto.randomUUID());
  const written: KeyValueOp[] = [];
  const write = (ops: readonly KeyValueOp[]): Promise<void> => {
    written.push(...ops);
    return inner.write(ops);
  };
  const store: KeyValue = { get: (key) => inner.get(key), list: (prefix) => inner.list(prefix), write, close: () => {} };
  const client = open(store);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.subscribe({ tasks: {} }, () => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  const socket = newest();
  socket.receive(addQueryOk({ tasks: {} }, triplesOf('tasks', tasks)));
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  return { store, tasks, written, client, socket };
}

async function w8(n: number): Promise<Outcome> {
  const { store, client } = await stored(n);
  client.close();
  const samples = await sample(8, async () => {
    let end = 0;
    const start = performance.now();
    const again = open(store);
    again.subscribe({ tasks: {} }, (rows) => {
      if (rows.length === n) end ||= performance.now();
    });
    while (end === 0) await free();
    again.close();
    return end - start;
  });
  return { samples };
}

const sizeOf = (ops: readonly KeyValueOp[]): number => serialize(ops).byteLength;

async function w8write(n: number): Promise<Outcome> {
  const { tasks, written, client } = await stored(n);
  written.length = 0;
  client.update((tasks[7] as Task).id, { title: 'another title' });
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  client.close();
  return { samples: [sizeOf(written)] };
}

async function w8push(n: number): Promise<Outcome> {
  const { tasks, written, client, socket } = await stored(n);
  written.length = 0;
  const { id } = tasks[7] as Task;
  socket.receive(deltaRefresh({ tasks: {} }, [[id, attrId('tasks', 'title')]], [[id, attrId('tasks', 'title'), 'new', 1]], 1, 2));
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  client.close();
  return { samples: [sizeOf(written)] };
}

export const subject: Subject = { ...wireSubject(open), w1slices, w5first: w5(false), w5again: w5(true), w8, w8write, w8push };
