// The same operations given to the official client and to ours: the steps are the same, but for what is mended on purpose
// (test/vectors/README.md). The operations are random, and such as a program may write.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transform } from '../../node_modules/@instantdb/core/dist/esm/instaml.js';
import { AttrsStoreClass, createStore } from '../../node_modules/@instantdb/core/dist/esm/store.js';
import { Attrs } from '../../src/db/attrs.ts';
import { Store } from '../../src/db/store.ts';
import { id } from '../../src/lib/uuid.ts';
import type { WireAttr } from '../../src/protocol/attr.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { Triple } from '../../src/protocol/triple.ts';
import { type AnySchema, parseSchemaFromJSON } from '../../src/schema/schema.ts';
import { lookup } from '../../src/transact/chunk.ts';
import { expandChunks } from '../../src/transact/expand.ts';
import { seenIn } from '../support/seen.ts';
import { plain, readVectors } from '../support/vectors.ts';
import { check } from '../support/runs.ts';

const file = readVectors<{
  readonly attrSets: Readonly<Record<string, readonly WireAttr[]>>;
  readonly tripleSets: Readonly<Record<string, readonly Triple[]>>;
  readonly schemas: Readonly<Record<string, never>>;
}>('transform');
const festival = file.attrSets['festival'] ?? [];
const triples = file.tripleSets['known'] ?? [];
const schema = parseSchemaFromJSON(file.schemas['festival']);

const ids = [...new Set(triples.map(([e]) => e)), 'ac700000-0000-4000-8000-000000000005'];
const someId = fc.constantFrom(...ids);
const etype = fc.constantFrom('acts', 'sets', 'fans', 'tents');
const fields = fc.dictionary(
  fc.constantFrom('name', 'genre', 'fee', 'rider', 'mood', 'id', 'title'),
  fc.oneof(fc.jsonValue(), fc.constant(undefined)),
  { maxKeys: 3 },
);
const known: Readonly<Record<string, readonly string[]>> = {
  acts: ['fans', 'sets', 'openers', 'crew'],
  sets: ['act', 'stage', 'crew'],
  fans: ['likes', 'pass'],
  tents: ['crew', 'pole'],
};
const pair = fc.oneof(
  fc.constant(['name', 'Owls']),
  fc.constant(['handle', 'ana']),
  fc.constant(['pass.id', '9a550000-0000-4000-8000-000000000001']),
  fc.constant(['no', 7]),
);
const entity = fc.oneof({ weight: 3, arbitrary: someId }, { weight: 1, arbitrary: pair });
const target = fc.oneof({ weight: 3, arbitrary: someId }, { weight: 1, arbitrary: fc.constant(lookup('name', 'Owls')) });
const options = fc.constantFrom(undefined, { upsert: true }, { upsert: false });
const linkOp = etype.chain((name) =>
  fc.tuple(
    fc.constantFrom('link', 'unlink'),
    fc.constant(name),
    entity,
    fc.dictionary(fc.constantFrom(...(known[name] ?? [])), fc.oneof(target, fc.array(target, { maxLength: 3 })), { maxKeys: 2 }),
  ),
);
const op: fc.Arbitrary<readonly unknown[]> = fc.oneof(
  fc.tuple(fc.constantFrom('create', 'update', 'merge'), etype, entity, fields, options),
  linkOp,
  fc.tuple(fc.constant('delete'), etype, entity),
  fc.tuple(fc.constant('ruleParams'), etype, entity, fc.dictionary(fc.constantFrom('code', 'n'), fc.jsonValue())),
);

/** Ids made here by the order in which they appear. */
function numbered(steps: readonly unknown[], given: ReadonlySet<string>): unknown {
  const names = new Map<string, string>();
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(value) && !given.has(value)) {
      if (!names.has(value)) names.set(value, `#${names.size}`);
      return names.get(value);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(rename);
    const keys = Object.keys(value).sort();
    return Object.fromEntries(keys.map((key) => [key, rename((value as Record<string, unknown>)[key])]));
  };
  return plain(rename(steps));
}

type Outcome = { readonly steps: unknown } | 'refused';

function outcome(run: () => readonly unknown[], given: ReadonlySet<string>): Outcome {
  try {
    return { steps: numbered(run(), given) };
  } catch {
    return 'refused';
  }
}

interface World {
  readonly wire: readonly WireAttr[];
  readonly schema: AnySchema | undefined;
}

function both(ops: readonly (readonly unknown[])[], world: World): { official: Outcome; ours: Outcome } {
  const given = new Set([...ids, ...triples.flatMap(([e, a]) => [e, a]), ...world.wire.map((attr) => attr.id)]);
  const attrsStore = new AttrsStoreClass(Object.fromEntries(world.wire.map((attr) => [attr.id, attr])) as never, null);
  const held = world.wire.length > 0 ? triples : [];
  const stores = [createStore(attrsStore, held as never)];
  const chunks = [{ __ops: ops }];
  const official = outcome(() => transform({ attrsStore, schema: world.schema, stores } as never, chunks), given);
  const attrs = Attrs.from(world.wire);
  const store = new Store(attrs);
  store.load(held);
  const ours = outcome((): Step[] => expandChunks(chunks, { attrs, schema: world.schema, id, isVisible: seenIn(store) }), given);
  return { official, ours };
}

/** What is mended: a lookup target over a new link, undefined fields, what is no link or no value. */
function isMended(ops: readonly (readonly unknown[])[]): boolean {
  return ops.some(([action, , , args]) => {
    const values = Object.values(args ?? {}).flat();
    if (action === 'link' || action === 'unlink') return values.some((value) => typeof value === 'string' && value.startsWith('lookup__'));
    return action !== 'ruleParams' && values.includes(undefined);
  });
}

describe('the same steps as the official client', () => {
  it.each<[string, World]>([
    ['with attributes and no schema', { wire: festival, schema: undefined }],
    ['with attributes and a schema', { wire: festival, schema }],
    ['with a schema alone', { wire: [], schema }],
    ['with nothing', { wire: [], schema: undefined }],
  ])('%s', (_title, world) => {
    let compared = 0;
    check(
      fc.property(fc.array(op, { minLength: 1, maxLength: 4 }), (ops) => {
        const { official, ours } = both(ops, world);
        if (isMended(ops) || ours === 'refused') return;
        compared++;
        expect(ours).toEqual(official);
      }),
      300,
    );
    expect(compared).toBeGreaterThan(20);
  });

  it('rejects only the listed operations', () => {
    const reasons = new Set<string>();
    check(
      fc.property(op, (one) => {
        const { official, ours } = both([one], { wire: festival, schema: undefined });
        if (ours !== 'refused' || official === 'refused') return;
        const [action, etypeName, ref, args] = one as [string, string, unknown, Record<string, unknown>];
        reasons.add(`${action} ${etypeName} ${JSON.stringify(ref)} ${JSON.stringify(args)}`);
      }),
      500,
    );
    expect([...reasons]).toEqual([]);
  });
});
