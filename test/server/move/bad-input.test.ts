// Archives that are damaged, hostile, or do not fit their own schema: each is told with its place, and nothing is taken over.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memory } from '../../../src/server/storage/memory.ts';
import { defaultArchiveLimits } from '../../../src/server/move/archive.ts';
import { appId, attr, configOf, contentsOf, importFrom, recorded, temporaryFolder, writeZip } from './support.ts';

const folder = temporaryFolder();
const idOf = (at: number): string => `e0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
const row = (at: number, entity: object = {}): object => ({ entity: { id: idOf(at), ...entity }, createdAt: 1_700_000_000_000 + at });
let made = 0;
const zip = (entries: Readonly<Record<string, unknown>>): Promise<string> => writeZip(join(folder, `${++made}.zip`), entries);

async function refused(path: string, options: object = {}, limits = defaultArchiveLimits): Promise<string> {
  const storage = memory();
  const error = await importFrom(path, { storage, ...options }, limits).then(
    () => new Error('taken over'),
    (reason: unknown) => reason as Error,
  );
  expect(error).toMatchObject({ code: 'archive-invalid' });
  expect(await storage.apps()).toEqual([]);
  const stage = await storage.stage!(appId);
  expect(stage.length).toBe(0);
  return error.message;
}

/** The same archive with bytes replaced. */
function altered(path: string, change: (bytes: Buffer) => Buffer): string {
  const out = join(folder, `${++made}.zip`);
  writeFileSync(out, change(readFileSync(path)));
  return out;
}

test('an archive truncated at any position is rejected', async () => {
  const { length } = readFileSync(recorded('backup-3'));
  for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
    const path = altered(recorded('backup-3'), (bytes) => bytes.subarray(0, Math.floor(length * share)));
    expect(await refused(path)).toContain('is no complete zip archive');
  }
});

test('a file that does not exist or is not an archive is rejected', async () => {
  expect(await refused(join(folder, 'nowhere.zip'))).toBe(`There is no file ${join(folder, 'nowhere.zip')}`);
  const text = join(folder, 'text.zip');
  writeFileSync(text, 'this is a text\n'.repeat(100));
  expect(await refused(text)).toContain('is no complete zip archive');
});

test('an entry with changed bytes is rejected', async () => {
  const stored = await zip({
    'config.json': configOf({ goals: {} }),
    'entities/goals.jsonl': [row(1, { title: 'some text that is long enough' })],
  });
  const path = altered(stored, (bytes) => {
    const at = bytes.indexOf('entities/goals.jsonl') + 60;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    return bytes;
  });
  expect(await refused(path)).toContain('entities/goals.jsonl');
});

test('paths that lead out of the archive, and files not named by a UUID, are rejected', async () => {
  const long = 'entities/aaaaaaaaaa.jsonl';
  const honest = await zip({ 'config.json': configOf({}), [long]: [] });
  for (const name of [
    'entities/../../../etc.json',
    '/ntities/aaaaaaaaaa.jsonl',
    'C:/ities/aaaaaaaaaa.jsonl',
    'entities\\aaaaaaaaaa.jsonl',
  ]) {
    expect(name.padEnd(long.length, 'l')).toHaveLength(name.length > long.length ? name.length : long.length);
    const path = altered(honest, (bytes) => replaced(bytes, long, name.slice(0, long.length).padEnd(long.length, 'l')));
    expect(await refused(path), name).toMatch(/invalid|absolute|relative/);
  }
  expect(await refused(await zip({ 'config.json': configOf({}), 'files/passwd': 'x' }))).toContain('files/passwd is not named by a UUID');
});

function replaced(bytes: Buffer, from: string, to: string): Buffer {
  for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
  return bytes;
}

test('zip bombs are rejected by ratio, by size, and by the number of entries', async () => {
  const bomb = await zip({ 'config.json': configOf({ goals: {} }), 'entities/goals.jsonl': ' '.repeat(4_000_000) });
  const limits = { ...defaultArchiveLimits, ratioFromBytes: 1_000_000 };
  expect(await refused(bomb, {}, limits)).toMatch(/entities\/goals\.jsonl unpacks to 4000000 bytes from \d+: more than 200 times/);
  expect(await refused(bomb, {}, { ...defaultArchiveLimits, totalBytes: 1_000_000 })).toContain('unpacks to more than 1000000 bytes');
  expect(await refused(bomb, {}, { ...defaultArchiveLimits, entries: 1 })).toContain('more than 1 entries');
});

test('an entry that is larger than its stated size is rejected', async () => {
  const path = altered(await zip({ 'config.json': configOf({ goals: {} }), 'entities/goals.jsonl': ' '.repeat(40_000) }), (bytes) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(40_000);
    const short = Buffer.alloc(4);
    short.writeUInt32LE(10);
    for (let at = bytes.indexOf(size); at !== -1; at = bytes.indexOf(size, at + 1)) short.copy(bytes, at);
    return bytes;
  });
  expect(await refused(path)).toContain('entities/goals.jsonl');
});

test.each<readonly [what: string, config: unknown, message: string]>([
  ['no config', undefined, 'has no config.json'],
  ['a config that is not JSON', '{', 'config.json: not JSON'],
  ['a config without an app', { schema: { entities: {} } }, 'config.json: appId must be a UUID'],
  ['a config without a schema', { appId }, 'config.json: schema must be'],
  ['an entity without attrs', { appId, schema: { entities: { a: {} }, links: {} } }, 'schema.entities.a must be an object with attrs'],
  [
    'a link with one end',
    { appId, schema: { entities: {}, links: { l: { forward: {} } } } },
    'schema.links.l must have forward and reverse',
  ],
  ['rules that cannot be parsed', configOf({}, {}, { rules: { goals: { allow: { view: 'auth.id ==' } } } }), 'rules.goals.allow.view'],
])('%s', async (_what, config, message) => {
  expect(await refused(await zip({ ...(config !== undefined && { 'config.json': config }), 'entities/a.jsonl': [] }))).toContain(message);
});

test.each<readonly [what: string, lines: string, message: string]>([
  ['a line that is not JSON', `${JSON.stringify(row(1))}\n{"entity":\n`, 'entities/goals.jsonl:2: not JSON'],
  ['a line without an entity', `\n\n{"createdAt":1}`, 'entities/goals.jsonl:3: must be an object with an entity'],
  ['an invalid time', `{"entity":{"id":"${idOf(1)}"},"createdAt":1e300}`, 'entities/goals.jsonl:1: createdAt must be a time'],
  ['a malformed id', `{"entity":{"id":"../x"},"createdAt":1}`, 'entities/goals.jsonl:1: id must be a UUID, and is "../x"'],
  [
    'a number beyond those of JavaScript',
    `{"entity":{"id":"${idOf(1)}","n":[1e400]},"createdAt":1}`,
    'entities/goals.jsonl:1: goals.n has a number beyond those of JavaScript',
  ],
  [
    'a key __proto__',
    `{"entity":{"id":"${idOf(1)}","j":{"a":{"__proto__":1}}},"createdAt":1}`,
    'entities/goals.jsonl:1: goals.j has a key __proto__',
  ],
  ['a label __proto__', `{"entity":{"id":"${idOf(1)}","__proto__":1},"createdAt":1}`, 'goals.__proto__ cannot be the name of a field'],
  [
    'a value that is nested too deep',
    `{"entity":{"id":"${idOf(1)}","j":${'['.repeat(1001)}${']'.repeat(1001)}},"createdAt":1}`,
    'entities/goals.jsonl:1: goals.j is nested deeper than 1000',
  ],
  ['a duplicate id', `${JSON.stringify(row(7))}\n${JSON.stringify(row(7))}`, `entities/goals.jsonl:2: the id ${idOf(7)} is in goals twice`],
])('%s', async (_what, lines, message) => {
  expect(await refused(await zip({ 'config.json': configOf({ goals: {} }), 'entities/goals.jsonl': lines }))).toContain(message);
});

test('bytes that are not UTF-8 are rejected', async () => {
  const bytes = Buffer.concat([
    Buffer.from(`{"entity":{"id":"${idOf(1)}","t":"`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"},"createdAt":1}'),
  ]);
  expect(await refused(await zip({ 'config.json': configOf({ goals: {} }), 'entities/goals.jsonl': bytes }))).toContain('not UTF-8');
});

test('all violations of the schema are reported at once, each with file and line', async () => {
  const goals = { title: attr('string', { required: true }), code: attr('string', { unique: true }), n: attr('number') };
  const links = {
    goalsOwner: {
      forward: { on: 'goals', label: 'owner', has: 'one', required: true },
      reverse: { on: 'people', label: 'goals', has: 'one' },
    },
  };
  const fine = { title: 't', n: 1, owner: idOf(100) };
  const path = await zip({
    'config.json': configOf({ goals, people: {} }, links),
    'entities/goals.jsonl': [
      row(1, { ...fine, code: 'a' }),
      row(2, { n: 1, owner: idOf(101) }),
      row(3, { ...fine, code: 'a', owner: idOf(102) }),
      row(4, { ...fine, n: 'one', owner: idOf(103) }),
      row(5, { ...fine, owner: 'nobody' }),
      row(6, { title: 't' }),
      row(7, { ...fine, owner: idOf(101) }),
    ],
  });
  const message = await refused(path);
  expect(message.split('\n')).toEqual([
    'There are 6 faults in the data; nothing was taken over.',
    '  entities/goals.jsonl:2: goals.title is required, and missing',
    '  entities/goals.jsonl:3: goals.code must be unique, and "a" is there twice',
    '  entities/goals.jsonl:4: goals.n must be a number, and is "one"',
    '  entities/goals.jsonl:5: goals.owner must link to an id, and has "nobody"',
    '  entities/goals.jsonl:6: goals.owner is required, and missing',
    `  entities/goals.jsonl:7: goals.owner links to ${idOf(101)}, as another row does`,
    'Mend the data at the source, or add --relax to take the constraints away.',
  ]);
});

test('--relax keeps the data and removes only the constraints that they violate', async () => {
  const goals = {
    title: attr('string', { required: true }),
    code: attr('string', { unique: true }),
    n: attr('number'),
    m: attr('number', { required: true }),
  };
  const rows = [row(1, { code: 'a', n: 'one', m: 1 }), row(2, { title: 't', code: 'a', n: 1, m: 1 })];
  const storage = memory();
  const report = await importFrom(await zip({ 'config.json': configOf({ goals }), 'entities/goals.jsonl': rows }), {
    storage,
    relax: true,
  });
  expect(report.isSame).toBe(true);
  expect(report.notes).toEqual([
    'entities/goals.jsonl:1: goals.n must be a number, and is "one": the constraint is taken away',
    'entities/goals.jsonl:1: goals.title is required, and missing: the constraint is taken away',
    'entities/goals.jsonl:2: goals.code must be unique, and "a" is there twice: the constraint is taken away',
  ]);
  const { snapshot } = await (await storage.open(appId)).load();
  const traits = snapshot!.attrs.map((each) => [
    each['forward-identity'][2],
    each['required?'],
    each['unique?'],
    each['checked-data-type'],
  ]);
  expect(traits).toEqual(
    expect.arrayContaining([
      ['title', false, false, 'string'],
      ['code', false, false, 'string'],
      ['n', false, false, undefined],
      ['m', true, false, 'number'],
    ]),
  );
});

test('--relax leaves out values that nobody could read, with a note for each', async () => {
  const lines = [
    `{"entity":{"id":"${idOf(1)}","n":-1e400,"title":"kept"},"createdAt":1}`,
    `{"entity":{"id":"${idOf(2)}","__proto__":{"a":1},"j":{"__proto__":1}},"createdAt":1}`,
  ].join('\n');
  const storage = memory();
  const path = await zip({ 'config.json': configOf({ goals: { n: attr('number', { indexed: true }) } }), 'entities/goals.jsonl': lines });
  const { notes, isSame } = await importFrom(path, { storage, relax: true });
  expect(notes.filter((note) => note.endsWith('left out'))).toHaveLength(3);
  expect(isSame).toBe(true);
  const { triples } = await contentsOf(storage, appId);
  expect(
    triples.filter((triple) => /goals\.(n|j|title|__proto__)/.test(triple)).map((triple) => (JSON.parse(triple) as unknown[]).slice(0, 3)),
  ).toEqual([
    [idOf(1), 'goals.n', null],
    [idOf(1), 'goals.title', 'kept'],
    [idOf(2), 'goals.n', null],
  ]);
});

test('addresses are stored as sign-in looks for them, unless another user has them so', async () => {
  const users = { $users: { email: attr('string', { unique: true, indexed: true }) } };
  const addresses = ['Ann@x.co', 'ann@x.co', null, ' Bob@X.co', 'BOB@x.co', 'Eve@x.co', 'ÄNN@x.co'];
  const rows = addresses.map((email, at) => ({ entity: { id: idOf(at + 1), email }, createdAt: 1 }));
  const storage = memory();
  const { notes, isSame } = await importFrom(await zip({ 'config.json': configOf(users), 'entities/$users.jsonl': rows }), { storage });
  const { triples } = await contentsOf(storage, appId);
  const values = triples.map((triple) => JSON.parse(triple) as unknown[]).filter(([id, , value]) => value !== id);
  expect(values.map(([, , email]) => email)).toEqual(['Ann@x.co', 'ann@x.co', null, 'bob@x.co', 'BOB@x.co', 'eve@x.co', 'änn@x.co']);
  expect(notes).toEqual([
    "entities/$users.jsonl:1: sign-in does not find the address 'Ann@x.co', as another user has it in lower case: kept as it is",
    "entities/$users.jsonl:4: the address ' Bob@X.co' is stored as 'bob@x.co', as sign-in looks for it",
    "entities/$users.jsonl:5: sign-in does not find the address 'BOB@x.co', as another user has it in lower case: kept as it is",
    "entities/$users.jsonl:6: the address 'Eve@x.co' is stored as 'eve@x.co', as sign-in looks for it",
    "entities/$users.jsonl:7: the address 'ÄNN@x.co' is stored as 'änn@x.co', as sign-in looks for it",
  ]);
  expect(isSame).toBe(true);
});

test('rows that the backup counts but lacks are reported; --relax imports the others', async () => {
  const counts = { goals: 2, tasks: 1 };
  const path = await zip({ 'config.json': configOf({ goals: {}, tasks: {} }, {}, { counts }), 'entities/goals.jsonl': [row(1)] });
  const message = await refused(path);
  expect(message).toContain('config.json counts 2 rows of goals, and there are 1');
  expect(message).toContain('config.json counts 1 rows of tasks, and there are 0');
  const { isSame, notes } = await importFrom(path, { storage: memory(), relax: true });
  expect([isSame, notes.length]).toEqual([true, 2]);
});
