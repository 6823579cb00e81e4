// Loads what a project's `instant.schema.ts` or `instant.perms.ts` currently exports. Newer versions of Node read TypeScript themselves;
// for others, the project's own `typescript` strips the types.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTriplaneError, TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { provideImports } from './project-imports.ts';

let loads = 0;

/**
 * Returns the default export. A change of the file is seen at the next call.
 *
 * @throws TriplaneError 'config-invalid' with file and line, if the file cannot be read
 */
export async function loadFile(path: string): Promise<unknown> {
  provideImports();
  const module = await loadModule(path).catch((error: unknown) => {
    if (isTriplaneError(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new TriplaneError('config-invalid', `${basename(path)}${lineIn(path, error)}: ${message}`, { cause: error });
  });
  const exported = defaultOf(module);
  // CommonJS that was written as a module.
  return isObject(exported) && exported.__esModule === true ? defaultOf(exported) : exported;
}

const defaultOf = (module: unknown): unknown =>
  typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;

async function loadModule(path: string): Promise<unknown> {
  try {
    return (await import(`${pathToFileURL(path).href}?v=${++loads}`)) as unknown;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    return loadStripped(path);
  }
}

/** The location in the file, as `:line`, if the stack shows it. */
function lineIn(path: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const places = [...stack.matchAll(/([\w.-]+)(?:\?v=\d+)?:(\d+)/g)];
  const own = places.find(([, file = '']) => file === basename(path) || file.startsWith(`.${basename(path)}.`));
  return own ? `:${own[2]}` : '';
}

/** Written beside the file, so that its imports resolve. */
async function loadStripped(path: string): Promise<unknown> {
  const outputText = stripperFor(path)(await readFile(path, 'utf8'));
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.${++loads}.${path.endsWith('.cts') ? 'cjs' : 'mjs'}`);
  await writeFile(beside, outputText);
  try {
    return await withSourceMaps(async () => (await import(pathToFileURL(beside).href)) as unknown);
  } finally {
    await rm(beside, { force: true });
  }
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

/** The tool that strips types. @throws TriplaneError 'config-invalid' for invalid TypeScript */
type Strip = (source: string) => string;

interface TypeScript {
  transpileModule(
    source: string,
    options: object,
  ): {
    readonly outputText: string;
    readonly diagnostics?: readonly { readonly start?: number; readonly messageText: string | { readonly messageText: string } }[];
  };
}

interface Esbuild {
  transformSync(source: string, options: object): { readonly code: string };
}

/** From a package of the project: `typescript`, or `esbuild`, which Vite includes. */
function stripperFor(path: string): Strip {
  const require = createRequire(path);
  const makers: readonly (() => Strip)[] = [
    () => stripWithTypeScript(require('typescript') as TypeScript, path),
    () => stripWithEsbuild(require('esbuild') as Esbuild, path),
  ];
  for (const make of makers) {
    try {
      return make();
    } catch {
      // Try the next one.
    }
  }
  throw new TriplaneError(
    'dependency-missing',
    `WARNING: the files of this project are not applied, neither schema nor rules. Reading ${basename(path)} needs Node 22.18 or later, or the package typescript. Run: npm install -D typescript`,
  );
}

function stripWithTypeScript(typescript: TypeScript, path: string): Strip {
  return (source) => {
    const module = path.endsWith('.cts') ? 'commonjs' : 'esnext';
    const compilerOptions = { module, target: 'es2022', verbatimModuleSyntax: false, inlineSourceMap: true };
    const options = { compilerOptions, fileName: basename(path), reportDiagnostics: true };
    const { outputText, diagnostics = [] } = typescript.transpileModule(source, options);
    const [first] = diagnostics;
    if (!first) return outputText;
    const { start = 0, messageText } = first;
    const message = typeof messageText === 'string' ? messageText : messageText.messageText;
    throw invalidFile(path, source.slice(0, start).split('\n').length, message);
  };
}

function stripWithEsbuild(esbuild: Esbuild, path: string): Strip {
  return (source) => {
    try {
      const format = path.endsWith('.cts') ? 'cjs' : 'esm';
      const map = { sourcemap: 'inline', sourcefile: basename(path) };
      return esbuild.transformSync(source, { loader: 'ts', format, target: 'es2022', logLevel: 'silent', ...map }).code;
    } catch (error) {
      const [first] =
        (error as { errors?: readonly { readonly text: string; readonly location?: { readonly line: number } | null }[] }).errors ?? [];
      if (!first) throw error;
      throw invalidFile(path, first.location?.line ?? 1, first.text);
    }
  };
}

const invalidFile = (path: string, line: number, message: string): TriplaneError =>
  new TriplaneError('config-invalid', `${basename(path)}:${line}: ${message}`);
