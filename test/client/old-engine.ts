// Runs in a process of its own: takes away what is not in the documented minimum, and then uses the client. Prints what it has seen as JSON.
// argv: the server's API URI, an app of it, and 'crypto' to take that away too.

interface Removed {
  readonly from: object;
  readonly keys: readonly string[];
}

export {};

const iterator = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object;
const removed: readonly Removed[] = [
  { from: Array.prototype, keys: ['toReversed', 'toSorted', 'toSpliced', 'with', 'findLast', 'findLastIndex', 'group'] },
  { from: Array, keys: ['fromAsync'] },
  { from: Object, keys: ['hasOwn', 'groupBy'] },
  { from: Map, keys: ['groupBy'] },
  { from: Promise, keys: ['withResolvers', 'try'] },
  {
    from: Set.prototype,
    keys: ['union', 'intersection', 'difference', 'isSubsetOf', 'isDisjointFrom', 'symmetricDifference', 'isSupersetOf'],
  },
  { from: String.prototype, keys: ['isWellFormed', 'toWellFormed'] },
  { from: iterator, keys: ['map', 'filter', 'flatMap', 'some', 'every', 'find', 'reduce', 'toArray', 'take', 'drop', 'forEach'] },
  { from: AbortSignal, keys: ['any', 'timeout'] },
  { from: AbortSignal.prototype, keys: ['throwIfAborted', 'reason'] },
  { from: URL, keys: ['canParse', 'parse'] },
  { from: RegExp, keys: ['escape'] },
  { from: Object.getPrototypeOf(crypto) as object, keys: ['randomUUID', 'subtle'] },
  {
    from: Object.getPrototypeOf(Uint8Array.prototype) as object,
    keys: ['at', 'toSorted', 'toReversed', 'with', 'findLast', 'findLastIndex'],
  },
  {
    from: globalThis,
    keys: [
      ...['structuredClone', 'BroadcastChannel', 'MessageChannel', 'FinalizationRegistry', 'WeakRef', 'indexedDB'],
      ...['Intl', 'File', 'Blob', 'FormData', 'performance', 'setImmediate', 'navigator', 'EventSource', 'CompressionStream'],
      ...['TextDecoder', 'TextEncoder', 'ReadableStream', 'WritableStream', 'DOMException', 'Event', 'EventTarget', 'MessageEvent'],
    ],
  },
];

const [apiURI = '', appId = '', without] = process.argv.slice(2);
const { i, id, init } = await import('../../src/index.ts').then(async (module) => {
  // What Node loads with its first socket and its first request may use more than the client does.
  await fetch(apiURI).catch(() => {});
  const { default: WebSocket } = await import('isomorphic-ws');
  const socket = new WebSocket(apiURI.replace(/^http/, 'ws') + '/runtime/session');
  await new Promise((resolve) => (socket.onopen = socket.onerror = resolve));
  socket.close();
  for (const { from, keys } of removed) for (const key of keys) Reflect.deleteProperty(from, key);
  if (without === 'crypto') Reflect.deleteProperty(globalThis, 'crypto');
  return module;
});

function codeOf(run: () => unknown): unknown {
  try {
    run();
    return 'none';
  } catch (error) {
    return [(error as Error).name, (error as { code?: string }).code];
  }
}

if (without === 'crypto') {
  process.stdout.write(JSON.stringify({ id: codeOf(() => id()), init: codeOf(() => init({ appId, apiURI })) }));
  process.exit(0);
}

const seen: Record<string, unknown> = {};
const errors: string[] = [];
// Only what has a type and an index can be ordered by.
const goal = i.entity({ title: i.string().indexed(), rank: i.number().indexed(), nested: i.any() });
const rooms = { chat: { presence: i.entity({ name: i.string() }) } };
const db = init({ appId, apiURI, schema: i.schema({ entities: { goals: goal }, rooms }), onError: (error) => errors.push(String(error)) });
const until = async (met: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !met(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
};
const { goals } = db.tx;
const ids = [id(), id(), id(), id(), id()];
let shown: unknown;
db.subscribeQuery({ goals: {} }, ({ data }) => {
  shown = data?.goals.map(({ rank }) => rank).sort((a, b) => b - a);
});
await db.transact(ids.map((each, rank) => goals[each]!.create({ rank, title: 'abcde'.charAt(rank), nested: { list: [1, { two: 2 }] } })))
  .settled;
await db.transact(goals[ids[0]!]!.merge({ nested: { more: true } })).settled;
await until(() => JSON.stringify(shown) === '[4,3,2,1,0]');
seen['subscription'] = shown;
let byTitle: unknown;
db.subscribeQuery({ goals: { $: { order: { title: 'desc' } } } }, ({ data }) => (byTitle = data?.goals.map(({ title }) => title)));
await until(() => JSON.stringify(byTitle) === '["e","d","c","b","a"]');
seen['ordered'] = byTitle;
let list: unknown;
const pages = db.subscribeInfiniteQuery({ goals: { $: { limit: 2 } } }, ({ data }) => (list = data?.goals.length));
await until(() => list === 2);
pages.loadNextPage();
await until(() => list === 4);
seen['list'] = list;
const { data } = await db.queryOnce({ goals: { $: { where: { rank: 0 } } } });
seen['merged'] = data.goals[0]?.nested;
const room = db.joinRoom('chat', 'r', { initialPresence: { name: 'ana' } });
room.publishPresence({ name: 'ben' });
await until(() => room.getPresence({})?.isLoading === false);
seen['presence'] = room.getPresence({})?.user?.name;
const aborting = new AbortController();
const aborted = db.queryOnce({ goals: { $: { limit: 1 } } }, { signal: aborting.signal }).catch((error: unknown) => (error as Error).name);
aborting.abort();
seen['aborted'] = await aborted;
seen['streams'] = [
  codeOf(() => db.streams.createReadStream({ clientId: 'story' })),
  codeOf(() => db.streams.createWriteStream({ clientId: 'story' })),
];
seen['errors'] = errors;
await db.close();
process.stdout.write(JSON.stringify(seen));
process.exit(0);
