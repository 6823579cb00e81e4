#!/usr/bin/env node
// The command line `triplane`: parses the arguments and runs the server until it receives a signal.

import { parseArgs } from 'node:util';
import { isTriplaneError } from '../../errors.ts';
import { type Log, silent } from '../../lib/log.ts';
import { ownVersion } from '../../protocol/version.ts';
import { backup } from './backup.ts';
import { defaultFolder, openDataDir, type DataDir } from './data-dir.ts';
import { pushOnChange, targetOf } from './project-commands.ts';
import { exportCommand, importCommand } from './import-command.ts';
import { createProject } from './create-command.ts';
import { envOf, projectCommand, projectHelp, projectOptions } from './project-flags.ts';
import { migrateCommand } from './migrate-command.ts';
import { moveHelp, moveOptions } from './move-flags.ts';
import { thrownText } from './thrown-text.ts';
import { diskFiles } from '../files/disk-files.ts';
import { createServer, type TriplaneServer } from '../server.ts';

const help = `triplane ${ownVersion}

  triplane create <folder>  Write a project to start from: .env, main.ts, instant.schema.ts, instant.perms.ts.
  triplane dev              Run a sync server until Ctrl-C. Applies instant.schema.ts and instant.perms.ts, again whenever they change.
  triplane push [which]     Send the two files to a running server: schema, perms or all. Default: all
  triplane pull [which]     Write the two files from a running server: schema, perms or all. Default: all
  triplane query <query>    Print what a query finds, such as '{ todos: {} }' with --admin, or as somebody else sees it.
  triplane backup <file>    Copy all data except uploaded files to a new file, also while the server runs. Not for PostgreSQL.

  --data <folder>           Data directory. Default: ./.triplane
  --database <url>          Store the data in PostgreSQL. Default: DATABASE_URL, if it is set
  --memory                  Store the data in memory only.
  --port <n>                Port, 0 for any free one. Default: 4747
  --host <name>             Address to listen on. Default: 127.0.0.1
  --app-id <uuid>           App to create at the start. Also -a, --app. Default: *_INSTANT_APP_ID, also in .env; else one per data directory
  --admin-token <uuid>      Token that grants admin access to that app. Default: INSTANT_APP_ADMIN_TOKEN, also in .env; else one per data directory
  --operator-token <uuid>   Token that creates, lists and deletes apps, and reads /metrics. Default: one per data directory
  --trust-proxy <which>     Proxies whose X-Forwarded-For is believed: a number, or addresses and networks separated by commas. Default: none
  --origin <origin>         Web page that may use the server, such as https://app.example.com. May be repeated. Default: all
${projectHelp}
  --accept-tokens-from <url>
                            Check a refresh token that is unknown here there, once. For the time of a move.
  --json                    Print a JSON object as the first line: url, appId, adminToken, operatorToken, data.
  --quiet                   Print errors only.
${moveHelp}
  triplane --help, triplane --version
`;

const options = {
  memory: { type: 'boolean' },
  data: { type: 'string' },
  database: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  'app-id': { type: 'string' },
  app: { type: 'string', short: 'a' },
  'admin-token': { type: 'string' },
  'operator-token': { type: 'string' },
  'trust-proxy': { type: 'string' },
  origin: { type: 'string', multiple: true },
  url: { type: 'string' },
  'accept-tokens-from': { type: 'string' },
  ...moveOptions,
  ...projectOptions,
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Flags = ReturnType<typeof read>['values'];

function read(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

async function main(args: readonly string[]): Promise<number | undefined> {
  const { values: given, positionals } = read(args);
  const values = { ...given, ...(given.app !== undefined && { 'app-id': given['app-id'] ?? given.app }) };
  if (values.version) return print(`${ownVersion}\n`, 0);
  if (values.help || positionals.length === 0) return print(help, 0);
  const [command, argument] = positionals;
  if (positionals.length <= 2 && command === 'migrate') return migrateCommand(argument ?? process.cwd(), values, { print: printLine });
  if (positionals.length <= 2 && (command === 'import' || command === 'export')) {
    const run = command === 'import' ? importCommand : exportCommand;
    return run(argument, values, { print: printLine, log: values.quiet ? errorsOnly : toStderr });
  }
  if (command === 'backup' && argument !== undefined && positionals.length === 2) {
    const target = await targetOf(values, await envOf(values), defaultFolder).catch(() => undefined);
    await backup(argument, { folder: values.data ?? defaultFolder, database: databaseOf(values), target }, printLine);
    return 0;
  }
  if (command === 'create' && argument !== undefined && positionals.length === 2) {
    await createProject(argument, printLine);
    return 0;
  }
  const run = projectCommand(positionals, values, printLine);
  if (run) {
    await run();
    return 0;
  }
  if (positionals.length > 1 || command !== 'dev') return printError(`triplane: unknown command '${positionals.join(' ')}'\n\n${help}`);
  const port = Number(values.port ?? 4747);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return printError(`triplane: invalid port '${values.port}'\n`);
  await serve(values, port);
  return undefined;
}

async function serve(flags: Flags, port: number): Promise<void> {
  const log = flags.quiet ? errorsOnly : toStderr;
  const database = databaseOf(flags);
  const env = await envOf(flags);
  const appId = flags['app-id'] ?? env.INSTANT_APP_ID;
  const adminToken = flags['admin-token'] ?? env.INSTANT_APP_ADMIN_TOKEN;
  const dataDir = await openDataDir({ ...flags, database }, log);
  const server = await createServer({
    ...dataDir.identity,
    storage: dataDir.storage,
    port,
    ...(flags.host !== undefined && { host: flags.host }),
    ...(appId !== undefined && { appId }),
    ...(adminToken !== undefined && { adminToken }),
    ...(flags['accept-tokens-from'] !== undefined && { acceptTokensFrom: flags['accept-tokens-from'] }),
    ...(flags.files !== undefined && { files: diskFiles(flags.files) }),
    ...(flags['operator-token'] !== undefined && { operatorToken: flags['operator-token'] }),
    ...(flags['trust-proxy'] !== undefined && { trustProxy: trustProxyOf(flags['trust-proxy']) }),
    ...(flags.origin && { origins: flags.origin }),
    log,
    showCodes: true,
    limits: { ephemeralApps: 100, ephemeralAppBytes: 1024 ** 3, guestSignIns: 100_000 },
    sendMagicCode: ({ email, code }) => {
      if (!flags.quiet && !flags.json) print(`Magic code for ${email}: ${code}\n`, 0);
    },
  }).catch(async (error: unknown) => {
    await dataDir.storage.close();
    throw error;
  });
  if (!flags.json) greet(server, dataDir, flags);
  const stopWatching = await pushOnChange(server, process.cwd(), flags.quiet || flags.json ? () => {} : printLine, (problem) =>
    printError(`${problem}\n`),
  );
  // The program that reads this line uses the schema at once.
  if (flags.json) greet(server, dataDir, flags);
  const stop = (): void => {
    stopWatching();
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function databaseOf({ database, memory, data }: Flags): string | undefined {
  return database ?? (memory || data !== undefined ? undefined : process.env['DATABASE_URL']);
}

const trustProxyOf = (given: string): number | string => (/^\d+$/.test(given) ? Number(given) : given);

function greet({ url, appId, adminToken, operatorToken }: TriplaneServer, { where }: DataDir, { json, quiet }: Flags): void {
  if (json) return void print(`${JSON.stringify({ url, appId, adminToken, operatorToken, data: where })}\n`, 0);
  if (quiet) return;
  const lines = [
    `Triplane is running at ${url}`,
    `  app id       ${appId}\n  admin token  ${adminToken}`,
    `  const db = init({ appId: '${appId}', apiURI: '${url}' });`,
    `Data is stored ${where}. Press Ctrl-C to stop.`,
  ];
  print(`${lines.join('\n\n')}\n`, 0);
}

const toStderr: Log = { ...silent, warn: writeLog, error: writeLog };
const errorsOnly: Log = { ...silent, error: writeLog };

function writeLog(...parts: readonly unknown[]): void {
  process.stderr.write(`${parts.map((part) => (part instanceof Error ? (part.stack ?? part.message) : String(part))).join(' ')}\n`);
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function printLine(text: string): void {
  print(`${text}\n`, 0);
}

function printError(text: string): number {
  process.stderr.write(text);
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    if (code !== undefined) process.exitCode = code;
  },
  (error: unknown) => {
    const isKnown = isTriplaneError(error) || (error instanceof TypeError && 'code' in error);
    process.exitCode = printError(
      `triplane: ${isKnown ? error.message : error instanceof Error ? String(error.stack) : thrownText(error)}\n`,
    );
  },
);
