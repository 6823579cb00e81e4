// The official entry for Next.js against ours: every name it exports, and every prop of its provider.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import * as ours from '../../src/nextjs/index.ts';

const theirs = join(import.meta.dirname, '../../node_modules/@instantdb/react/dist/esm/next-ssr/index.d.ts');

test('our exports are the official names', () => {
  const text = readFileSync(theirs, 'utf8');
  const lists = [...text.matchAll(/export \{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(',').map((name) => name.trim()));
  const functions = [...text.matchAll(/export declare function (\w+)/g)].map(([, name]) => name);
  const names = [...lists, ...functions].filter(Boolean).sort();
  expect(names).toEqual(Object.keys(ours).sort());
});
