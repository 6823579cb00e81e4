// The port to what outlives the page: values by key. What the keys and values mean is not known here. docs/storage.md tells how to write
// one; `triplane/testing` has the cases it must pass.

import { TriplaneError } from '../errors.ts';

export type KeyValueOp = { readonly put: string; readonly value: unknown } | { readonly remove: string };

/**
 * Where a client keeps what it must not forget: `init({ storage })`. Keys are texts, values are what JSON can hold. Any error will do for
 * what cannot be done.
 *
 * @example
 * const db = init({ appId, storage: indexedDbStore('mine') });
 */
export interface KeyValue {
  /**
   * Tells tabs of one browser that they keep the same: those that name the same one act as one client, of which one sends. Without it each
   * tab stands for itself.
   */
  readonly sharedAs?: string;
  /** undefined if there is none. */
  get(key: string): Promise<unknown>;
  /** Every entry whose key begins so, in the order of keys. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  /**
   * All edits or none, in order; writes take effect in the order they were asked for. Durable when it resolves.
   * Values are copied when this is called.
   */
  write(ops: readonly KeyValueOp[]): Promise<void>;
  /** What was asked for before is still done; what is asked for later is refused as 'closed'. A promise tells when nothing of it is open. */
  close(): void | Promise<void>;
}

export function storageFailed(doing: string, cause: unknown): TriplaneError {
  if (cause instanceof TriplaneError) return cause;
  const why = cause instanceof Error ? `: ${cause.name}, ${cause.message}` : '';
  return new TriplaneError('storage-failed', `The durable store could not ${doing}${why}`, { cause });
}

export function storageClosed(): TriplaneError {
  return new TriplaneError('closed', 'The store was closed');
}

/** The edits with values of their own. @throws TriplaneError 'storage-failed' for what cannot be copied, such as a function */
export function copyOps(ops: readonly KeyValueOp[]): readonly KeyValueOp[] {
  try {
    return structuredClone(ops);
  } catch (cause) {
    throw storageFailed('copy a value', cause);
  }
}
