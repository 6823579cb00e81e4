// `npm test`: types, lint, format and build, then all tests but the long ones (`npm run test:long`). Every check runs, whether or not another one
// failed; the exit status is zero only if all of them pass. Checks use one core each, so they run side by side, and each prints its output when
// it ends.

import { spawn, spawnSync } from 'node:child_process';

const steps = ['types', 'lint', 'format:check', 'build'];
const shell = process.platform === 'win32';

async function check(step: string): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', step], { stdio: ['ignore', 'pipe', 'pipe'], shell });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  console.log(`\n▶ ${step}`);
  process.stdout.write(Buffer.concat(output));
  return status === 0;
}

const results = await Promise.all(steps.map(check));
const failed = steps.filter((_, at) => !results[at]);
if (failed.length > 0) console.error(`\n✗ Failed before the tests: ${failed.join(', ')}`);

const projects = ['source', 'react-18', 'package'].flatMap((name) => ['--project', name]);
const { status } = spawnSync('npx', ['vitest', 'run', ...projects, ...process.argv.slice(2)], { stdio: 'inherit', shell });
if (failed.length > 0) console.error(`✗ Failed before the tests: ${failed.join(', ')}`);
process.exitCode = status === 0 && failed.length === 0 ? 0 : 1;
