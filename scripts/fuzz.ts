// `npm run fuzz [count] [seed]`: a hundred thousand frames into the server, as many requests with all kinds of bodies and tokens, and as
// many frames into the client; then, a twentieth as many, upgrade requests, connections of HTTP as bytes, queries by cost, clients by bytes, acts
// on streams, sessions over event streams, stores with a damaged record and rules. No two runs are alike unless the seed is. Ends with 1 if one was not answered, something was thrown, or memory grew.

import { fuzzEventStreams } from '../test/support/fuzz-event-streams.ts';
import { fuzzHttp } from '../test/support/fuzz-http.ts';
import { fuzzBytes, fuzzQueries, fuzzUpgrades } from '../test/support/fuzz-load.ts';
import { fuzzRules } from '../test/support/fuzz-rules.ts';
import { fuzzStored } from '../test/support/fuzz-stored.ts';
import { fuzzStreams } from '../test/support/fuzz-streams.ts';
import { fuzzTraffic } from '../test/support/fuzz-traffic.ts';
import { fuzzClient, fuzzServer } from '../test/support/fuzz.ts';

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
/** More than what is in use at a tenth of the way. */
const mostGrowth = 64 * 1024 * 1024;

const collect: () => void = (globalThis as { gc?: () => void }).gc ?? (() => {});

async function measured(name: string, run: (progress: (frames: number) => void) => Promise<readonly unknown[]>): Promise<boolean> {
  let first = 0;
  let last = 0;
  const began = performance.now();
  const faults = await run((frames) => {
    if (frames < count / 10) return;
    collect();
    last = process.memoryUsage().heapUsed;
    first ||= last;
  });
  const grown = last - first;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${name}: ${count} in ${seconds} s, ${faults.length} faults, heap ${mib(first)} → ${mib(last)} MiB`);
  for (const fault of faults.slice(0, 5)) console.error(fault);
  return faults.length === 0 && grown < mostGrowth;
}

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

console.log(`seed ${seed}`);
const isServerValid = await measured('server', async (progress) => {
  const { unanswered, isAlive } = await fuzzServer(count, seed, progress);
  return isAlive ? unanswered : [...unanswered, 'the server does not answer any more'];
});
const isHttpValid = await measured('HTTP', async (progress) => {
  const { faults, isAlive } = await fuzzHttp(count, seed, progress);
  return isAlive ? faults : [...faults, 'the server does not answer any more'];
});
const isClientValid = await measured('client', async (progress) => {
  const { reported, isAlive } = await fuzzClient(count, seed, progress);
  return isAlive ? reported : [...reported, 'the client does not show answers any more'];
});
const loads = [
  ['upgrade requests', fuzzUpgrades],
  ['connections of HTTP', fuzzTraffic],
  ['queries by cost', fuzzQueries],
  ['bytes per client', fuzzBytes],
  ['streams', fuzzStreams],
  ['event streams', fuzzEventStreams],
  ['stored records', fuzzStored],
  ['rules', fuzzRules],
] as const;
const areLoadsBorne: boolean[] = [];
for (const [name, fuzz] of loads) {
  areLoadsBorne.push(
    await measured(name, async (progress) => {
      const { faults, isAlive } = await fuzz(Math.ceil(count / 20), seed, (done) => progress(done * 20));
      return isAlive ? faults : [...faults, 'the server does not answer any more'];
    }),
  );
}
process.exitCode = isServerValid && isHttpValid && isClientValid && areLoadsBorne.every(Boolean) ? 0 : 1;
