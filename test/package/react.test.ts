// A server component may import `triplane/react` or `triplane/nextjs` for its schema or an id: what needs a page stands in a file that says so.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from '../support/packed.ts';

const built = (name: string): string => readFileSync(join(root, 'dist', name), 'utf8');

test.each([
  ['react', 'js'],
  ['react', 'cjs'],
  ['nextjs', 'js'],
  ['nextjs', 'cjs'],
])('only the hooks are client modules (%s.%s)', (entry, end) => {
  expect(built(`part-${entry}.${end}`)).toMatch(/^'use client';\n/);
  expect(built(`${entry}.${end}`)).not.toMatch(/^['"]use client['"]/m);
  expect(built(`${entry}.${end}`)).toContain(`./part-${entry}.${end}`);
  expect(built(`${entry}.${end}`)).not.toMatch(/from ["']react["']|require\(["']react["']\)/);
});
