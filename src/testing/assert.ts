// What a case demands, without a framework: it throws, in words that say what was found and what was wanted.

import { equal } from '../lib/equal.ts';

export function assertSame(what: string, actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) throw new Error(`${what}: found ${preview(actual)}, wanted ${preview(expected)}`);
}

export async function assertRejects(what: string, work: () => Promise<unknown>): Promise<void> {
  const outcome = await run(work);
  if (outcome === 'done') throw new Error(`${what}: was done, and should have been refused`);
  if (outcome === 'thrown') throw new Error(`${what}: was thrown at once, and should come by the promise`);
}

async function run(work: () => Promise<unknown>): Promise<'done' | 'refused' | 'thrown'> {
  let promise;
  try {
    promise = work();
  } catch {
    return 'thrown';
  }
  return promise.then(
    () => 'done',
    () => 'refused',
  );
}

const maxLength = 300;

function preview(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
