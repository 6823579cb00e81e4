// Modules that few programs need are separate chunks, loaded on first use.

import { TriplaneError } from '../errors.ts';

/**
 * Memoises an `import()`. A failure is not remembered: the next call tries again.
 *
 * @returns a function whose promise rejects with 'module-missing' if the module cannot be loaded
 */
export function lazy<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loading: Promise<Module> | undefined;
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw new TriplaneError(
        'module-missing',
        'A part of the client could not be loaded: the network failed, or a new version of the app was deployed. Reload the page.',
        { cause },
      );
    }));
}
