// The two admin SDKs that the same tests run with: ours, and the official package, unmodified.

import * as officialSdk from '@instantdb/admin';

import * as ours from '../../src/admin/index.ts';

export type Sdk = typeof ours;

/** By the name a test shows. Programs see one API: the official package is given our types. */
export const sdks: readonly (readonly [name: string, sdk: Sdk])[] = [
  ['triplane/admin', ours],
  ['@instantdb/admin', officialSdk as unknown as Sdk],
];

/** What a call rejects or throws with. */
export async function failureOf(run: () => unknown): Promise<Error & Record<string, unknown>> {
  try {
    await run();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('The call did not fail');
}
