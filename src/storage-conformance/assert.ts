// Assertions for the conformance suite, independent of a test framework: they throw an error with the actual and the expected value.

import { equal } from '../lib/equal.ts';

export function assertSame(what: string, actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) throw new Error(`${what}: found ${preview(actual)}, expected ${preview(expected)}`);
}

export async function assertRejects(what: string, work: () => Promise<unknown>): Promise<void> {
  const outcome = await run(work);
  if (outcome === 'done') throw new Error(`${what}: resolved, expected a rejection`);
  if (outcome === 'thrown') throw new Error(`${what}: threw synchronously, expected a rejected promise`);
}

async function run(work: () => Promise<unknown>): Promise<'done' | 'rejected' | 'thrown'> {
  let promise;
  try {
    promise = work();
  } catch {
    return 'thrown';
  }
  return promise.then(
    () => 'done',
    () => 'rejected',
  );
}

const maxLength = 300;

function preview(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
