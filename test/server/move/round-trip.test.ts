// import(export(x)) is x: for schemas and data of all kinds, and for an app that was served.

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { i } from '../../../src/schema/builder.ts';
import { Archive } from '../../../src/server/move/archive.ts';
import { exportApp } from '../../../src/server/move/export.ts';
import { createServer } from '../../../src/server/server.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { checkAsync } from '../../support/runs.ts';
import { importRemote } from './remote/support.ts';
import { adminToken, appId, attr, configOf, contentsOf, importFrom, temporaryFolder, writeZip } from './support.ts';

const folder = temporaryFolder();

const name = fc.oneof(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.constantFrom('a b', 'a.b', 'a/b', 'ü漢🚀', 'constructor', 'toString', '1', 'id2', 'x y/z'),
);
const idOf = (at: number): string => `e0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
const valueOf = {
  string: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '\u0000', 'a\ud800b', '\u2028"\\')),
  number: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((value) => value + 0),
  boolean: fc.boolean(),
  any: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
};
type ValueType = keyof typeof valueOf;

const field = fc.record({
  type: fc.constantFrom<ValueType>('string', 'number', 'boolean', 'any'),
  unique: fc.boolean(),
  indexed: fc.boolean(),
  required: fc.boolean(),
});
const entity = fc.dictionary(name, field, { maxKeys: 4 });
const link = fc.record({
  ...{ from: fc.nat(), to: fc.nat(), label: name, back: name },
  ...{ has: fc.constantFrom('one', 'many'), backHas: fc.constantFrom('one', 'many') },
  ...{ cascade: fc.boolean(), backCascade: fc.boolean() },
});
const model = fc.record({
  entities: fc.dictionary(name, entity, { minKeys: 1, maxKeys: 3 }),
  links: fc.array(link, { maxLength: 3 }),
  seed: fc.nat(),
  rows: fc.nat({ max: 6 }),
});
type Model = typeof model extends fc.Arbitrary<infer T> ? T : never;

/** A small generator of values from a seed, so that rows may depend on the schema. */
function sampler(seed: number): <T>(of: fc.Arbitrary<T>) => T {
  let at = seed;
  return (of) => fc.sample(of, { seed: at++, numRuns: 1 })[0]!;
}

/** Entries of an archive that fits its own schema. */
function archiveOf({ entities, links, seed, rows }: Model): Record<string, unknown> {
  const etypes = Object.keys(entities);
  const sample = sampler(seed);
  const taken = new Set(
    etypes.flatMap((etype) => [`${etype} id`, ...Object.keys(entities[etype] ?? {}).map((label) => `${etype} ${label}`)]),
  );
  const usable = links.flatMap((given) => {
    const [from, to] = [etypes[given.from % etypes.length]!, etypes[given.to % etypes.length]!];
    const names = [`${from} ${given.label}`, `${to} ${given.back}`];
    if (names[0] === names[1] || names.some((each) => taken.has(each))) return [];
    for (const each of names) taken.add(each);
    return [{ ...given, from, to }];
  });
  const files = etypes.map((etype) => [
    `entities/${etype}.jsonl`,
    Array.from({ length: rows }, (_, at) => ({ entity: rowOf(etype, at), createdAt: 1_700_000_000_000 + at * 7 })),
  ]);
  function rowOf(etype: string, at: number): object {
    const values = Object.entries(entities[etype] ?? {}).flatMap(([label, { type, unique, indexed, required }]): [string, unknown][] => {
      if (!required && sample(fc.nat(3)) === 0) return sample(fc.boolean()) || indexed ? [[label, null]] : [];
      const value: unknown = sample(valueOf[type] as fc.Arbitrary<unknown>);
      if (unique) return type === 'boolean' && at > 1 && !required ? [[label, null]] : [[label, uniqueOf(type, at)]];
      return [[label, value ?? 0]];
    });
    const targets = usable
      .filter(({ from }) => from === etype)
      .flatMap(({ label, has, backHas }): [string, unknown][] => {
        if (sample(fc.nat(2)) === 0) return [];
        const own = backHas === 'one' ? at : sample(fc.nat(9));
        return [[label, has === 'one' ? idOf(own) : [idOf(own), ...(backHas === 'many' ? [idOf(own + 1)] : [])]]];
      });
    return Object.fromEntries([['id', idOf(at)], ...values, ...targets]);
  }
  const shown = etypes.map(
    (etype) =>
      [
        etype,
        Object.fromEntries(Object.entries(entities[etype] ?? {}).map(([label, { type, ...traits }]) => [label, attr(type, traits)])),
      ] as const,
  );
  const wired = usable.map(({ from, to, label, back, has, backHas, cascade, backCascade }, at) => [
    `l${at}`,
    {
      forward: { on: from, label, has, ...(cascade && has === 'one' && { onDelete: 'cascade' }) },
      reverse: { on: to, label: back, has: backHas, ...(backCascade && backHas === 'one' && { onDelete: 'cascade' }) },
    },
  ]);
  return {
    'config.json': configOf(Object.fromEntries(shown), Object.fromEntries(wired) as object),
    ...(Object.fromEntries(files) as object),
  };
}

function uniqueOf(type: ValueType, at: number): unknown {
  return type === 'boolean' ? at === 0 : type === 'number' ? at / 7 : type === 'string' ? `u${at}` : { at };
}

/** A required unique boolean has two rows at most. */
function fitting(given: Model): Model {
  const isTight = Object.values(given.entities).some((attrs) =>
    Object.values(attrs).some(({ type, unique, required }) => type === 'boolean' && unique && required),
  );
  return isTight ? { ...given, rows: Math.min(2, given.rows) } : given;
}

let made = 0;

test('an archive is imported and exported unchanged, for generated schemas and data', async () => {
  await checkAsync(
    fc.asyncProperty(model, async (given) => {
      const { rows } = fitting(given);
      const entries = archiveOf(fitting(given));
      const path = await writeZip(join(folder, `${++made}.zip`), entries);
      const [first, second] = [memory(), memory()];
      expect((await importFrom(path, { storage: first })).isSame).toBe(true);
      const before = await contentsOf(first, appId);
      expect(rowsOf(before.triples)).toBe(Object.keys(entries).length > 1 ? (Object.keys(entries).length - 1) * rows : 0);
      const out = join(folder, `${made}-out.zip`);
      await exportApp({ storage: first, appId, out });
      expect((await importFrom(out, { storage: second })).isSame).toBe(true);
      expect(await contentsOf(second, appId)).toEqual(before);
      // Once more: what is written is written the same.
      const again = join(folder, `${made}-again.zip`);
      await exportApp({ storage: second, appId, out: again });
      expect(await textsOf(again)).toEqual(await textsOf(out));
    }),
    60,
    1_000,
  );
});

/** Of all entries but the time of the backup. */
async function textsOf(path: string): Promise<object> {
  const archive = await Archive.open(path);
  const texts: [string, string][] = [];
  for (const name of archive.names) texts.push([name, (await archive.text(name, 1e8)).replace(/"backupAt":"[^"]*"/, '')]);
  archive.close();
  return Object.fromEntries(texts);
}

test('an import from a server, by backup or by queries, is the same app, for generated schemas and data', async () => {
  await checkAsync(
    fc.asyncProperty(model, fc.boolean(), async (given, live) => {
      const path = await writeZip(join(folder, `${++made}.zip`), archiveOf(fitting(given)));
      const [first, second] = [memory(), memory()];
      await importFrom(path, { storage: first });
      const server = await createServer({ storage: first, appId, adminToken });
      try {
        const { report } = await importRemote({ url: server.url, appId, adminToken, storage: second, live });
        expect(report.isSame).toBe(true);
      } finally {
        await server.close();
      }
      const [before, after] = [await contentsOf(first, appId), await contentsOf(second, appId)];
      expect(after.triples).toEqual(before.triples.filter((text) => !live || !isHidden(text, before)));
      expect(after.attrs).toEqual(before.attrs);
    }),
    20,
    300,
  );
});

/** One of several links of a row, to a row that is gone: this server's answers to queries do not have it. */
function isHidden(text: string, { attrs, triples }: Awaited<ReturnType<typeof contentsOf>>): boolean {
  const [, label, target] = JSON.parse(text) as [string, string, string];
  const named = attrs as { name: string[]; back: string[]; 'value-type': string; cardinality: string }[];
  const link = named.find(({ name: [...own], ...attr }) => own.join('.') === label && attr['value-type'] === 'ref');
  if (link?.cardinality !== 'many') return false;
  return !triples.some((each) => each.startsWith(`["${target}","${link.back[0]}.id"`));
}

const rowsOf = (triples: readonly string[]): number =>
  triples.filter((text) => (JSON.parse(text) as [string, string])[1].endsWith('.id')).length;

test('an app that was served keeps through export and import its schema, rules, users, tokens, files, links and deletions', async () => {
  const schema = i.schema({
    entities: {
      goals: i.entity({ title: i.string().unique().indexed(), n: i.number().optional().indexed() }),
      $users: i.entity({ nick: i.string().optional() }),
    },
    links: { owner: { forward: { on: 'goals', label: 'owner', has: 'one' }, reverse: { on: '$users', label: 'goals', has: 'many' } } },
  });
  const rules = { goals: { allow: { view: 'auth.id != null' } } };
  const [first, second] = [memory(), memory()];
  const server = await createServer({ storage: first, appId, adminToken, schema, rules });
  const db = init({ appId, adminToken, apiURI: server.apiURI, schema });
  const token = await db.auth.createToken({ email: 'ada@example.com' });
  const user = (await db.auth.getUser({ email: 'ada@example.com' }))!;
  await db.transact(
    [1, 2, 3].map((n) => db.tx.goals[idOf(n)]!.create({ title: `goal ${n}`, ...(n > 1 && { n }) }).link({ owner: user.id })),
  );
  await db.transact(db.tx.goals[idOf(2)]!.delete());
  await db.storage.uploadFile('a/ä.txt', Buffer.from('hello'), { contentType: 'text/plain' });
  await server.close();

  const out = join(folder, 'served.zip');
  const { counts } = await exportApp({ storage: first, appId, out });
  expect(counts).toEqual({ $files: 1, $userRefreshTokens: 1, $users: 1, goals: 2 });
  const { isSame } = await importFrom(out, { storage: second });
  expect(isSame).toBe(true);
  const [before, after] = [await contentsOf(first, appId), await contentsOf(second, appId)];
  // Times of values other than the id are not in a backup.
  const untimed = (triples: readonly string[]): string[] =>
    triples.map((text) => JSON.stringify((JSON.parse(text) as unknown[]).slice(0, 3))).sort();
  expect(untimed(after.triples)).toEqual(untimed(before.triples));
  expect(after.records).toMatchObject({ rules });

  const moved = await createServer({ storage: second, appId, adminToken });
  const there = init({ appId, adminToken, apiURI: moved.apiURI, schema });
  expect(
    (await there.query({ goals: { owner: {} } })).goals.map(({ title, owner }) => [
      title,
      (owner as { email?: string } | undefined)?.email,
    ]),
  ).toEqual([
    ['goal 1', 'ada@example.com'],
    ['goal 3', 'ada@example.com'],
  ]);
  expect(await there.auth.verifyToken(token)).toMatchObject({ id: user.id });
  const plain = init({ appId, adminToken, apiURI: moved.apiURI });
  const [file] = (await plain.query({ $files: {} })).$files;
  expect(await (await fetch(String(file!.url))).text()).toBe('hello');
  await moved.close();
});
