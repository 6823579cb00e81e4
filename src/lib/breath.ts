// Long work in slices: after each, whatever else waits to run gets its turn.

/** Where slices end, and what there is between them. */
export interface Slices {
  /** Milliseconds, by a clock that never jumps. */
  now(): number;
  /** Resolves when what waited has run. */
  pause(): Promise<void>;
}

/** What a program, or a test, wants otherwise. */
export interface BreathConfig {
  /** The longest slice, in milliseconds. */
  readonly yieldEvery?: number | undefined;
  readonly slices?: Slices | undefined;
  readonly atOnce?: number | undefined;
}

export class Breath {
  /** So many small things, such as rows, are done between two looks at the clock; fewer than a list would sort anew. */
  readonly atOnce: number;
  readonly #slices: Slices;
  readonly #everyMs: number;
  #dueMs: number;

  constructor({ yieldEvery = 16, slices = systemSlices, atOnce = 400 }: BreathConfig) {
    this.#slices = slices;
    this.#everyMs = yieldEvery;
    this.atOnce = atOnce;
    this.#dueMs = slices.now() + yieldEvery;
  }

  get isDue(): boolean {
    return this.#slices.now() >= this.#dueMs;
  }

  async take(): Promise<void> {
    await this.#slices.pause();
    this.#dueMs = this.#slices.now() + this.#everyMs;
  }
}

/** The platform's own way, where it has one: it keeps our place ahead of others of the same weight. A timer would wait 4 ms each time. */
const systemSlices: Slices = {
  now: () => performance.now(),
  pause() {
    const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } };
    return scheduler?.yield?.() ?? nextTask();
  },
};

function nextTask(): Promise<void> {
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => void setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
