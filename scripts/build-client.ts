// Builds the entry `triplane` as few files, so that a page that is served without a bundler loads few, and a bundler leaves out what a program
// does not use:
//
//   index         re-exports, nothing else
//   part-base     `id` and the errors, which every other entry shares
//   part-core     everything that `init` needs at once
//   part-extras   the other exports of the entry
//   part-<name>   one file per lazily loaded module
//
// Every module with state is in exactly one file. An import of a module that is in another file becomes an import of that file.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';

export interface ClientParts {
  /** Modules of `part-base`; what they import belongs to it too. */
  readonly base: readonly string[];
  /** The module that `part-core` is made of, with what it imports. */
  readonly core: string;
  /** Name → module that is imported dynamically. */
  readonly lazy: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
const index = join(src, 'index.ts');
const formats = [
  { format: 'esm', end: '.js' },
  { format: 'cjs', end: '.cjs' },
] as const;

/** Module → the file that has it, without its ending. */
type Places = Map<string, string>;

/** @param shared options of esbuild for every file */
export async function buildClient({ base, core, lazy }: ClientParts, outDir: string, shared: BuildOptions): Promise<void> {
  const absolute = (paths: readonly string[]): string[] => paths.map((path) => resolve(root, path));
  const lazyFiles = Object.entries(lazy).map(([name, path]) => ({ file: `part-${name}`, path: resolve(root, path) }));
  const places: Places = new Map(lazyFiles.map(({ file, path }) => [path, file]));
  const place = async (file: string, entries: readonly string[]): Promise<void> => {
    for (const path of await modulesOf(entries, shared)) if (path !== index && !places.has(path)) places.set(path, file);
  };
  await place('part-base', absolute(base));
  await place('part-core', absolute([core]));
  await place('part-extras', [index]);

  const files = new Map<string, string>(lazyFiles.map(({ file, path }) => [file, `export * from '${path}';`]));
  files.set('index', readFileSync(index, 'utf8'));
  // Each of these exports what the files before it import from it.
  const imports: string[] = [];
  for (const [file, code] of files) imports.push(...(await importsOf(file, code, places, shared)));
  for (const file of ['part-extras', 'part-core', 'part-base']) {
    const code = exportsFor(file, imports);
    files.set(file, code);
    imports.push(...(await importsOf(file, code, places, shared)));
  }
  for (const [file, code] of files) {
    for (const { format, end } of formats) {
      const text = await bundle(file, code, places, { ...shared, format });
      if (text.includes('./later?')) throw new Error(`${file}: a lazily loaded module is not listed in clientParts`);
      const linked = text.replace(taggedPath, (_path, of: string) => `./${of}${end}`);
      writeFileSync(join(outDir, file + end), format === 'cjs' ? withEagerRequires(linked) : linked);
    }
  }
}

/** The modules of this project that a bundle of these contains. */
async function modulesOf(entryPoints: readonly string[], shared: BuildOptions): Promise<string[]> {
  const options: BuildOptions = { ...shared, absWorkingDir: root, entryPoints: [...entryPoints], outdir: 'out', metafile: true };
  const plugins = [...(shared.plugins ?? []), linkTo('', new Map())];
  const { metafile } = (await build({ ...options, plugins, bundle: true, write: false, format: 'esm' })) as { metafile: Metafile };
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => join(root, path))
    .filter((path) => path.startsWith(src));
}

/** How an import of another file is written until it is known what that file exports: `./part-core?lib/equal.ts`. */
const taggedPath = /\.\/([\w-]+)\?([\w./-]*)/g;

function linkTo(file: string, places: Places): Plugin {
  return {
    name: 'link-parts',
    setup(bundler) {
      bundler.onResolve({ filter: /^[./]/ }, ({ path, resolveDir, kind }) => {
        const module = resolve(resolveDir, path);
        const target = places.get(module);
        if (kind === 'dynamic-import') return { path: `./${target ?? 'later'}?`, external: true };
        if (target === undefined || target === file) return undefined;
        return { path: `./${target}?${relative(src, module)}`, external: true, sideEffects: false };
      });
    },
  };
}

/**
 * In CommonJS the lazily loaded parts are required at the end of the file that uses them. A test runner such as Jest forbids `require` once its
 * test is over, and a program on Node gains nothing by loading later.
 */
function withEagerRequires(text: string): string {
  const required = new Map<string, string>();
  const code = text.replace(
    /Promise\.resolve\(\)\.then\(\(\) => (__toESM\(require\(("[^"]+")\)(?:, 1)?\))\)/g,
    (_call, load: string, path: string) => {
      required.set(path, load);
      return `Promise.resolve(lazyParts[${path}])`;
    },
  );
  const entries = [...required].map(([path, load]) => `  ${path}: ${load},\n`);
  return entries.length === 0 ? text : `${code}var lazyParts = {\n${entries.join('')}};\n`;
}

async function bundle(file: string, code: string, places: Places, shared: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...shared,
    stdin: { contents: code, resolveDir: src, sourcefile: `${file}.ts`, loader: 'ts' },
    bundle: true,
    write: false,
    // `import()` in CommonJS would load modules where the program has none.
    supported: { 'dynamic-import': shared.format === 'esm' },
    plugins: [...(shared.plugins ?? []), linkTo(file, places)],
  });
  return outputFiles?.[0]?.text ?? '';
}

/** What a file imports from others, each as `part-core?lib/equal.ts:structuralShare`. */
async function importsOf(file: string, code: string, places: Places, shared: BuildOptions): Promise<string[]> {
  const text = await bundle(file, code, places, { ...shared, format: 'esm' });
  return [...text.matchAll(/(?:import|export) \{([^}]*)\} from "\.\/([\w-]+\?[^"]*)"/g)].flatMap(([, names = '', from = '']) =>
    names.split(',').map((name) => `${from}:${name.trim().split(' as ')[0] ?? ''}`),
  );
}

/** @throws Error if two modules of the file export the same name */
function exportsFor(file: string, imports: readonly string[]): string {
  const wanted = [...new Set(imports)].filter((each) => each.startsWith(`${file}?`)).map((each) => each.slice(file.length + 1).split(':'));
  const names = wanted.map(([, name]) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new Error(`Two modules of ${file} export '${twice}' to other files: rename one of them`);
  return wanted.map(([module, name]) => `export { ${name} } from './${module}';`).join('\n');
}
