// Time slicing: splits long work into slices and yields to the event loop between them.

import { readGlobal } from './global.ts';

/** The clock and the yield function of a TimeSlicer. */
export interface Scheduler {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Resolves after other waiting tasks have run. */
  pause(): Promise<void>;
}

/** Overrides for programs and tests. */
export interface TimeSlicerConfig {
  /** The maximum length of a slice in milliseconds. */
  readonly yieldEvery?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly batchSize?: number | undefined;
}

export class TimeSlicer {
  /** The number of small items, such as rows, processed between two checks of the clock. */
  readonly batchSize: number;
  readonly #scheduler: Scheduler;
  readonly #intervalMs: number;
  #deadlineMs: number;

  constructor({ yieldEvery = 16, scheduler = systemScheduler, batchSize = 400 }: TimeSlicerConfig) {
    this.#scheduler = scheduler;
    this.#intervalMs = yieldEvery;
    this.batchSize = batchSize;
    this.#deadlineMs = scheduler.now() + yieldEvery;
  }

  get shouldYield(): boolean {
    return this.#scheduler.now() >= this.#deadlineMs;
  }

  async yieldToMain(): Promise<void> {
    await this.#scheduler.pause();
    this.#deadlineMs = this.#scheduler.now() + this.#intervalMs;
  }
}

/**
 * Uses `scheduler.yield` if the platform has it: it resumes before other tasks of the same priority. A timer would wait 4 ms each time.
 * Without `performance`, a slice does not end.
 */
const systemScheduler: Scheduler = {
  now: () => readGlobal(() => performance.now()) ?? 0,
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

/** Runs steps to their end, without a break. */
export function completed<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
