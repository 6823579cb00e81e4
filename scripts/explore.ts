// `npm run explore [minutes] [files…]`: the properties again and again, one file after the other, each time from a new seed. What fails is
// told with its seed, for `TRIPLANE_SEED=… npx vitest run …`. Ends with 1 if anything failed.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const [minutes = '10', ...requested] = process.argv.slice(2);
const end = Date.now() + Number(minutes) * 60_000;
const usesSeed = /from '(\.\.\/)+support\/runs\.ts'/;
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.test.ts') && usesSeed.test(readFileSync(path, 'utf8')))
  .filter((path) => requested.length === 0 || requested.some((part) => path.includes(part)))
  .sort();

/** Undefined if all is well. */
function fault(file: string, seed: number): string | undefined {
  const env = { ...process.env, TRIPLANE_SEED: String(seed), NO_COLOR: '1' };
  const { status, stdout } = spawnSync('npx', ['vitest', 'run', '--project', 'source', file], {
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return status === 0 ? undefined : stdout;
}

if (files.length === 0) throw new Error(`There is no property in ${requested.join(' or ')}`);
let tried = 0;
let failed = 0;
for (let at = 0; Date.now() < end; at++) {
  const file = files[at % files.length] ?? '';
  const seed = Math.floor(Math.random() * 2 ** 31);
  const found = fault(file, seed);
  tried++;
  if (found === undefined) continue;
  failed++;
  console.error(`✗ TRIPLANE_SEED=${seed} npx vitest run ${file}\n${found}`);
}
console.log(`${files.length} files, ${tried} seeds, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
