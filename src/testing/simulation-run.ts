// One run of a schedule: its steps are carried out, everything is made to work again, and what must be true is checked.

import { TriplaneError } from '../errors.ts';
import type { AnySchemaDef } from '../schema/schema.ts';
import { type Globals, withGlobals } from './seeded-globals.ts';
import type { SimulationOptions } from './simulation.ts';
import { SimulationState } from './simulation-state.ts';
import { harmless, type Step, type StepKind } from './simulation-steps.ts';
import { createTestApp, type TestApp, type TestUser } from './test-app.ts';
import type { TestDevice } from './test-device.ts';
import { SeededRandom } from './virtual/seeded-random.ts';

export interface RunResult {
  readonly violations: readonly string[];
  readonly story: readonly string[];
  readonly writes: number;
  readonly rejected: number;
  readonly faults: number;
  /** How many of the steps were taken. */
  readonly taken: number;
}

/** Codes of errors that are no fault of the program: the write was rejected, or its tab is gone. */
const expected: ReadonlySet<unknown> = new Set(['refused', 'closed', 'user-changed', 'unreachable', 'timeout', 'server-failed']);
const mostTabs = 3;

/**
 * @param isFound ends the run after the first step that leads to such violations
 * @throws TriplaneError 'config-invalid' if the schema or the rules are invalid
 */
export async function runSchedule<Schema extends AnySchemaDef>(
  options: SimulationOptions<Schema>,
  seed: number,
  steps: readonly Step[],
  isFound: (violations: Iterable<string>) => boolean = () => false,
): Promise<RunResult> {
  const globals: Globals = { random: new SeededRandom(seed).fork('globals'), now: () => Date.UTC(2026, 6, 1) };
  return withGlobals(globals, () => runWith(globals, options, seed, steps, isFound));
}

async function runWith<Schema extends AnySchemaDef>(
  globals: Globals,
  options: SimulationOptions<Schema>,
  seed: number,
  steps: readonly Step[],
  isFound: (violations: Iterable<string>) => boolean,
): Promise<RunResult> {
  const { schema, rules, users: emails = ['ann@example.com', 'bob@example.com'] } = options;
  const app = await createTestApp<Schema>({ seed, ...(schema && { schema }), ...(rules && { rules }) });
  globals.now = () => app.clock.now();
  try {
    const users: TestUser[] = [];
    for (const email of emails) users.push(await app.createUser(email));
    await untilSetUp(app, options.setup?.(app, users));
    return await new Run(app, options, users, globals).play(steps, isFound);
  } finally {
    await app.close();
  }
}

/** How often it is looked whether `setup` is done, in milliseconds of real time, and how often in vain. */
const [lookMs, looks] = [100, 30];

/**
 * Virtual time stands still outside of `run`, so that a call of the app that is merely awaited never ends.
 *
 * @throws TriplaneError 'timeout' if no virtual time passes and it does not settle
 */
async function untilSetUp(app: Pick<TestApp, 'elapsedMs'>, setup: Promise<unknown> | undefined): Promise<void> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stuck = new Promise<never>((_, reject) => {
    let [last, inVain] = [app.elapsedMs, 0];
    timer = setInterval(() => {
      inVain = app.elapsedMs === last ? inVain + 1 : 0;
      last = app.elapsedMs;
      if (inVain >= looks) reject(new TriplaneError('timeout', 'simulate: setup waits, and no time passes: await calls with app.run(…)'));
    }, lookMs);
  });
  try {
    await Promise.race([setup, stuck]);
  } finally {
    clearInterval(timer);
  }
}

class Run<Schema extends AnySchemaDef> {
  readonly #app: TestApp<Schema>;
  readonly #options: SimulationOptions<Schema>;
  readonly #users: readonly TestUser[];
  readonly #state: SimulationState<Schema>;
  readonly #globals: Globals;
  readonly #story: string[] = [];
  #faults = 0;

  constructor(app: TestApp<Schema>, options: SimulationOptions<Schema>, users: readonly TestUser[], globals: Globals) {
    this.#app = app;
    this.#globals = globals;
    this.#options = options;
    this.#users = users;
    this.#state = new SimulationState(app, options, users);
  }

  async play(steps: readonly Step[], isFound: (violations: Iterable<string>) => boolean): Promise<RunResult> {
    const { violations, writes } = this.#state;
    await this.#state.begin();
    let taken = 0;
    while (taken < steps.length && !isFound(violations)) await this.#step(steps[taken++] as Step);
    if (!isFound(violations)) {
      await this.#state.heal();
      await this.#state.check();
    }
    const { count, rejected } = writes;
    return { violations: [...violations], story: this.#story, writes: count, rejected, faults: this.#faults, taken };
  }

  async #step({ kind, seed }: Step): Promise<void> {
    const random = new SeededRandom(seed);
    const at = this.#app.elapsedMs;
    const done = await this.#steps[kind](random);
    if (done !== undefined) this.#story.push(`${at} ms: ${done}`);
    if (done !== undefined && !harmless.has(kind)) this.#faults += 1;
    await this.#app.advance(random.between(0, 60));
  }

  async #act(random: SeededRandom): Promise<string | undefined> {
    const open = random.pick(this.#state.tabs.filter(({ tab }) => !tab.isFrozen));
    const [name, action] = random.pick(Object.entries(this.#options.actions)) ?? [];
    if (!open || !action) return undefined;
    const { tab, device } = open;
    // So that an action does the same where others were left out.
    this.#globals.random = random.fork('globals');
    const failed = (error: unknown): void => {
      const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
      if (!expected.has(code)) this.#state.violations.add(`action '${name}' failed: ${String(message ?? error)}`);
    };
    try {
      const read = (query: object): never => this.#state.read(open, query) as never;
      Promise.resolve(action({ db: tab.db, user: device.user as TestUser, users: this.#users, random, read })).catch(failed);
    } catch (error) {
      failed(error);
    }
    return `${tab.name}: ${name}`;
  }

  readonly #steps: Readonly<Record<StepKind, (random: SeededRandom) => Promise<string | undefined>>> = {
    act: (random) => this.#act(random),
    wait: async (random) => {
      const ms = random.between(50, random.chance(0.1) ? 40_000 : 2_000);
      await this.#app.advance(ms);
      return `${ms} ms pass`;
    },
    openTab: async (random) => {
      const device = random.pick(this.#state.devices.filter((each) => each.tabs.length < mostTabs));
      return device && `${(await this.#state.open(device)).tab.name} is opened`;
    },
    closeTab: async (random) => {
      const open = random.pick(this.#state.tabs.filter(({ tab, device }) => device.tabs.length > 1 && !tab.isFrozen));
      if (open) this.#state.remove(open);
      await open?.tab.close();
      return open && `${open.tab.name} is closed`;
    },
    killTab: async (random) => {
      const open = random.pick(this.#state.tabs);
      if (open) this.#state.remove(open);
      open?.tab.kill();
      return open && `${open.tab.name} is killed`;
    },
    freezeTab: async (random) => {
      const open = random.pick(this.#state.tabs.filter(({ tab }) => !tab.isFrozen));
      open?.tab.freeze();
      return open && `${open.tab.name} is frozen`;
    },
    thawTab: async (random) => {
      const open = random.pick(this.#state.tabs.filter(({ tab }) => tab.isFrozen));
      open?.tab.thaw();
      return open && `${open.tab.name} is thawed`;
    },
    goOffline: (random) =>
      this.#withDevice(
        random,
        'goes offline',
        (device) => device.goOffline(),
        ({ isOnline }) => isOnline,
      ),
    goOnline: (random) =>
      this.#withDevice(
        random,
        'goes online',
        (device) => device.goOnline(),
        ({ isOnline }) => !isOnline,
      ),
    breakConnections: (random) =>
      this.#withDevice(
        random,
        'loses its connections',
        (device) => device.breakConnections(),
        ({ isOnline }) => isOnline,
      ),
    loseResponses: (random) =>
      this.#withDevice(
        random,
        'loses responses, then its connections',
        (device) => device.loseResponses(),
        ({ isOnline }) => isOnline,
      ),
    stopServer: async () => this.#whileUp(() => this.#app.server.stop(), 'the server is stopped'),
    killServer: async () => this.#whileUp(() => this.#app.server.kill(), 'the server is killed'),
    startServer: async () => {
      if (this.#app.server.isUp) return undefined;
      this.#app.server.start();
      return 'the server starts';
    },
    hangDisk: (random) =>
      this.#withDevice(random, 'has a disk that hangs for a while', (device) => {
        device.setDisk('hangs');
        this.#app.clock.setTimeout(() => device.setDisk('well'), random.between(100, 5_000));
      }),
    jumpClock: async (random) => {
      const ms = random.between(-3_600_000, 3_600_000);
      if (random.chance(0.3)) this.#app.server.jumpClock(ms);
      else random.pick(this.#state.tabs)?.tab.jumpClock(ms);
      return `a clock jumps by ${ms} ms`;
    },
    changeDelay: (random) => this.#withDevice(random, 'has another delay', (device) => device.setDelay(random.between(2, 900))),
  };

  #whileUp(down: () => void, what: string): string | undefined {
    if (!this.#app.server.isUp) return undefined;
    down();
    return what;
  }

  async #withDevice(
    random: SeededRandom,
    what: string,
    run: (device: TestDevice<Schema>) => void,
    isFit: (device: TestDevice<Schema>) => boolean = () => true,
  ): Promise<string | undefined> {
    const device = random.pick(this.#state.devices.filter(isFit));
    if (device) run(device);
    return device && `${device.name} ${what}`;
  }
}
