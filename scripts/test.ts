// `npm test`: types, lint, format and build one after the other, then all tests but the long ones (`npm run test:long`). Every check runs,
// whether or not an earlier one failed; the exit status is zero only if all of them pass.

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

const projects = ['source', 'react-18', 'package'].flatMap((name) => ['--project', name]);
const tested = passes('npx', ['vitest', 'run', ...projects, ...process.argv.slice(2)]);
if (failed.length > 0) console.error(`✗ Failed before the tests: ${failed.join(', ')}`);
process.exitCode = tested && failed.length === 0 ? 0 : 1;
