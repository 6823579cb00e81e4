// A server component may import `triplane/react` for its schema or an id: what needs a page stands in a file that says so.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from '../support/packed.ts';

const built = (name: string): string => readFileSync(join(root, 'dist', name), 'utf8');

test.each(['js', 'cjs'])('the hooks are for the browser, and only they (.%s)', (end) => {
  expect(built(`part-react.${end}`)).toMatch(/^'use client';\n/);
  expect(built(`react.${end}`)).not.toContain('use client');
  expect(built(`react.${end}`)).toContain(`./part-react.${end}`);
  expect(built(`react.${end}`)).not.toMatch(/from ["']react["']|require\(["']react["']\)/);
});
