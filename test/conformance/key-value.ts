// The cases of `triplane/testing` as tests of ours, and what our own stores do beyond them: they keep whatever `structuredClone` can copy,
// sort by code unit, and say by code why they refuse.

import { describe, expect, test } from 'vitest';
import { type StorageTraits, storageConformance } from 'triplane/storage-conformance';
import type { KeyValue } from '../../src/storage/key-value.ts';

type Open = (name: string) => Promise<KeyValue>;

export function keyValueConformance(kind: string, open: Open, traits?: StorageTraits): void {
  describe(`${kind}, as any storage`, () => {
    for (const { name, run } of storageConformance(open, traits)) test(name, run);
  });
}

const values: readonly (readonly [what: string, value: unknown])[] = [
  ['undefined', undefined],
  ['an object with undefined', { a: undefined }],
  ['a date', new Date(1_795_225_317_000)],
  ['a map', new Map([['a', new Set([1])]])],
  ['bytes', new Uint8Array([1, 2, 255])],
];
const keys = ['a', 'a/', 'a/\uffff', 'a/🎈', 'ä', '🎈', '\uffff'];

export function ownStore(kind: string, open: Open): void {
  describe(`${kind}, as a built-in store`, () => {
    test.each(values)('%s is read back unchanged', async (_, value) => {
      const store = await open('values');
      await store.write([{ put: 'k', value }]);
      expect(await store.get('k')).toStrictEqual(value);
      expect(await store.list('k')).toStrictEqual([['k', value]]);
    });

    test('keys are sorted by code unit', async () => {
      const store = await open('keys');
      await store.write(keys.map((key) => ({ put: key, value: key })));
      expect((await store.list('')).map(([key]) => key)).toEqual(keys.toSorted());
      expect((await store.list('a/')).map(([key]) => key)).toEqual(['a/', 'a/🎈', 'a/\uffff']);
    });

    test('a value that cannot be cloned and a call after close are rejected with their codes', async () => {
      const store = await open('codes');
      await expect(store.write([{ put: 'b', value: () => 1 }])).rejects.toMatchObject({ code: 'storage-failed' });
      void store.close();
      const closed = { code: 'closed' };
      await expect(store.get('k')).rejects.toMatchObject(closed);
      await expect(store.list('')).rejects.toMatchObject(closed);
      await expect(store.write([{ put: 'k', value: 1 }])).rejects.toMatchObject(closed);
    });
  });
}
