// A server that is asked for too much: upgrade requests of any form, queries of any cost, and clients that want much held for them.

import { connect } from 'node:net';
import fc from 'fast-check';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import type { Limits } from '../../src/server/limits.ts';
import { appId, bench, type Bench, blob, link, newId, type TestPeer } from '../server/bench.ts';

type Progress = (done: number) => void;
const every = 100;

function* samples<T>(arb: fc.Arbitrary<T>, count: number, seed: number): Generator<T> {
  for (let at = 0; at < count; at += every) yield* fc.sample(arb, { numRuns: Math.min(every, count - at), seed: seed + at });
}

const part = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '///',
    '/\\',
    '//[::1',
    'http://[',
    'http://%',
    'http://a:99999/',
    '/runtime/session',
    '?app_id=',
    '%',
    '*',
    '..',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((text) => text.replaceAll(/[\r\n ]/g, '')),
);
const header = fc.oneof(
  fc.constantFrom(
    ...[
      'Upgrade: websocket',
      'Upgrade: h2c',
      'Upgrade: websocket, h2c',
      'Connection: Upgrade',
      'Connection: keep-alive, upgrade',
      'Host: x',
    ],
    ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 99', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Key: x'],
    ...['Sec-WebSocket-Extensions: permessage-deflate; x', 'Sec-WebSocket-Protocol: ,', 'Origin: null', 'HTTP2-Settings: AAMAAABkAAQ'],
  ),
  fc
    .tuple(fc.constantFrom('X-A', 'Upgrade', 'Origin', 'Cookie'), fc.string({ maxLength: 30 }))
    .map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, '')}`),
);
const upgrade = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'OPTIONS', 'CONNECT', 'get'),
    fc.array(part, { minLength: 1, maxLength: 4 }),
    fc.array(header, { maxLength: 9 }),
  )
  .map(([method, target, headers]) => `${method} ${target.join('')} HTTP/1.1\r\n${['Host: localhost', ...headers].join('\r\n')}\r\n\r\n`);

/** Each request gets an answer or loses its connection. */
export async function fuzzUpgrades(
  count: number,
  seed: number,
  progress: Progress = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const server = await createServer();
  const faults: string[] = [];
  let at = 0;
  for (const request of samples(upgrade, count, seed)) {
    if (!(await isAnswered(server, request))) faults.push(request);
    if (++at % every === 0) progress(at);
  }
  const isAlive = await fetch(`${server.url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
  await server.close();
  return { faults, isAlive };
}

function isAnswered({ port }: TriplaneServer, request: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(5000, () => end(false));
    socket.on('data', () => end(true));
    socket.on('error', () => end(true));
    socket.on('close', () => end(true));
  });
}

const [goalsId, title, tagsId, tagName] = [blob('goals', 'id'), blob('goals', 'title'), blob('tags', 'id'), blob('tags', 'name')];
const goalTags = link('goals', 'tags', 'tags', 'goals');

async function denseWorld(size: number, limits: Partial<Limits>): Promise<{ world: Bench; writer: TestPeer }> {
  const world = bench({ limits });
  const writer = await world.open();
  const [goals, tags] = [Array.from({ length: size }, () => newId()), Array.from({ length: size }, () => newId())];
  await writer.request({
    op: 'transact',
    'tx-steps': [
      ...[goalsId, title, tagsId, tagName, goalTags].map((attr) => ['add-attr', attr]),
      ...goals.flatMap((id, n) => [
        ['add-triple', id, goalsId.id, id],
        ['add-triple', id, title.id, `${n}`],
      ]),
      ...tags.flatMap((id, n) => [
        ['add-triple', id, tagsId.id, id],
        ['add-triple', id, tagName.id, `${n}`],
      ]),
      ...goals.flatMap((id) => tags.map((tag) => ['add-triple', id, goalTags.id, tag])),
    ],
  });
  return { world, writer };
}

const size = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 12 }), weight: 6 }, fc.constantFrom(60, 1000, 50_000));
const ofPath = (steps: number, at: number): string =>
  [...Array.from({ length: steps }, (_, n) => ((n + at) % 2 === 0 ? 'tags' : 'goals')), 'id'].join('.');
const conditions = fc.oneof(
  size.map((count) => ({ [ofPath(count, 0)]: newId() })),
  size.map((count) => ({ [ofPath(count, 0)]: { $not: newId() } })),
  size.map((count) => ({ title: { $in: Array.from({ length: count * 10 }, (_, n) => `${n}`) } })),
  size.map((count) => ({ or: Array.from({ length: count }, (_, n) => ({ title: `${n}` })) })),
  fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 })).map(([members, steps]) => ({
    or: Array.from({ length: members }, () => ({ [ofPath(steps, 0)]: newId() })),
  })),
);
const forms = size.map((depth) => {
  let form = {};
  for (let level = Math.min(depth, 300); level > 0; level--) form = { [level % 2 === 0 ? 'goals' : 'tags']: form };
  return form;
});
const query = fc.tuple(fc.option(conditions, { nil: undefined }), forms, fc.boolean()).map(([where, form, isTree]) => ({
  q: { goals: { ...form, ...(where && { $: { where } }) } },
  ...(isTree && { 'return-type': 'tree' }),
}));

/** Turns of the event loop within which an ordinary query is answered, whatever else is asked. */
const maxTurns = 200;

/** Each query gets an answer or an error that names a limit, and somebody else is served meanwhile. */
export async function fuzzQueries(
  count: number,
  seed: number,
  progress: Progress = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const { world } = await denseWorld(40, { queryWork: 500_000, resultLength: 4_000_000 });
  const faults: string[] = [];
  let hostile = await world.open();
  const other = await world.open();
  let at = 0;
  for (const asked of samples(query, count, seed)) {
    hostile.heard.length = 0;
    hostile.send({ op: 'add-query', ...asked });
    const ordinary = { goals: { $: { where: { id: newId() } } } };
    other.heard.length = 0;
    other.send({ op: 'add-query', q: ordinary });
    if (!(await isHeard(other, maxTurns))) faults.push(`not served beside ${JSON.stringify(asked).slice(0, 300)}`);
    other.send({ op: 'remove-query', q: ordinary });
    if (!(await isHeard(hostile, 100_000))) faults.push(`not answered: ${JSON.stringify(asked).slice(0, 300)}`);
    if (hostile.heard.some((each) => each.op === 'error' && each.status !== 400)) faults.push(JSON.stringify(hostile.heard).slice(0, 300));
    if (++at % every === 0) {
      hostile.session.end();
      hostile = await world.open();
      progress(at);
    }
  }
  other.heard.length = 0;
  other.send({ op: 'add-query', q: { tags: { $: { limit: 1 } } } });
  const isAlive = await isHeard(other, maxTurns);
  await world.hub.close();
  return { faults, isAlive };
}

async function isHeard(peer: TestPeer, turns: number): Promise<boolean> {
  for (let turn = 0; turn < turns; turn++) {
    if (peer.heard.length > 0) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

const bytes = fc.integer({ min: 0, max: 400_000 });
const wish = fc.oneof(
  fc.tuple(fc.nat(50), bytes).map(([room, length]) => ({ op: 'join-room', 'room-id': `r${room}`, data: { text: 'x'.repeat(length) } })),
  fc.tuple(fc.nat(50), bytes).map(([room, length]) => ({ op: 'set-presence', 'room-id': `r${room}`, data: { text: 'y'.repeat(length) } })),
  fc.nat(50).map((room) => ({ op: 'leave-room', 'room-id': `r${room}` })),
  bytes.map((length) => ({ op: 'add-query', q: { goals: { $: { where: { title: 'x'.repeat(length) } } } } })),
  bytes.map((length) => ({ op: 'remove-query', q: { goals: { $: { where: { title: 'x'.repeat(length) } } } } })),
  fc
    .tuple(fc.nat(50), bytes)
    .map(([room, length]) => ({ op: 'client-broadcast', 'room-id': `r${room}`, topic: 't', data: 'x'.repeat(length) })),
);

/** What a session makes the server hold stays within its limit, and is given back. */
export async function fuzzBytes(
  count: number,
  seed: number,
  progress: Progress = () => {},
): Promise<{ faults: string[]; isAlive: boolean }> {
  const sessionBytes = 2_000_000;
  const { world } = await denseWorld(2, { sessionBytes, appBytes: 3 * sessionBytes });
  const faults: string[] = [];
  const app = await world.hub.app(appId);
  let peers = [await world.open(), await world.open(), await world.open(), await world.open()];
  let at = 0;
  for (const message of samples(wish, count, seed)) {
    const peer = peers[at % peers.length] as TestPeer;
    await peer.request(message);
    if (app.memory.used > 3 * sessionBytes) faults.push(`${app.memory.used} bytes held`);
    if (++at % (5 * every) !== 0) continue;
    for (const each of peers) each.session.end();
    if (app.memory.used !== 0) faults.push(`${app.memory.used} bytes are held for nobody`);
    peers = await Promise.all(peers.map(() => world.open()));
    progress(at);
  }
  const isAlive = (await peers[0]?.request({ op: 'join-room', 'room-id': 'last' }))?.[0]?.op === 'join-room-ok';
  await world.hub.close();
  return { faults, isAlive };
}
