// docs/admin.md: every snippet runs against the embedded server, in the order of the page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

import * as admin from '../../src/admin/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';

const page = readFileSync(new URL('../../docs/admin.md', import.meta.url), 'utf8');
const snippets = page
  .split(/^## /m)
  .flatMap((part) => [...part.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => [part.split('\n')[0] ?? '', code] as const));

const schema = admin.i.schema({
  entities: {
    goals: admin.i.entity({ title: admin.i.string() }),
    todos: admin.i.entity({ text: admin.i.string() }),
    people: admin.i.entity({ email: admin.i.string().unique().indexed(), name: admin.i.string().optional() }),
  },
  links: { goalTodos: { forward: { on: 'todos', has: 'one', label: 'goal' }, reverse: { on: 'goals', has: 'many', label: 'todos' } } },
});

let server: TriplaneServer;
beforeAll(async () => {
  // The page's receivers are not there.
  server = await createServer({ schema, allowPrivateAddresses: true });
});
afterAll(() => server.close());

test('the page has snippets', () => {
  expect(snippets.length).toBeGreaterThan(11);
});

test.each(snippets)('%s', async (_title, code) => {
  const db = admin.init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
  const names = { ...admin, db, assert };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the page is ours
  const run = new Function(...Object.keys(names), `return (async () => {${outputText}\n})()`) as (...values: unknown[]) => Promise<void>;
  await run(...Object.values(names));
  await db.close();
});
