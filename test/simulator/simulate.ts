// One run from one seed: devices with tabs, a server and a network in one process and in virtual time; random work under random faults, then
// healing, then the checks of history.ts. The same seed gives the same run.

// Parts that the client and the server load on first use: read beforehand, so that no file is waited for while virtual time passes.
import '../../src/reactor/recovery.ts';
import '../../src/server/rules/rulebook.ts';

import type { Happened } from './happened.ts';
import type { Kind } from './history.ts';
import { type ProfileName, profiles, type StepName } from './profiles.ts';
import { everything, type Setting } from './setting.ts';
import { steps, work } from './steps.ts';
import { World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** Which client, and what may happen to it; ours and everything, unless it is said. */
  readonly setting?: Setting;
  /** The kind of schedule. `mixed` unless told otherwise. */
  readonly profile?: ProfileName | undefined;
  /** Steps of random work and faults. */
  readonly steps?: number;
  /** Only these of them are taken. Each draws lots of its own, so that those left do what they did. */
  readonly only?: ReadonlySet<number> | undefined;
  /** Is given a line for whatever a tab sends, receives or shows. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  /** How many there are of each kind. */
  readonly counts: Readonly<Record<Kind, number>>;
  readonly writes: number;
  readonly faults: number;
  readonly frames: number;
  /** What happened, a line a step. */
  readonly story: readonly string[];
  /** The places of the steps that did something. */
  readonly taken: readonly number[];
  /** The `only` that the run was given. */
  readonly only: ReadonlySet<number> | undefined;
  readonly happened: Happened;
}

export async function simulate(options: RunOptions): Promise<RunResult> {
  const { seed, setting = everything, profile = 'mixed', steps: count = 120, only, trace } = options;
  const world = new World(seed, profile, setting, trace);
  const leftOut = Object.fromEntries([...setting.leftOut].map((name) => [name, 0]));
  const weights = { ...profiles[profile].weights(seed), ...leftOut };
  const taken: number[] = [];
  let faults = 0;
  const onUncaught = (error: unknown): void => world.history.report(`not caught: ${String(error)}`);
  process.on('unhandledRejection', onUncaught);
  try {
    await world.begin();
    for (let at = 0; at < count; at += 1) {
      if (only && !only.has(at)) continue;
      const name = await takeStep(world, weights, at);
      if (name) taken.push(at);
      if (name && !work.has(name)) faults += 1;
    }
    await world.heal();
    await world.check();
  } catch (error) {
    world.history.report(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    process.off('unhandledRejection', onUncaught);
  }
  const { history } = world;
  const { story, happened, traffic } = world;
  return {
    seed,
    violations: history.violations,
    counts: history.counts,
    writes: history.writes.size,
    faults,
    frames: traffic.frames,
    story,
    taken,
    only,
    happened,
  };
}

async function takeStep(world: World, weights: Readonly<Record<StepName, number>>, at: number): Promise<StepName | undefined> {
  world.random = world.seeds.fork(`step ${at}`);
  const name = world.random.pickWeighted(weights);
  const done = await steps[name](world);
  if (done !== undefined) world.story.push(`${world.clock.monotonicNow()} ms: ${done}`);
  await world.pass();
  if (done === undefined) return undefined;
  world.happened.note(name);
  return name;
}

/** A shorter run that fails in the same way: steps are left out, many at once at first, as long as it does so without them. */
export async function shrink(seed: number, profile?: ProfileName, mostRuns = 200): Promise<RunResult> {
  let best = await simulate({ seed, profile });
  const kind = kindOf(best.violations[0]);
  let runs = 1;
  for (let size = Math.ceil(best.taken.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.taken.length && runs < mostRuns; runs += 1) {
      const only = new Set([...best.taken.slice(0, from), ...best.taken.slice(from + size)]);
      const shorter = await simulate({ seed, profile, only });
      if (shorter.violations.some((violation) => kindOf(violation) === kind)) best = shorter;
      else from += size;
    }
  }
  return best;
}

/** What was violated, without times, names and numbers. */
function kindOf(violation = ''): string {
  return violation.replace(/[0-9a-f]{8}-[0-9a-f-]+|d?\d+(\.\d+)?|of \S+/g, '');
}
