// Waiting for an event, for silence, and for minutes to pass.

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The server runs in this process: time is counted in turns that both have had, so that a slow machine delays an answer and loses none. */
export const turnMs = 5;
export const turn = (): Promise<void> => sleep(turnMs);

/** Resolves as soon as the condition holds, or after turns of that many ms in all. */
export async function waitFor(isMet: () => boolean, ms: number): Promise<void> {
  for (let waited = 0; !isMet() && waited < ms; waited += turnMs) await turn();
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
