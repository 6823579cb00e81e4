// Loads what a project's `instant.schema.ts` or `instant.perms.ts` currently exports. Newer versions of Node read TypeScript themselves;
// for others, a package of the project removes the types.

import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { forgetRequired, provideImports } from './project-imports.ts';
import { thrownText } from './thrown-text.ts';

let loads = 0;

/**
 * Returns the default export. A change of the file, or of one that it imports by a relative path, is seen at the next call.
 *
 * @throws TriplaneError 'config-invalid' with file and line if a file cannot be read, or 'dependency-missing'
 */
export async function loadFile(path: string): Promise<unknown> {
  provideImports();
  forgetRequired();
  const module = await withSourceMaps(async () => (await import(`${pathToFileURL(path).href}?v=${++loads}`)) as unknown).catch(
    (error: unknown) => {
      throw faultOf(path, error);
    },
  );
  const exported = defaultOf(module);
  // CommonJS that was written as a module.
  return isObject(exported) && exported.__esModule === true ? defaultOf(exported) : exported;
}

const defaultOf = (module: unknown): unknown =>
  typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;

/** What the hooks of the imports throw has a code; everything else is thrown by the files. */
function faultOf(path: string, cause: unknown): TriplaneError {
  const message = thrownText(cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'config-invalid') return new TriplaneError(code, message, { cause });
  if (code !== 'dependency-missing') return new TriplaneError('config-invalid', `${placeOf(path, cause)}: ${message}`, { cause });
  const warning = `WARNING: the files of this project are not applied, neither schema nor rules. Reading ${message} needs Node 22.18 or later, or the package typescript. Run: npm install -D typescript`;
  return new TriplaneError(code, warning, { cause });
}

const ownFolder = dirname(fileURLToPath(import.meta.url));

/** The file and line that threw, if the stack shows a file of the project; else the file that was loaded. */
function placeOf(path: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const places = [...stack.matchAll(/((?:file:\/\/)?\/[^\s:()?]+\.[mc]?[jt]s)(?:\?v=\d+)?:(\d+)/g)];
  const isOwn = (file: string): boolean => dirname(file).replace('file://', '') === ownFolder || file.includes('/node_modules/');
  const [, file, line] = places.find(([, each = '']) => !isOwn(each)) ?? [];
  return file === undefined ? basename(path) : `${basename(file)}:${line}`;
}

/** Errors name the lines of the file rather than those that are left of it. */
async function withSourceMaps<T>(run: () => Promise<T>): Promise<T> {
  const { sourceMapsEnabled } = process as { readonly sourceMapsEnabled?: boolean };
  process.setSourceMapsEnabled(true);
  try {
    return await run();
  } catch (error) {
    // The stack is made when it is first read.
    if (error instanceof Error) void error.stack;
    throw error;
  } finally {
    process.setSourceMapsEnabled(sourceMapsEnabled ?? false);
  }
}
