// Time that passes as fast as it can: the timers and the date of this process, for programs of which some cannot be handed a clock. Promises
// and `setImmediate` are left as they are.

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly every: number | undefined;
}

export class VirtualTime {
  readonly #originals: Readonly<Record<string, unknown>>;
  readonly #due = new Map<number, Due>();
  #nowMs = Date.UTC(2026, 6, 1);
  #count = 0;

  constructor() {
    const set = (run: () => void, ms: unknown, every?: number): number => {
      this.#count += 1;
      this.#due.set(this.#count, { at: this.#nowMs + Math.max(0, Number(ms) || 0), order: this.#count, run, every });
      return this.#count;
    };
    const clear = (id: unknown): void => void this.#due.delete(Number(id));
    const replaced: Record<string, unknown> = {
      setTimeout: (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => timer(set(() => run(...args), ms)),
      setInterval: (run: () => void, ms = 0) => timer(set(run, ms, Math.max(1, ms))),
      clearTimeout: clear,
      clearInterval: clear,
    };
    this.#originals = {
      now: Date.now,
      monotonic: performance.now,
      ...Object.fromEntries(Object.keys(replaced).map((name) => [name, global(name)])),
    };
    Object.assign(globalThis, replaced);
    Date.now = () => this.#nowMs;
    performance.now = () => this.#nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Time passes, and whatever it leads to happens. Ends early if `isOver` says so. */
  async pass(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await settled();
      if (isOver()) return;
      const [id, next] = [...this.#due].reduce<[number, Due] | []>((first, each) => (isBefore(each[1], first[1]) ? each : first), []);
      if (id === undefined || next === undefined || next.at > end) break;
      this.#nowMs = Math.max(this.#nowMs, next.at);
      if (next.every === undefined) this.#due.delete(id);
      else this.#due.set(id, { ...next, at: this.#nowMs + next.every });
      next.run();
    }
    this.#nowMs = end;
  }

  restore(): void {
    const { now, monotonic, ...timers } = this.#originals;
    Object.assign(globalThis, timers);
    Date.now = now as typeof Date.now;
    performance.now = monotonic as typeof performance.now;
  }
}

function global(name: string): unknown {
  return (globalThis as Record<string, unknown>)[name];
}

function isBefore(one: Due, other: Due | undefined): boolean {
  return !other || one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** What Node gives is an object that is read as a number as well. */
function timer(id: number): object {
  return { [Symbol.toPrimitive]: () => id, unref: () => {}, ref: () => {}, hasRef: () => true };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
