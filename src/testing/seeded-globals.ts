// `Math.random`, `Date` and the ids of `crypto`, as the code of a simulation sees them: from the seed and in virtual time, so that a seed replays what
// that code does. Whatever else runs in the process meanwhile has the real ones.

import { AsyncLocalStorage } from 'node:async_hooks';

import type { SeededRandom } from './virtual/seeded-random.ts';

export interface Globals {
  random: SeededRandom;
  now: () => number;
}

const current = new AsyncLocalStorage<Globals>();
let users = 0;
let restore = (): void => {};

/** Runs the function, and whatever follows from it, with these globals. */
export async function withGlobals<T>(globals: Globals, run: () => Promise<T>): Promise<T> {
  if (users++ === 0) restore = replaceGlobals();
  try {
    return await current.run(globals, run);
  } finally {
    if (--users === 0) restore();
  }
}

function replaceGlobals(): () => void {
  const [RealDate, realRandom] = [Date, Math.random];
  const platform: { readonly randomUUID: () => string; readonly getRandomValues: (array: ArrayBufferView) => unknown } = crypto;
  const { randomUUID, getRandomValues } = platform;
  const now = (): number => current.getStore()?.now() ?? RealDate.now();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
  });
  Math.random = () => current.getStore()?.random.next() ?? realRandom();
  Object.assign(crypto, {
    randomUUID: () => current.getStore()?.random.uuid() ?? randomUUID.call(crypto),
    getRandomValues: (array: ArrayBufferView) => {
      const random = current.getStore()?.random;
      if (!random) return getRandomValues.call(crypto, array);
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.between(0, 255);
      return array;
    },
  });
  return () => {
    globalThis.Date = RealDate;
    Math.random = realRandom;
    Object.assign(crypto, { randomUUID, getRandomValues });
  };
}
