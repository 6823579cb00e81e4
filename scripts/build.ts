// `npm run build`: builds what tsup.config.ts declares into an empty dist/, the types from what declarations.ts has made, the entry `triplane`
// with build-client.ts and the CommonJS of the others with build-commonjs.ts, and loads every CommonJS file; then leaves them ASCII, and corrects the
// declarations in two ways. Where an entry exports a class as a type only, tsup's bundled declarations export the class itself, and a program could name a value
// that does not exist.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { clientParts, commandParts, commands, declarations, entries, outputName, shared, webNanoid } from '../tsup.config.ts';
import { buildClient } from './build-client.ts';
import { buildCommonJs, checkCommonJs } from './build-commonjs.ts';
import { writeDeclarations } from './declarations.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** The lists of exports of a declaration file, its own and those of others, each name that is no value marked as a type. */
function withTypesMarked(text: string, values: ReadonlySet<string>): string {
  return text.replace(/^export \{([^{}]*)\}( from '[^']*')?;\s*$/gm, (_list, names: string, from = '') => {
    const marked = names.split(',').map((written) => {
      const item = written.trim();
      const name = item.split(' as ').at(-1) ?? item;
      return item.startsWith('type ') || values.has(name) ? item : `type ${item}`;
    });
    return `export { ${marked.join(', ')} }${from};\n`;
  });
}

/** The types of the official package, which need not be installed: without it the compiler is told to pass over the import. */
function withOptionalImports(text: string): string {
  return text.replace(/^import '@instantdb\/core';\n/gm, '').replace(/^import .* from '@instantdb\/core';$/gm, '// @ts-ignore\n$&');
}

/** esbuild escapes all others, and keeps the comments in classes: one such arrow, and V8 holds the whole file with two bytes a character. */
const withAsciiArrows = (text: string): string => text.replaceAll('→', '->');

rmSync(dist, { recursive: true, force: true });
writeDeclarations(Object.values(entries), join(root, declarations));
execFileSync(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js')], { cwd: root, stdio: 'inherit' });
rmSync(join(root, declarations), { recursive: true });
const { target, platform } = shared;
await buildClient(clientParts, dist, { target, platform, external: ['idb', 'isomorphic-ws'], plugins: [webNanoid] });
await buildCommonJs(dist, Object.keys(commands));
checkCommonJs(dist);

for (const entry of Object.keys(entries)) {
  const built = join(dist, outputName(entry));
  const values = new Set(Object.keys((await import(pathToFileURL(`${built}.js`).href)) as object));
  for (const file of [`${built}.d.ts`, `${built}.d.cts`]) writeFileSync(file, withTypesMarked(readFileSync(file, 'utf8'), values));
}

const written = [...readdirSync(dist), ...readdirSync(join(dist, commandParts)).map((name) => join(commandParts, name))];
for (const name of written.filter((file) => /\.c?js$/.test(file))) {
  const file = join(dist, name);
  writeFileSync(file, withAsciiArrows(readFileSync(file, 'utf8')));
}

for (const name of readdirSync(dist).filter((file) => /\.d\.c?ts$/.test(file))) {
  const file = join(dist, name);
  writeFileSync(file, withOptionalImports(readFileSync(file, 'utf8')));
}
