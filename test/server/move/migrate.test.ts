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

test('--write changes the files, once', async () => {
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

test('Next.js, require, dynamic imports, re-exports, mocks and types', async () => {
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

test('says what is missing, and where the old host is named', async () => {
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
