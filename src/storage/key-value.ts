// The port to persistent storage: values by key. Independent of the meaning of keys and values. docs/storage.md explains how to implement
// it; `triplane/storage-conformance` exports the conformance suite.

import { TriplaneError } from '../errors.ts';
import { clone } from '../lib/clone.ts';
import { errorOf } from '../lib/thrown.ts';

export type KeyValueOp = { readonly put: string; readonly value: unknown } | { readonly remove: string };

/**
 * The persistent storage of a client: `init({ storage })`. Keys are strings, values are JSON-like. Operations may reject with any error.
 *
 * @example
 * const db = init({ appId, storage: indexedDbStore('mine') });
 */
export interface KeyValue {
  /**
   * Identifies the underlying store to other tabs of the browser: tabs with the same name act as one client with one connection. Without
   * it, each tab is a client of its own.
   */
  readonly sharedAs?: string;
  /** Resolves to undefined if there is no entry. */
  get(key: string): Promise<unknown>;
  /** Every entry whose key starts with `prefix`, ordered by key. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  /**
   * Applies all operations or none, in order; writes take effect in call order. Resolves when the data is durable. Values are copied when
   * the function is called.
   */
  write(ops: readonly KeyValueOp[]): Promise<void>;
  /**
   * Pending operations complete; later ones reject with 'closed'. If a promise is returned, it resolves when all resources are released.
   */
  close(): void | Promise<void>;
}

export function storageFailed(doing: string, cause: unknown): TriplaneError {
  const error = errorOf(cause);
  if (error instanceof TriplaneError) return error;
  return new TriplaneError('storage-failed', `The durable store could not ${doing}: ${error.name}, ${error.message}`, { cause });
}

export function storageClosed(): TriplaneError {
  return new TriplaneError('closed', 'The store is closed');
}

/**
 * Copies the operations and their values.
 *
 * @throws TriplaneError 'storage-failed' for values that cannot be cloned, such as functions
 */
export function copyOps(ops: readonly KeyValueOp[]): readonly KeyValueOp[] {
  try {
    return clone(ops);
  } catch (cause) {
    throw storageFailed('copy a value', cause);
  }
}
