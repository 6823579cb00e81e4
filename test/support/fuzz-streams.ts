// Streams of any length, written and read by sessions that come and go: each reader gets what is stored, and nothing is held for nobody.

import fc from 'fast-check';
import { appId, bench, newId, rest, type Bench, type TestPeer } from '../server/bench.ts';

const every = 100;
const name = fc.nat(4).map((n) => `s${n}`);
const peerAt = fc.nat(3);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .tuple(fc.constantFrom('x', 'é', '😀', '\u0000', '\ud800'), fc.oneof(fc.nat(300), fc.nat(400_000)))
    .map(([unit, times]) => unit.repeat(times)),
);
const act = fc.oneof(
  { arbitrary: fc.record({ is: fc.constant('start' as const), name }), weight: 2 },
  {
    arbitrary: fc.record({ is: fc.constant('append' as const), name, text, done: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) }),
    weight: 6,
  },
  { arbitrary: fc.record({ is: fc.constant('read' as const), name, times: fc.constantFrom(1, 1, 1, 50) }), weight: 3 },
  { arbitrary: fc.record({ is: fc.constant('stop' as const), name }), weight: 1 },
  { arbitrary: fc.record({ is: fc.constant('delete' as const), name }), weight: 1 },
  { arbitrary: fc.record({ is: fc.constant('leave' as const) }), weight: 1 },
);

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** What is stored of each stream, by its id. */
type Stored = Map<string, { readonly clientId: string; text: Buffer }>;

const wellFormed = (given: string): Buffer => Buffer.from(Buffer.from(given).toString());

/** What each reading of a peer has, put together by offsets. Throws if something is missing. */
function readIn(peer: TestPeer): Map<string, { readonly streamId: string; readonly bytes: Buffer }> {
  const read = new Map<string, { readonly streamId: string; readonly bytes: Buffer }>();
  for (const message of peer.heard) {
    if (message.op !== 'stream-append' || typeof message.offset !== 'number' || !message['stream-id']) continue;
    const key = String(message['client-event-id']);
    const { bytes } = read.get(key) ?? { bytes: Buffer.alloc(0) };
    if (message.offset !== bytes.length) throw new Error(`${message.offset} instead of ${bytes.length}`);
    read.set(key, { streamId: message['stream-id'], bytes: Buffer.concat([bytes, Buffer.from(message.content ?? '')]) });
  }
  return read;
}

async function settled(peers: readonly TestPeer[]): Promise<void> {
  for (let [before, now] = [-1, 0]; now !== before;) {
    before = now;
    for (let n = 0; n < 5; n++) await rest();
    now = peers.reduce((sum, { heard }) => sum + heard.length, 0);
  }
}

async function run(acts: readonly (readonly [number, Act])[], world: Bench): Promise<string[]> {
  const admin = { '__admin-token': 'ad000000-0000-4000-8000-000000000001' };
  const faults: string[] = [];
  const app = await world.hub.app(appId);
  const token = newId();
  const peers = await Promise.all([0, 1, 2, 3].map(() => world.open(admin)));
  const stored: Stored = new Map();
  const idOf = (clientId: string): string => [...stored].find(([, one]) => one.clientId === clientId)?.[0] ?? newId();
  for (const [at, what] of acts) {
    const peer = peers[at] as TestPeer;
    const from = peer.heard.length;
    switch (what.is) {
      case 'start': {
        peer.send({ op: 'start-stream', 'client-id': what.name, 'reconnect-token': token });
        await rest();
        const begun = peer.heard.slice(from).find((each) => each.op === 'start-stream-ok');
        if (begun?.op !== 'start-stream-ok') break;
        const id = begun['stream-id'];
        if (!stored.has(id)) stored.set(id, { clientId: what.name, text: Buffer.alloc(0) });
        if (begun.offset !== stored.get(id)?.text.length) faults.push(`starts at ${begun.offset}`);
        break;
      }
      case 'append': {
        const id = idOf(what.name);
        const one = stored.get(id);
        peer.send({ op: 'append-stream', 'stream-id': id, offset: one?.text.length ?? 0, chunks: [what.text], done: what.done });
        await rest();
        const isFlushed = peer.heard.slice(from).some((each) => each.op === 'stream-flushed');
        if (one && isFlushed) one.text = Buffer.concat([one.text, wellFormed(what.text)]);
        break;
      }
      case 'read':
        for (let n = 0; n < what.times; n++) peer.send({ op: 'subscribe-stream', 'client-event-id': newId(), 'client-id': what.name });
        break;
      case 'stop': {
        const reading = peer.heard.find((each) => each.op === 'stream-append' && each['client-id'] === what.name);
        const id = reading?.op === 'stream-append' ? reading['client-event-id'] : newId();
        peer.send({ op: 'unsubscribe-stream', 'subscribe-event-id': id });
        peer.heard.splice(
          0,
          peer.heard.length,
          ...peer.heard.filter((each) => !('client-event-id' in each) || each['client-event-id'] !== id),
        );
        break;
      }
      case 'delete': {
        const id = idOf(what.name);
        peer.send({ op: 'transact', 'tx-steps': [['delete-entity', id, '$streams']] });
        await rest();
        stored.delete(id);
        break;
      }
      case 'leave':
        peer.session.end();
        peers[at] = await world.open(admin);
    }
  }
  await settled(peers);
  for (const peer of peers) {
    for (const { streamId, bytes } of readIn(peer).values()) {
      const one = stored.get(streamId);
      if (one && !one.text.equals(bytes)) faults.push(`${bytes.length} bytes were read of ${one.text.length}`);
    }
    if (peer.closedWith) faults.push(`closed: ${peer.closedWith.join(' ')}`);
    peer.session.end();
  }
  await rest();
  if (app.memory.used !== 0) faults.push(`${app.memory.used} bytes are held for nobody`);
  return faults;
}

export async function fuzzStreams(
  count: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const faults: string[] = [];
  for (let at = 0; at < count; at += every) {
    const world = bench();
    const acts = fc.sample(fc.tuple(peerAt, act), { numRuns: Math.min(every, count - at), seed: seed + at });
    try {
      faults.push(...(await run(acts, world)).map((fault) => `${fault} (seed ${seed + at})`));
    } catch (error) {
      faults.push(`${String(error)} (seed ${seed + at})`);
    }
    await world.hub.close();
    progress(at);
  }
  return { faults, isAlive: true };
}
