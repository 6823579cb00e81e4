// What a project's `instant.schema.ts` or `instant.perms.ts` exports, as it is now. Newer versions of Node read TypeScript by
// themselves; for the others the project's own `typescript` takes the types out.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTriplaneError, TriplaneError } from '../../errors.ts';
import { provideImports } from './project-imports.ts';

let loads = 0;

/**
 * The default export. A change of the file is seen at the next call.
 *
 * @throws TriplaneError 'config-invalid' that names file and line, if the file cannot be read
 */
export async function loadFile(path: string): Promise<unknown> {
  provideImports();
  const module = await loadModule(path).catch((error: unknown) => {
    if (isTriplaneError(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new TriplaneError('config-invalid', `${basename(path)}${lineIn(path, error)}: ${message}`, { cause: error });
  });
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
}

async function loadModule(path: string): Promise<unknown> {
  try {
    return (await import(`${pathToFileURL(path).href}?v=${++loads}`)) as unknown;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    return loadStripped(path);
  }
}

/** Where in the file, as `:line`, if its stack tells. */
function lineIn(path: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const places = [...stack.matchAll(/([\w.-]+)(?:\?v=\d+)?:(\d+)/g)];
  const own = places.find(([, file = '']) => file === basename(path) || file.startsWith(`.${basename(path)}.`));
  return own ? `:${own[2]}` : '';
}

interface TypeScript {
  transpileModule(source: string, options: object): { readonly outputText: string };
}

/** Beside the file, so that what it imports is found. */
async function loadStripped(path: string): Promise<unknown> {
  const { outputText } = typescriptOf(path).transpileModule(await readFile(path, 'utf8'), {
    compilerOptions: { module: 'esnext', target: 'es2022', verbatimModuleSyntax: false },
  });
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.${++loads}.mjs`);
  await writeFile(beside, outputText);
  try {
    return (await import(pathToFileURL(beside).href)) as unknown;
  } finally {
    await rm(beside, { force: true });
  }
}

function typescriptOf(path: string): TypeScript {
  try {
    return createRequire(path)('typescript') as TypeScript;
  } catch (cause) {
    const message = `Reading ${basename(path)} needs Node 22.18 or later, or the package typescript. Run: npm install -D typescript`;
    throw new TriplaneError('dependency-missing', message, { cause });
  }
}
