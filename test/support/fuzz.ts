// A server, and a client, that are told whatever there is; and whether they live.

import fc from 'fast-check';
import { decodeServerFrame } from '../../src/protocol/codec.ts';
import { isTriplaneError } from '../../src/errors.ts';
import { memory } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/storage.ts';
import { adminToken, appId, type Bench, bench, rest, type TestPeer } from '../server/bench.ts';
import { testClient } from './client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { clientSeeds, frameArb, serverSeeds } from './fuzz-frames.ts';
import { goalAttrs, goalId, goalsQuery, goalTriples } from './goals.ts';

/** Ops that may be done without a word. */
const silent = /"op":"(remove-sync|resync-table|append-stream|unsubscribe-stream)"/;

/** Called now and then, with how many frames there have been. */
type Progress = (frames: number) => void;
const every = 500;

function* frames(seeds: readonly object[], count: number, seed: number): Generator<string> {
  for (let at = 0; at < count; at += every) {
    yield* fc.sample(frameArb(seeds), { numRuns: Math.min(every, count - at), seed: seed + at });
  }
}

export async function fuzzServer(
  count: number,
  seed: number,
  progress: Progress = () => {},
  fresh: () => Promise<Storage> = async () => memory(),
): Promise<{ unanswered: string[]; isAlive: boolean }> {
  const build = async (): Promise<Bench> => bench({ storage: await fresh(), limits: { badFrames: 1e6 } });
  let world = await build();
  let peer = await opened(world, { '__admin-token': adminToken });
  const unanswered: string[] = [];
  let at = 0;
  for (const text of frames(clientSeeds, count, seed)) {
    if (at % every === every / 2) {
      peer.session.end();
      // Its data grow as they should: another server now and then, to see what else does.
      if (at % (20 * every) === every / 2) {
        await world.hub.close();
        world = await build();
      }
      peer = at % (2 * every) === every / 2 ? world.connect() : await opened(world);
      progress(at);
    }
    at++;
    peer.heard.length = 0;
    peer.session.receive(text);
    await Promise.resolve();
    if (silent.test(text)) await rest();
    else if (!(await isReceived(peer))) unanswered.push(text);
    if (peer.heard.some((message) => message.op === 'error' && message.status === 500)) unanswered.push(`status 500: ${text}`);
  }
  const other = await opened(world);
  other.send({ op: 'add-query', q: { goals: { todos: {} } } });
  await isReceived(other);
  const isAlive = other.heard.some(({ op }) => op === 'add-query-ok');
  await world.hub.close();
  return { unanswered, isAlive };
}

async function opened(world: Bench, init: object = {}): Promise<TestPeer> {
  const peer = world.connect();
  peer.send({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' }, ...init });
  await isReceived(peer);
  peer.heard.length = 0;
  return peer;
}

/** Longer than any storage takes for one transaction. */
const patienceMs = 5000;

async function isReceived(peer: TestPeer): Promise<boolean> {
  const until = Date.now() + patienceMs;
  for (;;) {
    if (peer.heard.length > 0 || peer.closedWith) return true;
    if (Date.now() > until) return false;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export async function fuzzClient(
  count: number,
  seed: number,
  progress: Progress = () => {},
): Promise<{ reported: unknown[]; isAlive: boolean }> {
  const reported: unknown[] = [];
  const onError = (error: Error): void => {
    if (!isTriplaneError(error) && error.name !== 'InstantAPIError') reported.push(error);
  };
  const seeds = serverSeeds(goalsQuery, goalTriples({ id: goalId(1), title: 'a' }), goalAttrs);
  let client = await listeningClient(onError);
  let at = 0;
  for (const text of frames(seeds, count, seed)) {
    if (at % every === every / 2) {
      client.reactor.shutdown();
      client = await listeningClient(onError);
      progress(at);
    }
    if (at++ % 50 === 0) await client.clock.advance(100);
    const { on } = client.transport.channel;
    try {
      for (const message of decodeServerFrame(text).messages) on.message(message);
    } catch (error) {
      if (!isTriplaneError(error)) throw error;
      on.fault(error);
    }
    await Promise.resolve();
  }
  client.reactor.shutdown();
  return { reported, isAlive: await results() };
}

type Client = ReturnType<typeof testClient>;

async function listeningClient(onError: (error: Error) => void): Promise<Client> {
  const client = testClient({ onError });
  const { reactor } = client;
  reactor.queries.subscribe(goalsQuery, { onResult: () => {}, onError: () => {} });
  await client.clock.advance(0);
  await client.receive({ op: 'init-ok', 'session-id': 's', attrs: goalAttrs });
  return client;
}

/** After all that, a client works as ever. */
async function results(): Promise<boolean> {
  const client = await listeningClient(() => {});
  await client.receive({ op: 'add-query-ok', q: goalsQuery, result: [], 'processed-tx-id': 1 });
  await settled();
  const seen = client.reactor.queries.peek(goalsQuery);
  client.reactor.shutdown();
  return JSON.stringify(seen?.data) === '{"goals":[]}';
}
