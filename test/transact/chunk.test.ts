// The builder beyond the recorded vectors: chunks are values, lookups survive the way through text.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransactionValidationError } from '../../src/errors.ts';
import { getOps, isLookup, lookup, parseLookup, tx, txInit } from '../../src/transact/chunk.ts';
import type { TransactionChunk } from '../../src/types/transaction.ts';
import type { AnySchema } from '../../src/schema/schema.ts';
import { check } from '../support/runs.ts';

type Chunk = TransactionChunk<AnySchema, string>;

function chunkOf(etype: string, id: string): Chunk {
  const chunk: unknown = Reflect.get(Reflect.get(tx, etype), id);
  return chunk as Chunk;
}

describe('a chunk', () => {
  it('is unchanged by calls that are chained to it', () => {
    const start = chunkOf('acts', 'e1');
    const first = start.update({ fee: 1 });
    first.delete();
    expect(getOps(start)).toEqual([]);
    expect(getOps(first)).toEqual([['update', 'acts', 'e1', { fee: 1 }]]);
  });

  it('exposes its namespace', () => {
    expect(chunkOf('acts', 'e1').delete().__etype).toBe('acts');
  });

  it('is not a promise', async () => {
    const chunk = chunkOf('acts', 'e1');
    expect(await Promise.resolve(chunk)).toBe(chunk);
  });

  it.each(['then', 'toJSON', 'constructor', 'toString', '__proto__', '$$typeof', Symbol.iterator, Symbol.toPrimitive])(
    'has no %s',
    (key) => {
      expect(Reflect.get(chunkOf('acts', 'e1').update({}), key)).toBeUndefined();
    },
  );

  it('works with detached methods', () => {
    const { update } = chunkOf('acts', 'e1');
    expect(getOps(update({ fee: 1 }))).toHaveLength(1);
  });

  it('keeps its operations in JSON', () => {
    expect(JSON.parse(JSON.stringify(chunkOf('acts', 'e1').update({ fee: 1 })))).toEqual({
      __etype: 'acts',
      __ops: [['update', 'acts', 'e1', { fee: 1 }]],
    });
  });

  it.each(['constructor', 'toString', 'then', 'hasOwnProperty'])('a namespace may be called %s', (etype) => {
    expect(getOps(chunkOf(etype, 'e1').delete())).toEqual([['delete', etype, 'e1', undefined]]);
  });
});

describe('txInit', () => {
  it('returns a separate builder that does the same', () => {
    expect(getOps(txInit<AnySchema>()['acts']?.['e1']?.delete() as Chunk)).toEqual([['delete', 'acts', 'e1', undefined]]);
  });
});

describe('a lookup', () => {
  it('is text that isLookup recognizes', () => {
    expect(lookup('name', 'Owls')).toBe('lookup__name__"Owls"');
    expect(isLookup(lookup('name', 'Owls'))).toBe(true);
    expect(isLookup('name')).toBe(false);
  });

  it('is restored from its text, with any label and value', () => {
    const label = fc.stringMatching(/^[a-zA-Z$.-]{1,10}$/);
    const jsonValue = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
    check(
      fc.property(label, jsonValue, (name, value) => {
        expect(parseLookup(lookup(name, value))).toEqual([name, JSON.parse(JSON.stringify(value))]);
      }),
    );
  });

  it('can have a label with underscores', () => {
    expect(parseLookup(lookup('snake__case', 'a__b'))).toEqual(['snake__case', 'a__b']);
  });

  it.each([undefined, () => 1, Symbol('x'), 5n, NaN, -Infinity, new Map(), new Uint8Array(1), new Date(NaN)])(
    'by %s is rejected where it is created',
    (value) => {
      expect(() => lookup('name', value)).toThrow(TransactionValidationError);
      expect(() => lookup('name', value)).toThrow("'name'");
    },
  );

  it.each(['lookup__', 'lookup__name', 'lookup__name__', 'lookup__name__Owls'])('%s is not a lookup', (text) => {
    expect(() => parseLookup(text)).toThrow(TransactionValidationError);
    expect(() => chunkOf('acts', text)).toThrow(TransactionValidationError);
  });
});
