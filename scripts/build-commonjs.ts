// The CommonJS of the entries besides `triplane`: each built module of dist/ becomes one .cjs file, so that state which entries share in one
// format is shared in the other too. esbuild converts them; tsup would use sucrase, which breaks a `yield` to the right of `??`.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { transform } from 'esbuild';

/** Paths of other files of dist/, in `from "./chunk-X.js"`, `import "./chunk-X.js"` and `import("./chunk-X.js")`. */
const ownPath = /\b(from |import |import\()(["'])\.\/([\w-]+)\.js\2/g;

/** Writes a .cjs beside every .js of the folder that has none and is no command. */
export async function buildCommonJs(folder: string, commands: readonly string[]): Promise<void> {
  const names = readdirSync(folder);
  const modules = names
    .filter((name) => name.endsWith('.js'))
    .map((name) => basename(name, '.js'))
    .filter((name) => !commands.includes(name) && !names.includes(`${name}.cjs`));
  for (const name of modules) {
    const source = readFileSync(join(folder, `${name}.js`), 'utf8').replace(ownPath, '$1$2./$3.cjs$2');
    const { code } = await transform(source, {
      format: 'cjs',
      platform: 'node',
      target: 'es2022',
      // `import()` in CommonJS would load modules where the program, or a test runner such as Jest, has none.
      supported: { 'dynamic-import': false },
    });
    writeFileSync(join(folder, `${name}.cjs`), code);
  }
}

/**
 * Compiles and loads every .cjs of the folder.
 *
 * @throws Error if one of them is no valid program or cannot be loaded
 */
export function checkCommonJs(folder: string): void {
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.cjs'))
    .map((name) => join(folder, name));
  execFileSync(process.execPath, ['-e', 'for (const path of process.argv.slice(1)) require(path)', ...paths], { stdio: 'inherit' });
}
