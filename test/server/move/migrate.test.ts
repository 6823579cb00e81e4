// `triplane migrate` on projects of several kinds: what it shows, what it writes, what it leaves, what it says is missing.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { migrateCommand } from '../../../src/server/cli/migrate-command.ts';
import { ownVersion } from '../../../src/protocol/version.ts';
import { temporaryFolder } from './support.ts';

const root = temporaryFolder();
let made = 0;

function project(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(++made));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function migrate(folder: string, flags: object = {}): Promise<string[]> {
  const lines: string[] = [];
  expect(await migrateCommand(folder, flags, { print: (line) => lines.push(...line.split('\n')) })).toBe(0);
  return lines;
}

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
const manifest = (packages: object): string => `${JSON.stringify({ name: 'x', dependencies: packages }, undefined, 2)}\n`;

const vite = {
  'package.json': manifest({ '@instantdb/admin': '^1.0.0', '@instantdb/react': '^1.0.0', react: '^19.0.0', vite: '^7.0.0' }),
  'src/db.ts': `import { i, init, type InstaQLEntity } from '@instantdb/react';
import schema from '../instant.schema';

export const db = init({
  appId: 'a9900000-0000-4000-8000-000000000001',
  schema, // init({ of course
});
`,
  'instant.schema.ts': `import { i } from "@instantdb/react";\nexport default i.schema({ entities: {} });\n`,
  'scripts/seed.mjs': `import { init, id } from "@instantdb/admin";\nconst db = init({ appId: process.env.APP, adminToken: process.env.TOKEN });\n`,
  'src/other.ts': `export const text = "about @instantdb/react";\n`,
  'node_modules/x/index.js': `require('@instantdb/core')`,
};

test('shows a diff and changes nothing', async () => {
  const folder = project(vite);
  expect(await migrate(folder)).toEqual([
    '--- instant.schema.ts',
    '+++ instant.schema.ts',
    '@@ -1,1 +1,1 @@',
    '-import { i } from "@instantdb/react";',
    '+import { i } from "triplane/react";',
    '--- scripts/seed.mjs',
    '+++ scripts/seed.mjs',
    '@@ -1,1 +1,1 @@',
    '-import { init, id } from "@instantdb/admin";',
    '+import { init, id } from "triplane/admin";',
    '@@ -2,1 +2,1 @@',
    '-const db = init({ appId: process.env.APP, adminToken: process.env.TOKEN });',
    "+const db = init({ apiURI: process.env.TRIPLANE_URL ?? 'http://127.0.0.1:4747', appId: process.env.APP, adminToken: process.env.TOKEN });",
    '--- src/db.ts',
    '+++ src/db.ts',
    '@@ -1,1 +1,1 @@',
    "-import { i, init, type InstaQLEntity } from '@instantdb/react';",
    "+import { i, init, type InstaQLEntity } from 'triplane/react';",
    '@@ -4,1 +4,2 @@',
    '-export const db = init({',
    '+export const db = init({',
    "+  apiURI: import.meta.env.VITE_TRIPLANE_URL ?? 'http://127.0.0.1:4747',",
    '--- package.json',
    '+++ package.json',
    '@@ -4,2 +4,1 @@',
    '-    "@instantdb/admin": "^1.0.0",',
    '-    "@instantdb/react": "^1.0.0",',
    `+    "triplane": "^${ownVersion}",`,
    'note: set VITE_TRIPLANE_URL to the address of the server where the app is built for users',
    '',
    'Nothing was changed. Add --write to change these files',
  ]);
  for (const [name, text] of Object.entries(vite)) expect(read(folder, name)).toBe(text);
});

test('--write changes the files, and changes nothing the second time', async () => {
  const folder = project(vite);
  await migrate(folder, { write: true });
  expect(read(folder, 'src/db.ts')).toContain(`init({\n  apiURI: import.meta.env.VITE_TRIPLANE_URL ?? 'http://127.0.0.1:4747',\n  appId`);
  expect(JSON.parse(read(folder, 'package.json'))).toEqual({
    name: 'x',
    dependencies: { react: '^19.0.0', triplane: `^${ownVersion}`, vite: '^7.0.0' },
  });
  expect(read(folder, 'node_modules/x/index.js')).toContain('@instantdb/core');
  const copy = join(root, 'copy');
  cpSync(folder, copy, { recursive: true });
  expect(await migrate(folder, { write: true })).toEqual(['Nothing here uses @instantdb/core, @instantdb/react or @instantdb/admin']);
  expect(read(folder, 'src/db.ts')).toBe(read(copy, 'src/db.ts'));
});

test('rewrites require, dynamic imports, re-exports, mocks and types in a Next.js project', async () => {
  const folder = project({
    'package.json': manifest({ '@instantdb/core': '1', '@instantdb/react': '1', next: '16' }),
    'app/db.tsx': `'use client';
import { init } from '@instantdb/react/nextjs';
export * from '@instantdb/core';
const late = () => import('@instantdb/core');
const { id } = require('@instantdb/core');
vi.mock('@instantdb/react', () => ({}));
type User = import('@instantdb/react').User;
export const db = init<typeof schema>({ appId, apiURI: 'https://mine.example' });
export const two = init(options);
`,
  });
  const lines = await migrate(folder, { write: true, url: 'https://sync.example' });
  expect(read(folder, 'app/db.tsx')).toBe(`'use client';
import { init } from 'triplane/nextjs';
export * from 'triplane';
const late = () => import('triplane');
const { id } = require('triplane');
vi.mock('triplane/react', () => ({}));
type User = import('triplane/react').User;
export const db = init<typeof schema>({ appId, apiURI: 'https://mine.example' });
export const two = init(options);
`);
  expect(lines).toContain(
    "note: app/db.tsx:9: init is not called with an object literal: add apiURI: process.env.NEXT_PUBLIC_TRIPLANE_URL ?? 'https://sync.example' to its options",
  );
  expect(JSON.parse(read(folder, 'package.json'))).toEqual({ name: 'x', dependencies: { triplane: `^${ownVersion}`, next: '16' } });
});

test('lists packages without a replacement, and places that name the old host', async () => {
  const folder = project({
    'package.json': manifest({ '@instantdb/react-native': '1', expo: '54' }),
    'db.js': `import { init } from '@instantdb/react-native';\nfetch('https://api.instantdb.com/runtime/x');\nimport x from '@instantdb/unheard-of';\n`,
  });
  const lines = await migrate(folder);
  expect(lines).toEqual([
    'Nothing here uses @instantdb/core, @instantdb/react or @instantdb/admin',
    'note: db.js:1: @instantdb/react-native: there is no React Native entry yet: keep it, and give its init apiURI and websocketURI',
    'note: db.js:3: @instantdb/unheard-of: there is nothing here that takes its place',
    'note: db.js:2: https://api.instantdb.com is the address of the old host',
  ]);
});

const url = "'http://127.0.0.1:4747'";

/** What becomes of a file of a project without a bundler. */
async function migrated(
  name: string,
  text: string,
  others: Readonly<Record<string, string>> = {},
): Promise<{ text: string; notes: string[] }> {
  const folder = project({ 'package.json': manifest({ '@instantdb/core': '1' }), [name]: text, ...others });
  const lines = await migrate(folder, { write: true });
  return { text: read(folder, name), notes: lines.filter((line) => line.startsWith(`note: ${name}`)) };
}

test.each<readonly [what: string, name: string, before: string, after: string]>([
  [
    'a namespace import',
    'a.ts',
    `import * as instant from '@instantdb/core';\nexport const db = instant.init({ appId });\nother.init({ appId });\n`,
    `import * as instant from 'triplane';\nexport const db = instant.init({ apiURI: ${url}, appId });\nother.init({ appId });\n`,
  ],
  [
    'init by another name, and an init of another module',
    'a.ts',
    `import { i, init as start } from '@instantdb/react'\nimport { init } from './own'\ninit({ a: 1 })\nconst db = start({ appId })\n`,
    `import { i, init as start } from 'triplane/react'\nimport { init } from './own'\ninit({ a: 1 })\nconst db = start({ apiURI: ${url}, appId })\n`,
  ],
  [
    'require, destructured and renamed, and of the whole module',
    'a.cjs',
    `const { init: start, id } = require("@instantdb/core");\nconst admin = require('@instantdb/admin');\nstart({});\nadmin.init({ appId });\n`,
    `const { init: start, id } = require("triplane");\nconst admin = require('triplane/admin');\nstart({ apiURI: ${url} });\nadmin.init({ apiURI: process.env.TRIPLANE_URL ?? ${url}, appId });\n`,
  ],
  [
    'dynamic imports',
    'a.mts',
    `const { init } = await import('@instantdb/core');\ninit({ appId });\nimport('@instantdb/admin').then(({ init: start }) => start({ appId }));\n`,
    `const { init } = await import('triplane');\ninit({ apiURI: ${url}, appId });\nimport('triplane/admin').then(({ init: start }) => start({ apiURI: process.env.TRIPLANE_URL ?? ${url}, appId }));\n`,
  ],
  [
    'types only',
    'a.ts',
    `import type { InstaQLEntity, init } from '@instantdb/react';\nimport { type init as Init } from '@instantdb/core';\ntype Db = ReturnType<typeof import('@instantdb/core').init>;\nfunction init(options: {}) {}\ninit({ a: 1 });\n`,
    `import type { InstaQLEntity, init } from 'triplane/react';\nimport { type init as Init } from 'triplane';\ntype Db = ReturnType<typeof import('triplane').init>;\nfunction init(options: {}) {}\ninit({ a: 1 });\n`,
  ],
  [
    'an init over several lines, with comments and braces in strings',
    'a.ts',
    `import { init } from '@instantdb/core';\nconst db = init<Schema<(a: string) => void>>(\n  // the options {\n  {\n\tappId: '}', // apiURI is for later\n\tschema: { a: \`\${'}'}\` },\n  },\n);\n`,
    `import { init } from 'triplane';\nconst db = init<Schema<(a: string) => void>>(\n  // the options {\n  {\n\tapiURI: ${url},\n\tappId: '}', // apiURI is for later\n\tschema: { a: \`\${'}'}\` },\n  },\n);\n`,
  ],
  [
    'Windows line endings, and an existing apiURI',
    'a.js',
    `import { init } from '@instantdb/core';\r\ninit({\r\n  appId,\r\n});\r\ninit({ appId, apiURI: mine });\r\n`,
    `import { init } from 'triplane';\r\ninit({\r\n  apiURI: ${url},\r\n  appId,\r\n});\r\ninit({ appId, apiURI: mine });\r\n`,
  ],
  [
    'comments, strings, templates and patterns that merely mention it',
    'a.tsx',
    `// import { init } from '@instantdb/core';\n/* init({ */\nconst a = "import { init } from '@instantdb/core'";\nconst b = \`require('@instantdb/core') \${init({})}\`;\nconst c = /from '@instantdb\\/core'/;\nexport const d = <p title="it's">don't use '@instantdb/core' / it's old</p>;\n`,
    `// import { init } from '@instantdb/core';\n/* init({ */\nconst a = "import { init } from '@instantdb/core'";\nconst b = \`require('@instantdb/core') \${init({})}\`;\nconst c = /from '@instantdb\\/core'/;\nexport const d = <p title="it's">don't use '@instantdb/core' / it's old</p>;\n`,
  ],
  [
    'types in comments, declarations, mocks of several runners',
    'a.js',
    `/** @type {import('@instantdb/core').User} */\ndeclare module '@instantdb/react' {}\njest.doMock('@instantdb/core');\nawait vi.importActual<typeof import('@instantdb/core')>('@instantdb/core');\nrequire.resolve('@instantdb/admin');\n`,
    `/** @type {import('triplane').User} */\ndeclare module 'triplane/react' {}\njest.doMock('triplane');\nawait vi.importActual<typeof import('triplane')>('triplane');\nrequire.resolve('triplane/admin');\n`,
  ],
  [
    'the scripts of a component, but not its text',
    'a.vue',
    `<template><p>it's from '@instantdb/core': init({})</p></template>\n<script setup lang="ts">\nimport { init } from '@instantdb/core';\nconst db = init({ appId });\n</script>\n`,
    `<template><p>it's from '@instantdb/core': init({})</p></template>\n<script setup lang="ts">\nimport { init } from 'triplane';\nconst db = init({ apiURI: ${url}, appId });\n</script>\n`,
  ],
])('%s', async (_what, name, before, after) => {
  const { text, notes } = await migrated(name, before);
  expect(text).toBe(after);
  expect(notes).toEqual([]);
});

test('follows an init that the project re-exports: directly, from a folder, by an alias, through two files', async () => {
  const others = {
    'src/lib/instant/index.ts': `export { init, id } from '@instantdb/react';\n`,
    'src/lib/again.ts': `import { init } from './instant';\nexport { init as start };\n`,
    'src/direct.ts': `import { init } from './lib/instant';\nexport const db = init({ appId });\n`,
    'src/alias.ts': `import { init } from '@/lib/instant';\nexport const db = init({ appId });\n`,
    'src/unrelated.ts': `import { init } from './lib/other';\nexport const db = init({ appId });\n`,
  };
  const folder = project({ 'package.json': manifest({ '@instantdb/react': '1', vite: '7' }), ...others });
  await migrate(folder, { write: true });
  const address = `apiURI: import.meta.env.VITE_TRIPLANE_URL ?? ${url}`;
  expect(read(folder, 'src/lib/instant/index.ts')).toBe(`export { init, id } from 'triplane/react';\n`);
  expect(read(folder, 'src/direct.ts')).toContain(`init({ ${address}, appId })`);
  expect(read(folder, 'src/alias.ts')).toContain(`init({ ${address}, appId })`);
  expect(read(folder, 'src/unrelated.ts')).toBe(others['src/unrelated.ts']);
});

test('changes each package of a workspace with its own manifest and its own variable', async () => {
  const source = `import { init } from '@instantdb/react';\nexport const db = init({ appId });\n`;
  const folder = project({
    'package.json': manifest({}),
    'apps/web/package.json': manifest({ '@instantdb/react': '1', next: '16' }),
    'apps/web/db.ts': source,
    'apps/phone/package.json': manifest({ '@instantdb/react': '1', expo: '54' }),
    'apps/phone/db.ts': source,
  });
  const lines = await migrate(folder, { write: true });
  expect(read(folder, 'apps/web/db.ts')).toContain('process.env.NEXT_PUBLIC_TRIPLANE_URL');
  expect(read(folder, 'apps/phone/db.ts')).toContain('process.env.EXPO_PUBLIC_TRIPLANE_URL');
  expect(read(folder, 'apps/phone/package.json')).toContain(`"triplane": "^${ownVersion}"`);
  expect(lines.filter((line) => line.startsWith('note: set ')).map((line) => line.split(' ')[2])).toEqual([
    'EXPO_PUBLIC_TRIPLANE_URL',
    'NEXT_PUBLIC_TRIPLANE_URL',
  ]);
});
