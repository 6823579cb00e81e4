// Waiting for an event, for silence, and for minutes to pass.

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves as soon as the condition holds, or after that many ms. */
export async function waitFor(isMet: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!isMet() && performance.now() < end) await sleep(5);
}

/** Waits that are longer let codes and tokens expire; the date is moved instead. */
export const longWaitMs = 30_000;

/** Lets time pass. A long wait moves `Date` ahead for the whole process, so nothing else may run beside it. */
export async function pass(ms: number): Promise<void> {
  if (ms < longWaitMs) return sleep(ms);
  const Before = Date;
  globalThis.Date = class extends Before {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [Before.now() + ms] : args) as [number]));
    }
    static override now(): number {
      return Before.now() + ms;
    }
  } as unknown as DateConstructor;
}
