// What a project's `instant.schema.ts` or `instant.perms.ts` exports, as it is now. Newer versions of Node read TypeScript by
// themselves; for the others the project's own `typescript` takes the types out.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TriplaneError } from '../../errors.ts';

let loads = 0;

/** The default export. A change of the file is seen at the next call. */
export async function loadFile(path: string): Promise<unknown> {
  const module = await loadModule(path);
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
