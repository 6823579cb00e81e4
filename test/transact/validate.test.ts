// Every transaction validation vector, by id; and broken input.

import { describe, expect, it } from 'vitest';
import { TransactionValidationError } from '../../src/errors.ts';
import { id } from '../../src/lib/uuid.ts';
import { i, parseSchemaFromJSON } from '../../src/schema/schema.ts';
import { tx } from '../../src/transact/chunk.ts';
import { validateTransaction } from '../../src/transact/operation.ts';
import { readVectors } from '../support/vectors.ts';

interface File {
  readonly schemas: Readonly<Record<string, never>>;
  readonly vectors: readonly {
    readonly id: string;
    readonly kind: string;
    readonly title: string;
    readonly schema: string | null;
    readonly input: readonly unknown[];
    readonly expected: { readonly valid: boolean; readonly mentions?: readonly string[] };
  }[];
}

const file = readVectors<File>('validation');
const vectors = file.vectors.filter(({ kind }) => kind === 'tx');

const schema = i.schema({
  entities: { acts: i.entity({ name: i.string() }), sets: i.entity({ startsAt: i.date() }) },
  links: { setAct: { forward: { on: 'sets', has: 'one', label: 'act' }, reverse: { on: 'acts', has: 'many', label: 'sets' } } },
});

const one = id();

describe('vectors', () => {
  it.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))(
    '%s: %s',
    (_id, _title, { schema: name, input, expected }) => {
      const chunks = input.map((ops) => ({ __ops: ops }));
      const run = (): void => validateTransaction(chunks, name ? parseSchemaFromJSON(file.schemas[name]) : undefined);
      if (expected.valid) {
        expect(run).not.toThrow();
        return;
      }
      expect(run).toThrow(TransactionValidationError);
      for (const mention of expected.mentions ?? []) expect(run).toThrow(mention);
    },
  );
});

describe('the shape of a transaction', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'received: undefined'],
    ['null', null, 'received: null'],
    ['text', 'acts', 'received: string'],
    ['a list with a hole', [tx['acts']?.[one]?.update({}), undefined], 'chunk 1 must be an object, but received: undefined'],
    ['a list in a list', [[]], 'chunk 0 must be made with tx'],
    ['a namespace of tx', tx['acts'], '__ops'],
    ['operations that are not a list', { __ops: {} }, '__ops'],
    ['an operation that is not a list', { __ops: [{}] }, 'operation 0'],
  ])('%s is rejected without a schema too', (_title, chunks, message) => {
    expect(() => validateTransaction(chunks)).toThrow(TransactionValidationError);
    expect(() => validateTransaction(chunks)).toThrow(message);
  });

  it('may be one chunk, a list, or an empty list', () => {
    const chunk = tx['acts']?.[one]?.update({ name: 'Owls' });
    for (const chunks of [chunk, [chunk, chunk], []]) expect(() => validateTransaction(chunks, schema)).not.toThrow();
  });
});

describe('against a schema', () => {
  it.each<[string, readonly unknown[], string]>([
    ['an entity called constructor', ['update', 'constructor', one, {}], "no entity 'constructor'"],
    ['a link called toString', ['link', 'acts', one, { toString: one }], "no link 'toString'"],
    ['a namespace that is not a string', ['update', 5, one, {}], 'namespace'],
    ['no id', ['update', 'acts', undefined, {}], 'undefined'],
    ['an object for an id', ['update', 'acts', { name: 'Owls' }, {}], 'UUID'],
    ['a list of arguments', ['update', 'acts', one, []], 'array'],
    ['NaN for a date', ['update', 'sets', one, { startsAt: true }], 'boolean'],
    ['a bigint for text', ['update', 'acts', one, { name: 5n }], 'bigint'],
    ['an object for a link', ['link', 'acts', one, { sets: { id: one } }], 'UUID or a lookup'],
    ['a link called id', ['link', 'acts', one, { id: one }], "no link 'id'"],
  ])('%s is rejected', (_title, op, message) => {
    expect(() => validateTransaction({ __ops: [op] }, schema)).toThrow(TransactionValidationError);
    expect(() => validateTransaction({ __ops: [op] }, schema)).toThrow(message);
  });

  it('an attribute with the name of an inherited key is unknown, and unknown attributes are accepted', () => {
    expect(() => validateTransaction({ __ops: [['update', 'acts', one, { constructor: 5 }]] }, schema)).not.toThrow();
  });
});
