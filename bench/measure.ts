// Taking times, and what a subject reports of a workload.

export const workloadNames = [
  'w1',
  'w1slices',
  'w2',
  'w2b20',
  'w2b100',
  'w3',
  'w3delta',
  'w4task',
  'w4shared',
  'w4each',
  'w5first',
  'w5again',
  'w6',
  'w8',
  'w8write',
  'w8push',
] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** `base`: what the same run needed for what the goal is a multiple of. `notes`: other figures of the same run. */
export interface Outcome {
  readonly samples: readonly number[];
  readonly base?: readonly number[];
  readonly notes?: Readonly<Record<string, number>>;
}

/** What a subject can do; `n` is the number of rows. */
export type Subject = { readonly [Name in WorkloadName]?: (n: number) => Promise<Outcome> | Outcome };

export const isQuick = process.argv.includes('--quick');

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export interface Warmup {
  readonly rounds: number;
  readonly ms: number;
}

/** For what is short: until the JavaScript engine has compiled it. What is long has to do with fewer rounds. */
export const steady: Warmup = { rounds: 2_000, ms: isQuick ? 300 : 1_500 };

/** One after the other; the first few are for warming up. */
export async function sample(
  rounds: number,
  run: (round: number) => number | Promise<number>,
  warmup: Warmup | number = 2,
): Promise<number[]> {
  const first = typeof warmup === 'number' ? { rounds: warmup, ms: Number.POSITIVE_INFINITY } : warmup;
  const start = performance.now();
  let round = 0;
  while (round < first.rounds && performance.now() - start < first.ms) await run(round++);
  const samples: number[] = [];
  while (samples.length < rounds) samples.push(await run(round++));
  return samples;
}

/** Two things in turn, so that both meet the same machine. */
export async function inTurn(rounds: number, run: () => Promise<number>, base: () => number): Promise<Outcome> {
  const bases: number[] = [];
  const samples = await sample(rounds, async (round) => {
    const took = base();
    if (round >= 2) bases.push(took);
    return run();
  });
  return { samples, base: bases };
}

/** With `count` queries, of which one is affected. `base`: the time with that one alone. */
export async function besideOthers(run: (others: number) => Promise<Outcome>, count: number): Promise<Outcome> {
  const base = await run(0);
  return { ...(await run(count - 1)), base: base.samples };
}

export function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** Until everything that was set off has run. */
export const free = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('Memory is measured with --expose-gc');
  for (let times = 0; times < 4; times++) gc();
}

export async function heapPer(n: number, make: () => Promise<unknown>): Promise<Outcome> {
  collectGarbage();
  await free();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const held = await make();
  await free();
  collectGarbage();
  await free();
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  (globalThis as { held?: unknown }).held = held;
  return { samples: [(after - before) / n] };
}
