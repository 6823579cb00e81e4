// Reads of what the platform offers. A getter of a browser may throw: where cookies are blocked, Firefox does so for `indexedDB`,
// `navigator.locks` and others. To a program that is the same as if the platform did not have it.

/**
 * @param read reads one global, or makes an object of its class
 * @returns undefined if the platform does not have it, or does not let this page use it
 * @example
 * const locks = readGlobal(() => navigator.locks);
 */
export function readGlobal<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
