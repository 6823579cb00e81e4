// The official MCP server, unmodified, as an agent has it: over stdio, through every tool, against a server of ours. Most tools answer with a
// command for the official command line tool, which is then run.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { installTimeout, npmPackage } from '../support/npm-package.ts';
import { type InstantCli, instantCli, schemaWith } from './instant-cli-runs.ts';

const timeout = 120_000;
const id = '00000000-0000-4000-8000-000000000001';

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
}

/** As much of the SDK's client as is used here. */
interface Client {
  connect(transport: object): Promise<void>;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { readonly name: string; readonly arguments: object }): Promise<Answer>;
  close(): Promise<void>;
}

interface Sdk {
  readonly Client: new (info: { readonly name: string; readonly version: string }) => Client;
  readonly StdioClientTransport: new (options: object) => object;
}

let server: TriplaneServer;
let cli: InstantCli;
let installed: string;
let sdk: Sdk;

beforeAll(async () => {
  installed = await npmPackage('@instantdb/mcp', '1.0.67');
  sdk = await loadSdk(installed);
  server = await createServer();
  cli = await instantCli(server.url);
}, installTimeout);
afterAll(() => server.close());

/** The SDK that the MCP server itself depends on. */
async function loadSdk(folder: string): Promise<Sdk> {
  const require = createRequire(join(folder, 'node_modules/@instantdb/mcp/dist/index.js'));
  const load = async (part: string): Promise<object> =>
    (await import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/client/${part}.js`)).href)) as object;
  return { ...(await load('index')), ...(await load('stdio')) } as Sdk;
}

/** Runs `use` as a client of an MCP server that has the token. */
async function asAgent<Value>(token: string, use: (client: Client) => Promise<Value>): Promise<Value> {
  const client = new sdk.Client({ name: 'triplane-test', version: '1.0.0' });
  await client.connect(
    new sdk.StdioClientTransport({
      command: process.execPath,
      args: [join(installed, 'node_modules/@instantdb/mcp/dist/index.js'), '--token', token],
      env: { INSTANT_API_URL: server.url },
      cwd: installed,
      stderr: 'ignore',
    }),
  );
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const ask = (token: string, name: string, args: object): Promise<Answer> =>
  asAgent(token, (client) => client.callTool({ name, arguments: { appId: server.appId, ...args } }));

const textOf = ({ content }: Answer): string => content.map(({ text }) => text).join('\n');

/** Runs the last command that a tool tells the agent to run. */
async function runAdvised(name: string): Promise<void> {
  const commands = [...textOf(await ask(server.operatorToken, name, {})).matchAll(/npx instant-cli (.*)/g)];
  const [, given = ''] = commands.find(([line]) => !line.includes('--rename')) ?? [];
  const ended = await cli.run(given.trim().split(' '), server.operatorToken);
  expect(ended, ended.out).toMatchObject({ code: 0 });
}

test('every tool of the MCP server is tried here', { timeout }, async () => {
  const { tools } = await asAgent(server.operatorToken, (client) => client.listTools());
  const names = ['learn', 'get-schema', 'get-perms', 'push-schema', 'push-perms', 'query', 'transact'];
  expect(tools.map(({ name }) => name)).toEqual(names);
  expect(textOf(await ask(server.operatorToken, 'learn', {}))).toContain('AGENTS.md');
});

test('the commands for schema and rules work as they are given', { timeout }, async () => {
  const [schema, perms] = [join(cli.folder, 'instant.schema.ts'), join(cli.folder, 'instant.perms.ts')];
  await writeFile(schema, schemaWith('title: i.string().indexed()'));
  await writeFile(perms, "export default { todos: { allow: { view: 'true' } } };");
  await runAdvised('push-schema');
  await runAdvised('push-perms');
  await Promise.all([rm(schema), rm(perms)]);
  await runAdvised('get-schema');
  await runAdvised('get-perms');
  expect(await readFile(schema, 'utf8')).toContain('title: i.string().indexed()');
  expect(await readFile(perms, 'utf8')).toContain('todos');
});

test.each(['operatorToken', 'adminToken'] as const)('transact and query with the %s', { timeout }, async (which) => {
  const { [which]: token } = server;
  const steps = [['update', 'todos', id, { title: which }]];
  const written = await ask(token, 'transact', { steps });
  expect(JSON.parse(textOf(written))).toEqual({ 'tx-id': expect.any(Number) as number });
  const read = await ask(token, 'query', { query: { todos: { $: { where: { title: which } } } } });
  expect(JSON.parse(textOf(read))).toEqual({ todos: [{ id, title: which }] });
});

test('refusals reach the agent with their type', { timeout }, async () => {
  const answers = await Promise.all([
    ask(server.operatorToken, 'query', { query: { todos: { $: { limit: 'many' } } } }),
    ask(server.operatorToken, 'transact', { steps: [['fly', 'todos', id, {}]] }),
    ask(crypto.randomUUID(), 'query', { query: { todos: {} } }),
  ]);
  const types = ['validation-failed', 'validation-failed', 'record-not-found'];
  expect(answers.map(({ isError }) => isError)).toEqual([true, true, true]);
  answers.forEach((answer, at) => expect(textOf(answer)).toContain(`"type":"${types[at]}"`));
});
