// `simulate`: a program's schema, rules and mutations under random faults, from a seed that replays.

import type { InstantCoreDatabase } from '../client/database.ts';
import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';
import type { InstaQLResponse } from '../types/result.ts';
import type { ValidQuery } from '../types/valid-query.ts';
import { checkSimulation } from './option-checks.ts';
import { shrink } from './shrink.ts';
import { runSchedule, type RunResult } from './simulation-run.ts';
import { drawSchedule, type Step } from './simulation-steps.ts';
import type { TestApp, TestAppOptions, TestUser } from './test-app.ts';
import type { SeededRandom } from './virtual/seeded-random.ts';

export interface ActionContext<Schema extends AnySchemaDef> {
  /** The client of the tab in which the action happens. */
  readonly db: InstantCoreDatabase<Schema>;
  readonly user: TestUser;
  readonly users: readonly TestUser[];
  /** Choices and ids from the seed. Those of `Math.random`, `crypto` and `Date` are from it too. */
  readonly random: SeededRandom;
  /** What the tab shows for a query now; undefined until it has a result. The tab stays subscribed. */
  read<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q> | undefined;
}

/** Something a user does. Promises it returns are not waited for. */
export type Action<Schema extends AnySchemaDef> = (context: ActionContext<Schema>) => unknown;

export interface InvariantContext<Schema extends AnySchemaDef> {
  /** What the server holds, past the rules. */
  read<Q extends ValidQuery<Q, Schema>>(query: Q): InstaQLResponse<Schema, Q>;
}

/** What must hold after every transaction: it returns false, or throws, if it does not. */
export type Invariant<Schema extends AnySchemaDef> = (context: InvariantContext<Schema>) => unknown;

export interface SimulationOptions<Schema extends AnySchemaDef> extends Omit<TestAppOptions<Schema>, 'seed'> {
  /** Name → what users do. Each is as likely as the others. */
  readonly actions: Readonly<Record<string, Action<Schema>>>;
  /** Name → what must hold on the server. */
  readonly invariants?: Readonly<Record<string, Invariant<Schema>>>;
  /** Prepares the data of each run, before there are devices. */
  readonly setup?: (app: TestApp<Schema>, users: readonly TestUser[]) => Promise<unknown>;
  /** E-mail addresses. Default: two users. */
  readonly users?: readonly string[];
  /** The number of devices; they belong to the users in turn. Default: 3. */
  readonly devices?: number;
  /** How many seeds to run, from 1, or which. Default: 100. */
  readonly seeds?: number | readonly number[];
  /** Actions and faults per seed. Default: 80. */
  readonly steps?: number;
  /** `false` for actions alone. Default: true. */
  readonly faults?: boolean;
  /** Called after each seed. */
  readonly onProgress?: (done: number, all: number) => void;
}

export interface SimulationResult {
  readonly seeds: number;
  readonly writes: number;
  /** Writes that the server rejected, by the rules for instance. */
  readonly rejected: number;
  readonly faults: number;
}

/** What was violated, and the shortest schedule found that violates it. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly seed: number;
  readonly violations: readonly string[];
  /** What happened, a line per step. */
  readonly story: readonly string[];

  constructor(seed: number, violations: readonly string[], story: readonly string[]) {
    const steps = story.length > 0 ? ['after', ...story.map((line) => `  ${line}`)] : ['at the start, before any step'];
    const lines = [...violations.map((violation) => `  ✗ ${violation}`), ...steps];
    super(`The simulation failed with seed ${seed}:\n${lines.join('\n')}\nTo run it again: seeds: [${seed}]`);
    this.seed = seed;
    this.violations = violations;
    this.story = story;
  }
}

/** The number of runs that finding a shorter schedule may take. */
const shrinkingRuns = 150;

/**
 * Runs actions on several devices under random faults: lost connections and responses, killed and restarted servers, killed, frozen and reopened
 * tabs, slow networks and disks, wrong clocks. After every transaction the invariants are checked; in the end everything works again, and every
 * write must be applied exactly once or rejected, and all tabs must show what a new client shows.
 *
 * @throws SimulationError with the seed, what was violated, and a shortened schedule
 * @throws TriplaneError 'config-invalid' if an option, the schema or the rules are invalid; 'timeout' if `setup` waits for what never comes
 * @example
 * await simulate({
 *   schema,
 *   rules,
 *   actions: {
 *     book: ({ db, user, random }) => {
 *       const slot = random.pick(slots);
 *       return db.transact(db.tx.bookings[slot].create({ by: user.id }));
 *     },
 *   },
 *   invariants: { 'one booking per slot': ({ read }) => isUnique(read({ bookings: {} }).bookings) },
 *   seeds: 500,
 * });
 */
export async function simulate<Schema extends AnySchemaDef = InstantUnknownSchema>(
  options: SimulationOptions<Schema>,
): Promise<SimulationResult> {
  const seeds = checkSimulation(options);
  const result = { seeds: seeds.length, writes: 0, rejected: 0, faults: 0 };
  for (const [at, seed] of seeds.entries()) {
    const steps = drawSchedule(seed, options);
    const run = await runSchedule(options, seed, steps);
    if (run.violations.length > 0) throw await shortened(options, seed, steps, run);
    result.writes += run.writes;
    result.rejected += run.rejected;
    result.faults += run.faults;
    options.onProgress?.(at + 1, seeds.length);
  }
  return result;
}

async function shortened<Schema extends AnySchemaDef>(
  options: SimulationOptions<Schema>,
  seed: number,
  steps: readonly Step[],
  found: RunResult,
): Promise<SimulationError> {
  let shortest = found;
  const kind = kindOf(found.violations[0]);
  // A shorter schedule that violates something else does not explain what was found.
  const isFound = (violations: Iterable<string>): boolean => [...violations].some((violation) => kindOf(violation) === kind);
  const fails = async (fewer: readonly Step[]): Promise<boolean> => {
    const run = await runSchedule(options, seed, fewer, isFound);
    const isSame = isFound(run.violations);
    if (isSame) shortest = run;
    return isSame;
  };
  // What comes after the violation does not explain it either, so that the first run tells how far to look.
  const most = (await fails(steps)) ? shortest.taken : steps.length;
  await shrink(steps.slice(0, most), fails, shrinkingRuns);
  return new SimulationError(seed, shortest.violations, shortest.story);
}

/** What was violated, without the values of this run: the name of the invariant or action, or the sentence without its details. */
function kindOf(violation = ''): string {
  return /^(?:invariant|action) '.*?'/.exec(violation)?.[0] ?? violation.replace(/[0-9a-f]{8}-[0-9a-f-]+|\d+/g, '');
}
