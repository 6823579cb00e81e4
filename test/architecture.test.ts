// The rules of ARCHITECTURE.md: imports go downhill, state modules do not know each other, files stay readable, and the page names what exists.

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const root = new URL('../', import.meta.url);
const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path));
const texts = new Map(files.sort().map((path) => [path, readFileSync(new URL(`src/${path}`, root), 'utf8')]));
const imports = [...texts].flatMap(([path, text]) => importsOf(path, text));

/** What a file imports: by statement, by `export … from`, by `import()`, and by `import()` as a type. */
function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const to = specifier.text.startsWith('.') ? posix.join(posix.dirname(path), specifier.text) : specifier.text;
    found.push({ from: path, to, typeOnly });
  };
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

/** The folder directly under src/, or the file that stands there. */
function placeOf(path: string): string {
  return path.split('/')[0]?.replace(/\.tsx?$/, '') ?? path;
}

const ground = ['lib', 'errors', 'schema', 'types'];
const engine = [...ground, 'protocol', 'db', 'query', 'transact'];
const io = ['lib', 'errors', 'types', 'protocol'];
const reactor = [...engine, 'connection', 'storage', 'http', 'streams'];

/** Place → the places it may import besides itself. `errors` and `index` are the files of that name. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  errors: ['lib'],
  schema: ['lib', 'errors'],
  types: ['lib', 'errors', 'schema'],
  protocol: ground,
  db: [...ground, 'protocol'],
  query: [...ground, 'protocol', 'db'],
  transact: [...ground, 'protocol', 'db'],
  connection: io,
  storage: io,
  http: io,
  streams: io,
  reactor,
  client: [...reactor, 'reactor'],
  index: [...reactor, 'reactor', 'client'],
  server: engine,
  admin: [...ground, 'protocol', 'http', 'query', 'transact', 'connection', 'streams'],
  react: ['lib'],
  nextjs: ['lib'],
  testing: [...reactor, 'reactor', 'client', 'server', 'admin'],
  'storage-conformance': ['lib', 'storage'],
  rooms: ['lib', 'types'],
  rest: ['http', 'lib', 'errors', 'rooms'],
  insforge: ['rest', 'lib', 'rooms'],
  'realtime-platform': ['rest', 'lib', 'rooms'],
};

/** The packages a place may use, or how their names begin. A place that is not listed uses none. */
const packages: Readonly<Record<string, readonly string[]>> = {
  lib: ['nanoid', 'isomorphic-ws'],
  storage: ['idb'],
  reactor: ['eventemitter3'],
  server: [
    ...['node:', 'hono', '@hono/', 'ws', 'pg', 'libsql', 'better-sqlite3', '@bufbuild/', 'jose', 'nodemailer', 'prom-client'],
    ...['yauzl', 'yazl', '@aws-sdk/'],
  ],
  // As types only, and optional: the build marks the import.
  schema: ['@instantdb/core'],
  testing: ['node:async_hooks'],
  react: ['react', 'triplane'],
  nextjs: ['react', 'triplane', 'triplane/react', 'next/'],
  rooms: ['socket.io-client'],
};

const isOf = (name: string, entry: string): boolean => name === entry || (/[:/]$/.test(entry) ? name : `${name}/`).startsWith(`${entry}`);

function mayImport({ from, to }: Import): boolean {
  const place = placeOf(from);
  if (!texts.has(to)) return (packages[place] ?? []).some((entry) => isOf(to, entry));
  return placeOf(to) === place || (allowed[place] ?? []).includes(placeOf(to));
}

/** Chains of names that end where they began. */
function circlesIn(next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (name: string, trail: readonly string[]) => {
    if (trail.includes(name)) circles.push([...trail.slice(trail.indexOf(name)), name].join(' → '));
    if (trail.includes(name) || done.has(name)) return;
    for (const to of next.get(name) ?? []) walk(to, [...trail, name]);
    done.add(name);
  };
  for (const name of next.keys()) walk(name, []);
  return circles;
}

test('every import goes downhill, types included', () => {
  expect(imports.filter((found) => !mayImport(found)).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('no place may use a package that it does not use', () => {
  const isUsed = (place: string, entry: string): boolean =>
    [...texts].some(([path, text]) => placeOf(path) === place && text.includes(`'${entry}`));
  expect(
    Object.entries(packages).flatMap(([place, all]) => all.filter((entry) => !isUsed(place, entry)).map((entry) => [place, entry])),
  ).toEqual([]);
});

test('places do not import each other in a circle, types included', () => {
  expect(circlesIn(new Map(Object.entries(allowed)))).toEqual([]);
});

test('files do not import each other in a circle, types aside', () => {
  const values = imports.filter(({ typeOnly }) => !typeOnly);
  expect(circlesIn(new Map(files.map((path) => [path, values.filter(({ from }) => from === path).map(({ to }) => to)])))).toEqual([]);
});

/** The modules that hold state: those that make up `SyncState`, and those that are installed as a feature. */
const stateModules = [
  ...imports.filter(({ from, to, typeOnly }) => from === 'reactor/state.ts' && placeOf(to) === 'reactor' && !typeOnly).map(({ to }) => to),
  'reactor/rooms/rooms.ts',
  'streams/stream-subscriptions.ts',
  'reactor/tables/sync-tables.ts',
  'reactor/pending-calls.ts',
  'reactor/persist-queue.ts',
];

test("no state module imports another one's values", () => {
  const wrong = imports.filter(({ from, to, typeOnly }) => stateModules.includes(from) && stateModules.includes(to) && !typeOnly);
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  expect(stateModules).toEqual(expect.arrayContaining(['reactor/mutations/outbox.ts', 'reactor/queries/live-queries.ts']));
  expect(stateModules.filter((path) => !texts.has(path))).toEqual([]);
});

test('the client loads modules lazily through `lazy` only, which gives each failure one error', () => {
  const found = [...texts].filter(
    ([path, text]) => ['reactor', 'client', 'connection', 'storage'].includes(placeOf(path)) && / import\('/.test(text),
  );
  expect(
    found.flatMap(([, text]) => text.match(/.*(?<!typeof) import\('.*/g) ?? []).filter((line) => !line.includes('lazy(() => import(')),
  ).toEqual([]);
});

test('no file is longer than 300 lines', () => {
  expect([...texts].filter(([, text]) => text.split('\n').length > 301).map(([path]) => path)).toEqual([]);
});

/** Files in which a line of code, comments aside where `code` says so, matches. */
function filesWith(pattern: RegExp): string[] {
  return [...texts].filter(([, text]) => text.split('\n').some((row) => pattern.test(row))).map(([path]) => path);
}

/** Ideas that had several copies once. */
const declaredOnce = ['isObject', 'isServer', 'serverActor', 'whenDurable', 'backoffMs', 'isTransientStatus', 'lowerBound', 'TokenBucket'];

test.each(declaredOnce)('%s is declared in one file', (name) => {
  expect(filesWith(new RegExp(`\\b(?:function|const|class) ${name}\\b`))).toHaveLength(1);
});

test('no file writes out the actors that are no users', () => {
  expect(filesWith(/userId: undefined, isAdmin: true/)).toEqual(['server/data/system-rules.ts']);
});

test('entries share what is internal to a database under one symbol', () => {
  expect(filesWith(/\._(reactor|watch|app)\b|\['_(reactor|watch|app)'\]/)).toEqual([]);
  expect(filesWith(/Symbol\.for\('triplane/)).toEqual(['lib/internals.ts']);
});

test('the console speaks in the log and the command line only', () => {
  const speaks = /^(?!\s*(\/\/|\*|\/\*)).*\bconsole\./;
  expect(filesWith(speaks).filter((path) => path !== 'lib/log.ts' && !path.startsWith('server/cli/'))).toEqual([]);
});

test('no comment defers work, and no type error is silenced', () => {
  expect(filesWith(/\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)/)).toEqual([]);
});

const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

test('ARCHITECTURE.md gives a reason for each dependency, and for no other', () => {
  const [, table = ''] = page.split('## Dependencies');
  const reasons = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  expect(reasons).toEqual(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort());
});

test('ARCHITECTURE.md names every place in src, and no other', () => {
  const [, table = ''] = page.split('## Places');
  const named = [...table.matchAll(/`src\/([\w-]+)(?:\/|\.ts)`/g)].map(([, place]) => place);
  expect([...new Set(named)].sort()).toEqual([...new Set(files.map(placeOf))].sort());
});

test('every property is tried from one seed', () => {
  const tests = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path));
  const own = tests.filter((path) => /\bfc\.(?:assert|check)\(/.test(readFileSync(new URL(`test/${path}`, root), 'utf8')));
  expect(own.map((path) => path.replaceAll('\\', '/'))).toEqual(['support/runs.ts']);
});
