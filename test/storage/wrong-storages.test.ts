// Storages that are wrong in one way each: `triplane/testing` finds every one of them out.

import { describe, expect, test } from 'vitest';

import type { KeyValueOp, KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { storageConformance } from '../../src/storage-conformance/index.ts';

/** A right one with a part in the place of its own. */
type Wrong = (right: KeyValue) => Partial<KeyValue>;

const isPut = (op: KeyValueOp): op is Extract<KeyValueOp, { put: string }> => 'put' in op;
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isLike = (key: string, prefix: string): boolean => new RegExp(`^${prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/_/g, '.').replace(/%/g, '.*')}`, 's').test(key); // prettier-ignore

const wrongs: Readonly<Record<string, Wrong>> = {
  'null for what is not there': (right) => ({ get: async (key) => (await right.get(key)) ?? null }),
  'what is falsy is not there': (right) => ({ get: async (key) => (await right.get(key)) || undefined }),
  'keys are trimmed': (right) => ({
    get: (key) => right.get(key.trim()),
    write: (ops) => right.write(ops.map((op) => (isPut(op) ? { ...op, put: op.put.trim() } : { remove: op.remove.trim() }))),
  }),
  'a key that objects have already': (right) => ({ write: (ops) => right.write(ops.filter((op) => !isPut(op) || op.put !== '__proto__')) }), // prettier-ignore
  'lists by a pattern': (right) => ({ list: async (prefix) => (await right.list('')).filter(([key]) => isLike(key, prefix)) }),
  'lists without regard to case': (right) => ({ list: async (prefix) => (await right.list('')).filter(([key]) => key.toLowerCase().startsWith(prefix.toLowerCase())) }), // prettier-ignore
  'lists up to U+FFFF': (right) => ({ list: async (prefix) => (await right.list(prefix)).filter(([key]) => key < `${prefix}\uffff`) }),
  'lists as dictionaries do': (right) => ({ list: async (prefix) => (await right.list(prefix)).sort(([a], [b]) => a.localeCompare(b)) }),
  'lists a page': (right) => ({ list: async (prefix) => (await right.list(prefix)).slice(0, 1000) }),
  'lists without the prefix itself': (right) => ({ list: async (prefix) => (await right.list(prefix)).filter(([key]) => key !== prefix) }),
  'writes of a thousand': (right) => ({ write: (ops) => right.write(ops.slice(0, 1000)) }),
  'removes first': (right) => ({ write: (ops) => right.write([...ops.filter((op) => !isPut(op)), ...ops.filter(isPut)]) }),
  'half of a write that fails': (right) => ({
    write: async (ops) => {
      for (const op of ops) await right.write([op]);
    },
  }),
  'half of a write to be seen': (right) => ({
    write: async (ops) => {
      const own = structuredClone(ops);
      for (let at = 0; at < own.length; at += 20) await pause().then(() => right.write(own.slice(at, at + 20)));
    },
  }),
  'copies late': (right) => ({ write: (ops) => pause().then(() => right.write(ops)) }),
  'tells too early': (right) => ({ write: async (ops) => void right.write(ops).catch(() => {}) }),
  'throws at once': (right) => ({
    write: (ops) => {
      structuredClone(ops);
      return right.write(ops);
    },
  }),
  'gives out what it keeps': (right) => {
    const given = new Map<string, unknown>();
    const same = (key: string, value: unknown): unknown => given.get(key) ?? (given.set(key, value), value);
    return {
      get: async (key) => same(key, await right.get(key)),
      list: async (prefix) => (await right.list(prefix)).map(([key, value]) => [key, same(key, value)]),
      write: (ops) => (given.clear(), right.write(ops)),
    };
  },
  'lists what it keeps': (right) => {
    const given = new Map<string, unknown>();
    return {
      get: async (key) => structuredClone(given.get(key)) ?? right.get(key),
      list: async (prefix) => (await right.list(prefix)).map(([key, value]) => [key, (given.set(key, value), value)]),
      write: (ops) => (given.clear(), right.write(ops)),
    };
  },
  'goes on when it is closed': () => ({ close: () => {} }),
};

const failed = async (open: (name: string) => Promise<KeyValue>): Promise<number> => {
  let count = 0;
  for (const { run } of storageConformance(open, { outlivesHandle: false })) await run().catch(() => count++);
  return count;
};

describe('the conformance cases detect', () => {
  test.each(Object.entries(wrongs))('%s', async (_what, wrong) => {
    const open = async (): Promise<KeyValue> => {
      const right = memoryStore();
      return { ...right, ...wrong(right) };
    };
    expect(await failed(open)).toBeGreaterThan(0);
  });

  test('one store for all names', async () => {
    const only = memoryStore();
    expect(await failed(async () => ({ ...only, close: () => {} }))).toBeGreaterThan(0);
  });
});

test('a correct store passes', async () => {
  expect(await failed(async () => memoryStore())).toBe(0);
});
