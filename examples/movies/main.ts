// `npm run demo`: a server in memory, the film list in it, two clients that show what they see of each other, and then a page for two
// browser windows. Runs until Ctrl-C. `--once` ends after the two clients; `--port <n>` says where the page is.

import { parseArgs } from 'node:util';

import { id, init, isTriplaneError, memoryStore } from 'triplane';
import { createServer, memory, type TriplaneServer } from 'triplane/server';

import { makeCatalogue, readMovies } from './catalogue.ts';
import { type Client, exchange } from './exchange.ts';
import { SwitchableConnection } from './line.ts';
import { load } from './load.ts';
import { openPage } from './page-server.ts';
import { schema } from './schema.ts';
import { bar, bold, dim, printFact, red, print } from './terminal.ts';

/** Functions that end everything that was started, in reverse order. */
const endings: (() => unknown)[] = [];

async function end(): Promise<void> {
  for (const close of endings.splice(0).reverse()) await close();
}

function enter(name: string, { appId, apiURI, websocketURI }: TriplaneServer): Client {
  const line = new SwitchableConnection();
  const db = init({ appId, apiURI, websocketURI, schema, ...line.ports, storage: memoryStore(), onError: complain });
  endings.push(() => db.shutdown());
  return { name, db, connection: line };
}

/** A scene of its own shows the lost connection. */
function complain(error: Error): void {
  if (!isTriplaneError(error) || error.code !== 'unreachable') print(red(error.message));
}

async function run({ once, port }: Options): Promise<void> {
  print();
  print(`${bold('Triplane')}: 3,201 films, a server, and those who look at them`);
  print();
  const server = await createServer({ storage: memory() });
  endings.push(() => server.close());
  // First of all, so that a port in use is reported at once.
  const page = once ? undefined : await openPage(server, port);
  if (page) endings.push(() => page.close());
  printFact('server', `${server.websocketURI} ${dim('in this process, in memory')}`);

  const catalogue = makeCatalogue(await readMovies(), id);
  const [ana, bea] = [enter('Ana', server), enter('Bea', server)];
  await load(ana.db, catalogue, bar('loading'));
  const { directors, distributors, genres, mended } = catalogue;
  printFact('', dim(`${directors.length} directors, ${distributors.length} distributors, ${genres.length} genres`));
  printFact('', dim(`${[...mended.values()].flat().length} faults of the list mended: examples/movies/README.md`));
  await exchange(ana, bea);
  if (!page) return;
  print(`Now you: open ${bold(page.url)} in two windows, side by side. ${dim('Ctrl-C ends all of it.')}`);
  print();
  await new Promise<void>((stop) => endings.push(stop));
}

interface Options {
  readonly once: boolean;
  readonly port: number;
}

function readOptions(): Options {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes a number up to 65535, not '${values.port}'`);
  return { once: values.once, port };
}

let isStopping = false;

function stop(): void {
  if (isStopping) process.exit(0);
  isStopping = true;
  print();
  void end().then(() => process.exit(0));
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
// In a terminal Ctrl-C is read as a key: as a signal it would also end the shell that npm runs this in, and npm with an error.
if (process.stdin.isTTY) {
  process.stdin.setRawMode(true);
  process.stdin.on('data', (keys) => keys.includes('\x03') && stop());
  process.stdin.unref();
}

try {
  await run(readOptions());
} catch (error) {
  if (!isStopping) {
    process.exitCode = 1;
    process.stderr.write(`\n  ${red('The demo stopped:')} ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
if (!isStopping) await end();
