// Time slicing: splits long work into slices and yields to the event loop between them. Includes a merge sort that works in slices.

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

/** Uses `scheduler.yield` if the platform has it: it resumes before other tasks of the same priority. A timer would wait 4 ms each time. */
const systemScheduler: Scheduler = {
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

export async function sortSliced<T>(list: readonly T[], compare: (a: T, b: T) => number, slicer: TimeSlicer): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < list.length; at += slicer.batchSize) {
    runs.push(list.slice(at, at + slicer.batchSize).sort(compare));
    if (slicer.shouldYield) await slicer.yieldToMain();
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await mergeSliced(runs[at] ?? [], runs[at + 1] ?? [], compare, slicer));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeSliced<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
  slicer: TimeSlicer,
): Promise<readonly T[]> {
  const merged: T[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length && atB < b.length) {
    const [one, other] = [a[atA] as T, b[atB] as T];
    if (compare(one, other) <= 0) {
      merged.push(one);
      atA++;
    } else {
      merged.push(other);
      atB++;
    }
    if (merged.length % slicer.batchSize === 0 && slicer.shouldYield) await slicer.yieldToMain();
  }
  return [...merged, ...a.slice(atA), ...b.slice(atB)];
}
