// `npm test`: every check there is, one after the other, the tests last. All of them run, whatever the earlier ones say; the exit status
// is zero only if all of them pass.

import { spawnSync } from 'node:child_process';

const steps = ['types', 'lint', 'format:check', 'build'];

function passes(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

const failed = steps.filter((step) => {
  console.log(`\n▶ ${step}`);
  return !passes('npm', ['run', '--silent', step]);
});
if (failed.length > 0) console.error(`\n✗ Failed before the tests: ${failed.join(', ')}`);

const tested = passes('npx', ['vitest', 'run', ...process.argv.slice(2)]);
if (failed.length > 0) console.error(`✗ Failed before the tests: ${failed.join(', ')}`);
process.exitCode = tested && failed.length === 0 ? 0 : 1;
