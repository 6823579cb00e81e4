// Who may import whom, as ARCHITECTURE.md has it: downhill only, types included. And the few things that keep a folder readable: no import
// circles, no file of more than 300 lines, the console in its two places.

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
function nameOf(path: string): string {
  return path.split('/')[0]?.replace(/\.tsx?$/, '') ?? path;
}

/** The same, but all files that make up what a program holds, `database.ts` and the like, are one place: the face. */
function placeOf(path: string): string {
  const name = nameOf(path);
  return path.includes('/') || name in allowed ? name : 'face';
}

const ground = ['lib', 'errors', 'schema', 'types'];
const engine = [...ground, 'protocol', 'db', 'query', 'transact'];
const line = ['lib', 'errors', 'types', 'protocol'];
const client = [...engine, 'connection', 'storage', 'tabs', 'http', 'streams', 'reactor', 'config'];

/** Place → what it may import besides itself. `errors`, `schema`, `config` and `index` are the files of that name. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  errors: ['lib'],
  schema: ['lib', 'errors'],
  types: ['lib', 'errors', 'schema'],
  protocol: ground,
  db: [...ground, 'protocol'],
  query: [...ground, 'protocol', 'db'],
  transact: [...ground, 'protocol', 'db'],
  connection: line,
  storage: line,
  tabs: line,
  http: line,
  streams: line,
  reactor: client.filter((place) => place !== 'config'),
  config: [...ground, 'connection', 'storage'],
  face: client,
  index: [...client, 'face'],
  server: engine,
  admin: [...ground, 'protocol', 'http', 'query', 'transact', 'connection', 'streams'],
  react: ['lib'],
  nextjs: ['lib'],
  testing: ['lib', 'storage'],
  rooms: ['lib', 'errors', 'types'],
  insforge: ['http', 'lib', 'errors', 'types', 'rooms'],
  'realtime-platform': ['http', 'lib', 'errors', 'types', 'rooms'],
};

/** Packages a folder may use. Whatever is not named here uses none. */
const packages: Readonly<Record<string, RegExp>> = {
  lib: /^nanoid$/,
  connection: /^isomorphic-ws$/,
  storage: /^idb$/,
  reactor: /^eventemitter3$/,
  face: /^eventemitter3$/,
  server: /^(node:|bun:|hono|@hono\/|ws$|pg$|libsql$|better-sqlite3$|@bufbuild\/|jose$|isomorphic-ws$|nanoid$|nodemailer$)/,
  react: /^(react|react-dom|triplane)$/,
  nextjs: /^(react|triplane|triplane\/react|next\/\w+\.js)$/,
  admin: /^triplane$/,
  rooms: /^socket\.io-client$/,
  'realtime-platform': /^isomorphic-ws$/,
};

/** The server borrows the client's idea of a line, as a type. */
const borrowed = ['connection/transport.ts'];

function mayImport({ from, to, typeOnly }: Import): boolean {
  const place = placeOf(from);
  if (!texts.has(to)) return packages[place]?.test(to) ?? false;
  if (place === 'server' && typeOnly && borrowed.includes(to)) return true;
  return placeOf(to) === place || (allowed[place] ?? []).includes(placeOf(to));
}

test('every import goes downhill', () => {
  expect(imports.filter((found) => !mayImport(found)).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

/** What stands in the list of organs, and two more that no message is for. */
const reactor = imports.filter(({ from, to }) => placeOf(from) === 'reactor' && placeOf(to) === 'reactor');
const listed = reactor.filter(({ from }) => from === 'reactor/organs.ts').map(({ to }) => to);
const organs = [...listed, 'reactor/replies.ts', 'reactor/journal.ts'];
/** The Reactor and its way out, and what is done on hearing each op. */
const conductors = ['reactor/reactor.ts', 'reactor/outside.ts', 'reactor/receive.ts'];

test('an organ never imports an organ, and only the conductor more of one than its types', () => {
  const met = reactor.filter(({ from, to }) => organs.includes(to) && !conductors.includes(from));
  const wrong = met.filter(({ from, typeOnly }) => organs.includes(from) || !typeOnly);
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  expect(listed).toContain('reactor/outbox.ts');
});

test('no file imports itself by way of others', () => {
  const next = new Map(files.map((path) => [path, imports.filter(({ from }) => from === path).map(({ to }) => to)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of files) walk(path, []);
  expect(circles).toEqual([]);
});

test('no file is longer than 300 lines', () => {
  expect([...texts].filter(([, text]) => text.split('\n').length > 301).map(([path]) => path)).toEqual([]);
});

/** Files in which a line of code, comments aside where `code` says so, matches. */
function filesWith(pattern: RegExp): string[] {
  return [...texts].filter(([, text]) => text.split('\n').some((row) => pattern.test(row))).map(([path]) => path);
}

test('the console speaks in the log and the command line only', () => {
  const speaks = /^(?!\s*(\/\/|\*|\/\*)).*\bconsole\./;
  expect(filesWith(speaks).filter((path) => path !== 'lib/log.ts' && path !== 'server/cli.ts' && !path.startsWith('cli/'))).toEqual([]);
});

test('nothing is put off in a comment, and no type error is silenced', () => {
  expect(filesWith(/\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)/)).toEqual([]);
});

const page = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

test('ARCHITECTURE.md gives a reason for each dependency, and for no other', () => {
  const [, table = ''] = page.split('## What is used of others');
  const reasons = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  expect(reasons).toEqual(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort());
});

test('ARCHITECTURE.md names every place in src, and none that is not there', () => {
  const [, table = ''] = page.split('## What stands where');
  const named = [...table.matchAll(/`src\/([\w-]+)(?:\/|\.ts)`/g)].map(([, place]) => place);
  expect([...new Set(named)].sort()).toEqual([...new Set(files.map(nameOf))].sort());
});

test('every property is tried from one seed', () => {
  const tests = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path));
  const own = tests.filter((path) => /\bfc\.(?:assert|check)\(/.test(readFileSync(new URL(`test/${path}`, root), 'utf8')));
  expect(own.map((path) => path.replaceAll('\\', '/'))).toEqual(['support/runs.ts']);
});
