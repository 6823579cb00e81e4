// A program that opens, writes and closes ends by itself, and holds nothing that would keep it: on Node, at a real server.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';

const appId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';
const root = join(import.meta.dirname, '../..');

let server: TriplaneServer;
let folder: string;

beforeAll(async () => {
  server = await createServer({ port: 0, appId, storage: memory() });
  // Inside the project, so that the program finds the packages it uses.
  folder = mkdtempSync(join(root, 'node_modules/.close-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

/** What a program says. Rejects if it does not end by itself. */
async function run(name: string, body: string): Promise<Record<string, unknown>> {
  const source = `
    import { init, id } from '${root}/src/index.ts';
    // What Node has closed is gone in its next turn; and standard output is there from the first word on.
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    // A module that is being read needs no closing.
    const held = async () => { await turn(); return process.getActiveResourcesInfo().filter((name) => !/^(FSReq|CloseReq)/.test(name)).sort(); };
    console.log('{}');
    const before = await held();
    const config = { appId: '${appId}', apiURI: '${server.apiURI}' };
    ${body}
    console.log(JSON.stringify({ before, after: await held(), ...said }));
  `;
  const file = join(folder, `${name}.mjs`);
  const bundle = await build({ stdin: { contents: source, resolveDir: root, loader: 'ts' }, bundle: true, format: 'esm', platform: 'node', packages: 'external', target: 'node20', write: false }); // prettier-ignore
  writeFileSync(file, bundle.outputFiles[0]?.text ?? '');
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return Object.assign(
    {},
    ...stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ) as Record<string, unknown>;
}

const programs: readonly (readonly [name: string, body: string])[] = [
  [
    'writes',
    `const db = init(config); await db.transact(db.tx.goals[id()].create({ title: 'Swim' })).settled; await db.close(); const said = {};`,
  ],
  ['using', `{ await using db = init(config); await db.transact(db.tx.goals[id()].create({ title: 'Run' })).settled; } const said = {};`],
  [
    'asks',
    `const db = init(config); db.subscribeQuery({ goals: {} }, () => {}); const { data } = await db.queryOnce({ goals: {} });
     const waits = db.queryOnce({ todos: {} }).catch(({ code }) => code); await db.close(); const said = { count: data.goals.length, code: await waits };`,
  ],
  [
    'unreachable',
    `const db = init({ ...config, apiURI: 'http://127.0.0.1:9', onError: () => {} }); const { status } = await db.transact(db.tx.goals[id()].create({ title: 'Swim' }));
     await db.close(); const said = { status };`,
  ],
  ['connecting', `const db = init(config); await new Promise((resolve) => setImmediate(resolve)); await db.close(); const said = {};`],
];

test.each(programs)('a Node program exits by itself after closing the database: %s', { timeout: 60_000 }, async (name, body) => {
  const said = await run(name, body);
  expect(said['after']).toEqual(said['before']);
  if (name === 'asks') expect(said).toMatchObject({ count: 2, code: 'closed' });
  if (name === 'unreachable') expect(said).toMatchObject({ status: 'enqueued' });
});
