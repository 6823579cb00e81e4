// What every KeyValue owes to those who keep writes in it. Run it on yours: `keyValueConformance('mine', openMine)`.

import { describe, expect, test } from 'vitest';
import { type KeyValue } from '../../src/storage/key-value.ts';

/** `open` opens the named store; a store that does not outlive its handle says so. */
export interface StoreKind {
  readonly open: (name: string) => Promise<KeyValue>;
  readonly outlivesHandle: boolean;
}

let count = 0;
const freshName = (): string => `store-${(count += 1)}`;

const values: readonly (readonly [what: string, value: unknown])[] = [
  ['text', 'Bo ✓ 🎈'],
  ['nought', 0],
  ['a great number', Number.MAX_SAFE_INTEGER],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
  ['a date', new Date(1_795_225_317_000)],
  ['a list', [1, 'two', [3, { four: 4 }]]],
  ['an object', { a: { b: [null, true] }, '': 1 }],
  ['a map', new Map([['a', new Set([1])]])],
  ['bytes', new Uint8Array([1, 2, 255])],
];

const keys = ['', 'a', 'a/1', 'a/10', 'a/2', 'a/\uffff', 'a/\uffff\uffff!', 'a0', 'A', 'b', 'ä', '🎈', '\uffff', '\uffffz'];
const prefixes = ['', 'a', 'a/', 'a/1', 'a/\uffff', 'A', 'nobody', '🎈', '\uffff'];

export function keyValueConformance(kind: string, { open, outlivesHandle }: StoreKind): void {
  const fresh = (): Promise<KeyValue> => open(freshName());

  describe(`${kind}: what is kept`, () => {
    test.each(values)('%s comes back as it was', async (_, value) => {
      const store = await fresh();
      await store.write([{ put: 'k', value }]);
      expect(await store.get('k')).toEqual(value);
      expect(await store.list('k')).toEqual([['k', value]]);
    });

    test('a key that was never put, or was removed, has no value', async () => {
      const store = await fresh();
      await store.write([{ put: 'k', value: 1 }]);
      await store.write([{ remove: 'k' }, { remove: 'never there' }]);
      expect(await store.get('k')).toBeUndefined();
      expect(await store.get('other')).toBeUndefined();
      expect(await store.list('')).toEqual([]);
    });

    test('a store has nothing of another', async () => {
      const store = await fresh();
      await store.write([{ put: 'k', value: 1 }]);
      expect(await (await fresh()).list('')).toEqual([]);
    });

    test('what is given out and taken in are copies', async () => {
      const store = await fresh();
      const value = { list: [1] };
      const writing = store.write([{ put: 'k', value }]);
      value.list.push(2);
      await writing;
      const read = (await store.get('k')) as typeof value;
      read.list.push(3);
      expect(await store.get('k')).toEqual({ list: [1] });
    });

    test.runIf(outlivesHandle)('it outlives the handle', async () => {
      const name = freshName();
      const store = await open(name);
      await store.write([{ put: 'k', value: 1 }]);
      store.close();
      expect(await (await open(name)).get('k')).toBe(1);
    });

    test.runIf(outlivesHandle)('two handles see each other’s writes', async () => {
      const name = freshName();
      const [one, other] = [await open(name), await open(name)];
      await one.write([{ put: 'k', value: 'one' }]);
      await other.write([{ put: 'k', value: 'other' }]);
      expect(await one.get('k')).toBe('other');
    });
  });

  describe(`${kind}: lists`, () => {
    test.each(prefixes)('by the prefix %j, in the order of keys', async (prefix) => {
      const store = await fresh();
      await store.write(keys.map((key) => ({ put: key, value: key })));
      const expected = keys.filter((key) => key.startsWith(prefix)).sort();
      expect(await store.list(prefix)).toEqual(expected.map((key) => [key, key]));
    });
  });

  describe(`${kind}: writes`, () => {
    test('edits take effect in order', async () => {
      const store = await fresh();
      await store.write([{ put: 'a', value: 1 }, { remove: 'a' }, { put: 'b', value: 1 }, { put: 'b', value: 2 }, { remove: 'c' }]);
      expect(await store.list('')).toEqual([['b', 2]]);
    });

    test('none of the edits, if one cannot be done', async () => {
      const store = await fresh();
      await store.write([{ put: 'a', value: 'old' }]);
      const writing = store.write([
        { put: 'a', value: 'new' },
        { put: 'b', value: () => 'a function' },
      ]);
      await expect(writing).rejects.toMatchObject({ code: 'storage-failed' });
      expect(await store.list('')).toEqual([['a', 'old']]);
    });

    test('a write that fails takes none of its neighbours with it', async () => {
      const store = await fresh();
      const outcomes = await Promise.allSettled([
        store.write([{ put: 'a', value: 1 }]),
        store.write([{ put: 'b', value: () => 1 }]),
        store.write([{ put: 'c', value: 1 }]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.list('')).toEqual([['a', 1], ['c', 1]]); // prettier-ignore
    });

    test('many writes at once take effect in the order they were asked for', async () => {
      const store = await fresh();
      await Promise.all(
        Array.from({ length: 200 }, (_, at) =>
          store.write([
            { put: 'k', value: at },
            { put: `k/${at}`, value: at },
          ]),
        ),
      );
      expect(await store.get('k')).toBe(199);
      expect(await store.list('k/')).toHaveLength(200);
    });

    test('to write nothing is no fault', async () => {
      await expect((await fresh()).write([])).resolves.toBeUndefined();
    });
  });

  describe(`${kind}: closing`, () => {
    test('what was asked for before is done', async () => {
      const store = await fresh();
      const asked = [store.write([{ put: 'k', value: 1 }]), store.write([{ put: 'k', value: 2 }])];
      store.close();
      await expect(Promise.all(asked)).resolves.toEqual([undefined, undefined]);
    });

    test('what is asked for later is refused, and closing twice is no fault', async () => {
      const store = await fresh();
      store.close();
      store.close();
      const closed = { code: 'closed' };
      await expect(store.get('k')).rejects.toMatchObject(closed);
      await expect(store.list('')).rejects.toMatchObject(closed);
      await expect(store.write([{ put: 'k', value: 1 }])).rejects.toMatchObject(closed);
    });
  });
}
