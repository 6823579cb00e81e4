// `npm run bench`: every workload, for ours and the others, in rounds that take turns, so that all meet the same machine. Writes
// bench/results.md and a chart for each workload. `--quick`: fewer sizes and rounds, and no server. `--only w2,w4task,w9`: these workloads;
// what an earlier run wrote of them is replaced.
//
// Each measurement has a process of its own: no subject pays for another's heap or for code compiled for another.

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { buildRunner } from './build.ts';
import { isQuick, median, type Outcome } from './measure.ts';
import { report, type Result } from './report.ts';
import { sizesReport } from './sizes.ts';
import { type Workload, workloads } from './workloads.ts';

const run = promisify(execFile);
const folder = new URL('.', import.meta.url).pathname;
const subjects = ['triplane', 'floor', 'instant', 'tanstack', 'zero'];
const peers = new Set(['instant', 'tanstack', 'zero']);
const limitMs = isQuick ? 10_000 : 60_000;

const only = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '').split(',') : undefined;
const isWanted = (name: string): boolean => only?.includes(name) ?? true;
const wanted = workloads.filter(({ name }) => isWanted(name));

async function main(): Promise<void> {
  if (!existsSync(`${folder}node_modules`)) installPeers();
  const runner = await buildRunner();
  const results: Result[] = [];
  const startedMs = Date.now();
  for (const workload of wanted) {
    for (const n of sizesOf(workload)) {
      const outcomes = new Map<string, Outcome[]>();
      for (let round = 0; round < (isQuick ? 1 : 2); round++) {
        for (const subject of subjects) {
          if (round > 0 && peers.has(subject)) continue;
          if (isQuick && peers.has(subject) && !isShort(workload)) continue;
          const outcome = await measure(runner, subject, workload, n);
          if (outcome) outcomes.set(subject, [...(outcomes.get(subject) ?? []), outcome]);
        }
      }
      const result: Result = { workload, n, outcomes: new Map([...outcomes].map(([subject, some]) => [subject, together(some)])) };
      results.push(result);
      print(result);
    }
  }
  const sections = [...(isWanted('w9') ? [await sizesReport()] : []), ...(isWanted('w10') && !isQuick ? [await serverReport()] : [])];
  const { markdown: table, charts } = report(results, { isQuick, tookMs: Date.now() - startedMs });
  const markdown = [table, ...sections].join('\n');
  process.stdout.write(`\n${markdown}`);
  if (isQuick) return;
  mkdirSync(`${folder}charts`, { recursive: true });
  writeFileSync(`${folder}results.md`, only ? merged(table, sections) : markdown);
  for (const [name, svg] of charts) writeFileSync(`${folder}charts/${name}.svg`, svg);
}

/** What is quick enough for `--quick`, for those who are not. */
const isShort = ({ name }: Workload): boolean => name === 'w2';

function sizesOf({ sizes }: Workload): readonly number[] {
  if (sizes === 'fixed' || isQuick) return [10_000];
  return [1_000, 10_000, 50_000];
}

async function measure(runner: string, subject: string, { name }: Workload, n: number): Promise<Outcome | undefined> {
  const args = ['--expose-gc', '--max-old-space-size=3000', runner, subject, name, String(n), ...(isQuick ? ['--quick'] : [])];
  try {
    const { stdout } = await run(process.execPath, args, { timeout: limitMs, maxBuffer: 1e8 });
    return (JSON.parse(/@@(.*)/.exec(stdout)?.[1] ?? 'null') as Outcome | null) ?? undefined;
  } catch (error) {
    process.stderr.write(`${subject} ${name} ${n}: ${String(error).slice(0, 300)}\n`);
    return undefined;
  }
}

/** The better of the rounds: on a machine that others use, the one that was disturbed less. */
function together(outcomes: readonly Outcome[]): Outcome {
  return [...outcomes].sort((a, b) => median(a.samples) - median(b.samples))[0] as Outcome;
}

function print({ workload, n, outcomes }: Result): void {
  const figures = [...outcomes].map(([subject, { samples }]) => `${subject} ${median(samples).toPrecision(3)}`);
  process.stdout.write(`${workload.name} ${n}: ${figures.join(', ')} ${workload.unit}\n`);
}

/** What a server of many sessions costs. */
async function serverReport(): Promise<string> {
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', 'tsx', `${folder}server.ts`], { maxBuffer: 1e8 });
  return `## W10 Server\n\nThe server without a network. Goal: the time is independent of the number of sessions; 10,000 idle sessions in 1 GiB.\n\n${stdout}`;
}

/** The results that are there, with the rows and sections measured now in place of theirs. */
function merged(table: string, sections: readonly string[]): string {
  if (!existsSync(`${folder}results.md`)) return [table, ...sections].join('\n');
  const nameOf = (line: string): string => line.split(' | ').slice(0, 2).join(' | ');
  const fresh = new Map(table.split('\n').flatMap((line) => (line.startsWith('| W') ? [[nameOf(line), line]] : [])));
  const [before = '', ...others] = readFileSync(`${folder}results.md`, 'utf8').split(/^(?=## )/m);
  const rows = before
    .trimEnd()
    .split('\n')
    .map((line) => fresh.get(nameOf(line)) ?? line);
  const titleOf = (section: string): string => section.split('\n', 1)[0] ?? '';
  const byTitle = new Map([...others, ...sections].map((section) => [titleOf(section), section.trimEnd()]));
  return [rows.join('\n'), ...[...byTitle].map(([, section]) => section)].join('\n\n') + '\n';
}

function installPeers(): void {
  process.stdout.write('Installing what Triplane is measured against into bench/node_modules\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

await main();
