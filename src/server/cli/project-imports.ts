// Hooks of Node for the imports of a project's files. They resolve what Node does not: relative imports without an ending, as bundlers read
// them, and the package that `i` is imported from where it is not installed: `triplane` itself when started by `npx`, or one of `@instantdb/*`
// in a project that is migrating. They read every file again that is imported with a new `?v=`, and remove types where Node does not.

import { existsSync } from 'node:fs';
import Module, { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

const ours = /^(triplane|@instantdb\/[^/]+)(\/.+)?$/;

let isProvided = false;
const imported = new Set<string>();

/** What was read of a project so far. */
export function importedFiles(): string[] {
  return [...imported, ...requiredFiles()];
}

/** Applies to every later import. */
export function provideImports(): void {
  if (isProvided) return;
  isProvided = true;
  const { port1, port2: data } = new MessageChannel();
  port1.on('message', (path: string) => imported.add(path)).unref();
  const text = hooks(entryOf(['./index.js', '../../index.ts']));
  register(`data:text/javascript,${encodeURIComponent(text)}`, { data, transferList: [data] });
  provideRequired(entryOf(['./index.cjs', '../../index.ts']));
}

/** In the package it is next to the command; in the source tree, above it. */
function entryOf(paths: readonly string[]): string | undefined {
  const urls = paths.map((path) => new URL(path, import.meta.url));
  return urls.find((url) => url.protocol === 'file:' && existsSync(fileURLToPath(url)))?.href;
}

/** `require` asks no hook: this is where tools for CommonJS reach in. */
function provideRequired(entry: string | undefined): void {
  const loader = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string };
  const { _resolveFilename: resolve } = loader;
  loader._resolveFilename = (request, ...rest) => {
    try {
      return resolve(request, ...rest);
    } catch (error) {
      if (entry === undefined || !ours.test(request)) throw error;
      return fileURLToPath(entry);
    }
  };
}

const { cache } = createRequire(import.meta.url);
const requiredFiles = (): string[] => Object.keys(cache).filter((path) => !/[\\/]node_modules[\\/]/.test(path));

/** CommonJS is cached by its file, whatever the query. */
export function forgetRequired(): void {
  for (const path of requiredFiles()) {
    imported.add(path);
    delete cache[path];
  }
}

/** The hooks run in another thread and know only their own source text. Installed packages are left alone. */
const hooks = (entry: string | undefined): string => String.raw`
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = ${JSON.stringify(entry ?? null)};
const ours = ${ours};
const isRelative = /^\.\.?\//;
const endings = ['ts', 'tsx', 'mts', 'js', 'jsx', 'mjs', 'cts', 'cjs'].flatMap((ending) => ['.' + ending, '/index.' + ending]);

export async function resolve(specifier, context, next) {
  const found = await located(specifier, context, next);
  const [version] = /\?v=\d+$/.exec(context.parentURL ?? '') ?? [];
  return version && isRelative.test(specifier) && !found.url.includes('?') ? { ...found, url: found.url + version } : found;
}

async function located(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (ours.test(specifier) && entry) return next(entry, context);
    if (isRelative.test(specifier)) {
      const written = [...endings.map((ending) => specifier + ending), specifier.replace(/\.([mc]?)js(x?)$/, '.$1ts$2')];
      for (const each of written) {
        try {
          return await next(each, context);
        } catch {
          // Try the next one.
        }
      }
    }
    throw await withLine(specifier, context.parentURL, error);
  }
}

/** Node names the file that imports what is not found, and not the line. */
async function withLine(specifier, parent, error) {
  if (!/^file:.*\?v=\d+$/.test(parent ?? '')) return error;
  const path = fileURLToPath(parent);
  const lines = (await readFile(path, 'utf8')).split('\n');
  const names = (line) => !/^\s*(import|export)\s+type\b/.test(line) && ['"', "'"].some((quote) => line.includes(quote + specifier + quote));
  const at = lines.findIndex(names) + 1;
  return at > 0 ? invalid(path, at, error.message) : error;
}

let imported;
export function initialize(port) {
  imported = port;
}

export async function load(url, context, next) {
  if (/^file:.*\?v=\d+$/.test(url)) imported.postMessage(fileURLToPath(url));
  try {
    return await next(url, context);
  } catch (error) {
    if (error?.code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !/^file:.*\.([mc]?ts|[tj]sx)\?v=\d+$/.test(url)) throw error;
    const path = fileURLToPath(url);
    return { format: 'module', source: stripped(path, await readFile(path, 'utf8'), path.endsWith('.cts')), shortCircuit: true };
  }
}

/** Without a line break before the program, so that lines stay as they are. */
function asModule(program) {
  const before = "import { createRequire } from 'node:module'; const [module, require] = [{ exports: {} }, createRequire(import.meta.url)]; ";
  return before + '((exports) => { ' + program + '\n})(module.exports); export default module.exports;';
}

/** By a package of the project: typescript, or esbuild, which Vite includes. */
function stripped(path, text, isCommon) {
  const require = createRequire(path);
  for (const [name, strip] of [['typescript', withTypeScript], ['esbuild', withEsbuild]]) {
    let tool;
    try {
      tool = require(name);
    } catch {
      continue;
    }
    const program = strip(tool, path, text, isCommon);
    return isCommon ? asModule(program) : program;
  }
  throw Object.assign(new Error(basename(path)), { code: 'dependency-missing' });
}

function withTypeScript({ transpileModule }, path, text, isCommon) {
  const compilerOptions = { module: isCommon ? 'commonjs' : 'esnext', target: 'es2022', jsx: 'react-jsx', verbatimModuleSyntax: false, inlineSourceMap: true };
  const { outputText, diagnostics: [first] = [] } = transpileModule(text, { compilerOptions, fileName: basename(path), reportDiagnostics: true });
  if (!first) return outputText;
  const { start = 0, messageText } = first;
  throw invalid(path, text.slice(0, start).split('\n').length, typeof messageText === 'string' ? messageText : messageText.messageText);
}

function withEsbuild({ transformSync }, path, text, isCommon) {
  const format = isCommon ? 'cjs' : 'esm';
  const map = { sourcemap: 'inline', sourcefile: basename(path) };
  try {
    return transformSync(text, { loader: /sx$/.test(path) ? 'tsx' : 'ts', format, jsx: 'automatic', target: 'es2022', logLevel: 'silent', ...map }).code;
  } catch (error) {
    const [first] = error.errors ?? [];
    throw first ? invalid(path, first.location?.line ?? 1, first.text) : error;
  }
}

function invalid(path, line, message) {
  return Object.assign(new SyntaxError(basename(path) + ':' + line + ': ' + message), { code: 'config-invalid' });
}
`;
