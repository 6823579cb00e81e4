// `triplane push`, `triplane pull`, and the file watcher of `triplane dev`.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTriplaneError, TriplaneError } from '../../errors.ts';
import { isUuid } from '../../lib/uuid.ts';
import { isObject } from '../../lib/json.ts';
import { pathFor, readProject, rulesFile, schemaFile, watchProject } from './project-files.ts';
import { pull, push, type Target } from './project-push.ts';
import { receiptsHint, withReceipts } from './project-receipts.ts';
import type { ProjectEnv } from './project-env.ts';
import { rulesText, schemaText } from './project-write.ts';

type Print = (line: string) => void;

/** Pushes the files' content now and after every change. Returns a function that stops it. */
export async function pushOnChange(target: Target, folder: string, print: Print, printError: Print): Promise<() => void> {
  let running: Promise<void> = Promise.resolve();
  const once = async (): Promise<void> => {
    try {
      for (const line of await push(target, await readProject(folder))) print(line);
    } catch (error) {
      printError(isTriplaneError(error) ? error.message : String(error));
    }
  };
  await once();
  return watchProject(folder, () => {
    running = running.then(once);
  });
}

/** @param receipts whether the namespace and the rule for receipts are pushed as well */
export async function pushProject(target: Target, folder: string, print: Print, receipts = false): Promise<void> {
  const project = await readProject(folder);
  const files = receipts ? await withReceipts(target, project) : project;
  if (files.schema === undefined && files.rules === undefined) {
    throw new TriplaneError('config-invalid', `Found neither ${schemaFile} nor ${rulesFile} in ${folder}`);
  }
  const changes = await push(target, files);
  const hint = receiptsHint(files);
  for (const line of [...(changes.length > 0 ? changes : ['No changes']), ...(hint ? [hint] : [])]) print(line);
}

export async function pullProject(target: Target, folder: string, print: Print): Promise<void> {
  const { attrs, rules } = await pull(target);
  for (const [name, text] of [
    [schemaFile, schemaText(attrs, await packageIn(folder))],
    [rulesFile, rulesText(rules)],
  ] as const) {
    const path = pathFor(name, folder);
    await writeFile(path, text);
    print(`Written: ${path}`);
  }
}

/** The package the project imports `i` from; Triplane by default. */
async function packageIn(folder: string): Promise<string> {
  const manifest = await readJson(join(folder, 'package.json'));
  const used = { ...Object(manifest.dependencies), ...Object(manifest.devDependencies) } as object;
  const known = ['triplane', '@instantdb/react', '@instantdb/core', '@instantdb/admin'];
  return known.find((name) => Object.hasOwn(used, name)) ?? 'triplane';
}

export interface TargetFlags {
  readonly url?: string | undefined;
  readonly 'app-id'?: string | undefined;
  readonly 'admin-token'?: string | undefined;
  readonly 'operator-token'?: string | undefined;
  readonly data?: string | undefined;
}

/** From flags, the environment and `.env`, or the data folder of a server started here. */
export async function targetOf(flags: TargetFlags, env: ProjectEnv, dataFolder: string): Promise<Target> {
  const saved = await readJson(join(flags.data ?? dataFolder, 'server.json'));
  const appId = flags['app-id'] ?? env.INSTANT_APP_ID ?? saved.appId;
  const adminToken = flags['admin-token'] ?? env.INSTANT_APP_ADMIN_TOKEN ?? saved.adminToken;
  const url = flags.url ?? env.INSTANT_CLI_API_URI ?? 'http://127.0.0.1:4747';
  const operatorToken = flags['operator-token'] ?? saved.operatorToken;
  if (isUuid(appId) && isUuid(adminToken)) return { url, appId, adminToken, ...(isUuid(operatorToken) && { operatorToken }) };
  throw new TriplaneError('config-invalid', 'Missing app: pass --app-id and --admin-token, or start triplane dev in this directory first');
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}
