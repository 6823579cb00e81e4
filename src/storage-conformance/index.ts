// Entry `triplane/storage-conformance`: the cases that every implementation of KeyValue must pass, for any test runner, in Node and in browsers.

import type { KeyValue } from '../storage/key-value.ts';
import { assertRejects, assertSame } from './assert.ts';

export interface ConformanceCase {
  readonly name: string;
  /** Rejects if the storage does not behave as the name says. */
  run(): Promise<void>;
}

export interface StorageTraits {
  /** Data survives closing and reopening a store by name. Default: true. */
  readonly outlivesHandle?: boolean;
  /** A store can be open twice at the same time, and both handles see all writes. Default: false. */
  readonly isShared?: boolean;
}

/** Opens the store of this name; creates an empty one if it does not exist. */
type Open = (name: string) => Promise<KeyValue>;
type Case = readonly [name: string, run: (open: Open) => Promise<void>];

/**
 * The cases that a custom storage must pass. Each case opens stores under names that no other case uses in this run, and closes them.
 *
 * @param open opens a store by name
 * @param traits what the storage supports
 * @returns the cases; `run` rejects if the storage fails the case
 *
 * @example
 * import { test } from 'vitest';
 * for (const { name, run } of storageConformance((name) => openMine(name))) test(name, run);
 */
export function storageConformance(open: Open, { outlivesHandle = true, isShared = false }: StorageTraits = {}): ConformanceCase[] {
  const cases = [...roundTrips, ...lists, ...writes, ...closing, ...(outlivesHandle ? persistence : []), ...(isShared ? sharing : [])];
  return cases.map(([name, run], at) => ({ name, run: () => withStores(open, at, run) }));
}

/** Makes names distinct from those of earlier runs that are still on disk. */
const runId = Math.random().toString(36).slice(2);

async function withStores(open: Open, at: number, run: Case[1]): Promise<void> {
  const opened: KeyValue[] = [];
  try {
    await run(async (name) => {
      const store = await open(`conformance-${runId}-${at}-${name}`);
      opened.push(store);
      return store;
    });
  } finally {
    for (const store of opened) await store.close();
  }
}

const values: readonly (readonly [what: string, value: unknown])[] = [
  ['a string', 'Bo ✓ 🎈 "\\\n\u0000'],
  ['an empty string', ''],
  ['zero', 0],
  ['a large number', Number.MAX_SAFE_INTEGER],
  ['a fraction', -0.1],
  ['false', false],
  ['null', null],
  ['a list', [1, 'two', [3, { four: 4 }], []]],
  ['an object', { a: { b: [null, true] }, '': 1, constructor: 'x' }],
  ['a string of one megabyte', 'ä'.repeat(1 << 19)],
];

const roundTrips: readonly Case[] = [
  ...values.map(([what, value]): Case => [
    `${what} is read as it was written`,
    async (open) => {
      const store = await open('a');
      await store.write([{ put: 'k', value }]);
      assertSame('get', await store.get('k'), value);
      assertSame('list', await store.list('k'), [['k', value]]);
    },
  ]),
  [
    'a key that was never set, or was removed, has no value',
    async (open) => {
      const store = await open('a');
      await store.write([{ put: 'k', value: 1 }]);
      await store.write([{ remove: 'k' }, { remove: 'never set' }]);
      assertSame('get of a removed key', await store.get('k'), undefined);
      assertSame('get of a key that was never set', await store.get('constructor'), undefined);
      assertSame('list', await store.list(''), []);
    },
  ],
  [
    'a put replaces the value',
    async (open) => {
      const store = await open('a');
      await store.write([{ put: 'k', value: { a: 1 } }]);
      await store.write([{ put: 'k', value: { b: 2 } }]);
      assertSame('list', await store.list(''), [['k', { b: 2 }]]);
    },
  ],
  [
    'stores with different names are separate',
    async (open) => {
      const [one, other] = [await open('a'), await open('b')];
      await one.write([{ put: 'k', value: 1 }]);
      assertSame('list of the other store', await other.list(''), []);
    },
  ],
  [
    'values are copied when written and when read',
    async (open) => {
      const store = await open('a');
      const value = { list: [1] };
      const writing = store.write([{ put: 'k', value }]);
      value.list.push(2);
      await writing;
      const read = (await store.get('k')) as typeof value;
      read.list.push(3);
      assertSame('get, after the original was mutated', await store.get('k'), { list: [1] });
      for (const [, listed] of await store.list('k')) (listed as typeof value).list.push(4);
      assertSame('get, after a listed value was mutated', await store.get('k'), { list: [1] });
    },
  ],
];

/** Includes characters that are patterns or boundaries in other storages. The order of keys above U+FFFF is unspecified. */
const keySets: readonly (readonly string[])[] = [
  [
    '',
    'a',
    'a/',
    'a/%',
    'a/1',
    'a/10',
    'a/2',
    'a/_',
    "a/'",
    'a/"',
    'a/*',
    'a/ä',
    'a/🎈',
    'a0',
    'A',
    'A/1',
    'aa',
    'b',
    'ä',
    '🎈',
    ' a',
    'a ',
    '__proto__',
  ],
  ['a', 'a/', 'a/1', 'a/\uffff', 'a/\uffff\uffff!', 'a0', '\uffff', '\uffffz'],
];
const prefixes: readonly (readonly string[])[] = [
  ['', 'a', 'a/', 'a/1', 'a/%', 'a/_', 'a/*', "a/'", 'A', 'ä', '🎈', 'absent'],
  ['', 'a/', 'a/\uffff', '\uffff'],
];

const lists: readonly Case[] = prefixes.flatMap((wanted, at) =>
  wanted.map((prefix): Case => [
    `list by the prefix ${JSON.stringify(prefix)}${at === 0 ? '' : ', up to the last character'}`,
    async (open) => {
      const store = await open('a');
      const keys = keySets[at] ?? [];
      await store.write(keys.map((key) => ({ put: key, value: `of ${key}` })));
      const found = keys.filter((key) => key.startsWith(prefix)).sort();
      assertSame('list, in key order', await store.list(prefix), found.map((key) => [key, `of ${key}`])); // prettier-ignore
      for (const key of found) assertSame(`get of ${JSON.stringify(key)}`, await store.get(key), `of ${key}`);
    },
  ]),
);

/** A value that neither JSON nor a structured clone can copy. */
const uncloneable = {
  get value(): never {
    throw new Error('This value cannot be read');
  },
};

const writes: readonly Case[] = [
  [
    'operations of a write take effect in order',
    async (open) => {
      const store = await open('a');
      await store.write([{ put: 'a', value: 1 }, { remove: 'a' }, { put: 'b', value: 1 }, { put: 'b', value: 2 }, { remove: 'c' }]);
      await store.write([{ remove: 'b' }, { put: 'b', value: 3 }]);
      assertSame('list', await store.list(''), [['b', 3]]);
    },
  ],
  [
    'a write with one invalid operation has no effect',
    async (open) => {
      const store = await open('a');
      await store.write([{ put: 'a', value: 'old' }, { put: 'c', value: 'there' }]); // prettier-ignore
      const ops = [{ put: 'a', value: 'new' }, { remove: 'c' }, { put: 'b', value: uncloneable }];
      await assertRejects('a write of a value that cannot be stored', () => store.write(ops));
      assertSame('list', await store.list(''), [['a', 'old'], ['c', 'there']]); // prettier-ignore
    },
  ],
  [
    'a failed write does not affect concurrent writes',
    async (open) => {
      const store = await open('a');
      const outcomes = await Promise.allSettled([
        store.write([{ put: 'a', value: 1 }]),
        store.write([{ put: 'b', value: uncloneable }]),
        store.write([{ put: 'c', value: 1 }]),
      ]);
      const states = outcomes.map(({ status }) => status);
      assertSame('outcomes', states, ['fulfilled', 'rejected', 'fulfilled']);
      assertSame('list', await store.list(''), [['a', 1], ['c', 1]]); // prettier-ignore
    },
  ],
  [
    'concurrent writes take effect in call order',
    async (open) => {
      const store = await open('a');
      const numbers = Array.from({ length: 200 }, (_, at) => at);
      const writing = numbers.map((at) => store.write([{ put: 'k', value: at }, { put: `k/${at}`, value: at }])); // prettier-ignore
      await Promise.all(writing);
      assertSame('the last value', await store.get('k'), 199);
      assertSame('number of entries', (await store.list('k/')).length, 200);
    },
  ],
  [
    'a write of many operations succeeds',
    async (open) => {
      const store = await open('a');
      const ops = Array.from({ length: 5_000 }, (_, at) => ({ put: `k/${String(at).padStart(4, '0')}`, value: { at } }));
      await store.write(ops);
      assertSame('number of entries', (await store.list('k/')).length, 5_000);
      await store.write(ops.map(({ put }) => ({ remove: put })));
      assertSame('list', await store.list(''), []);
    },
  ],
  [
    'a concurrent read sees all of a write or none of it',
    async (open) => {
      const store = await open('a');
      const writing = store.write(Array.from({ length: 50 }, (_, at) => ({ put: `k/${at}`, value: at })));
      const counts = await Promise.all(Array.from({ length: 20 }, async () => (await store.list('k/')).length));
      await writing;
      assertSame('counts between none and all', counts.filter((count) => count !== 0 && count !== 50), []); // prettier-ignore
    },
  ],
  ['an empty write succeeds', async (open) => (await open('a')).write([])],
];

const closing: readonly Case[] = [
  [
    'writes requested before close complete',
    async (open) => {
      const store = await open('a');
      const writing = [store.write([{ put: 'k', value: 1 }]), store.write([{ put: 'k', value: 2 }])];
      await store.close();
      await Promise.all(writing);
    },
  ],
  [
    'operations after close reject, and closing twice succeeds',
    async (open) => {
      const store = await open('a');
      await store.close();
      await store.close();
      await assertRejects('get', () => store.get('k'));
      await assertRejects('list', () => store.list(''));
      await assertRejects('write', () => store.write([{ put: 'k', value: 1 }]));
    },
  ],
];

const persistence: readonly Case[] = [
  [
    'data survives closing the handle',
    async (open) => {
      const before = await open('a');
      await before.write([{ put: 'k', value: 1 }, { put: 'gone', value: 1 }]); // prettier-ignore
      await before.write([{ remove: 'gone' }]);
      const last = before.write([{ put: 'last', value: 2 }]);
      await before.close();
      await last;
      const after = await open('a');
      assertSame('list, in the reopened store', await after.list(''), [['k', 1], ['last', 2]]); // prettier-ignore
    },
  ],
];

const sharing: readonly Case[] = [
  [
    'two handles see each other’s writes',
    async (open) => {
      const [one, other] = [await open('a'), await open('a')];
      await one.write([{ put: 'k', value: 'one' }]);
      await other.write([{ put: 'k', value: 'other' }]);
      assertSame('get through the first handle', await one.get('k'), 'other');
      await Promise.all([one, other].flatMap((store, who) => [0, 1, 2].map((n) => store.write([{ put: `${who}/${n}`, value: n }]))));
      assertSame('number of entries', (await other.list('')).length, 7);
    },
  ],
];
