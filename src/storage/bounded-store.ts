// Gives up every call to a store that takes too long: a browser's may never respond, and the client must go on without it.

import { TriplaneError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { withTimeout } from '../lib/timeout.ts';
import { type KeyValue, storageClosed, storageFailed } from './key-value.ts';

const limitMs = 15_000;

/**
 * The same store, whose calls reject with 'timeout' after 15 seconds, with 'closed' once it is being closed, and otherwise with 'storage-failed'.
 * What they do later is ignored.
 */
export function boundedStore(store: KeyValue, clock: Clock): KeyValue {
  const pending = new Set<Promise<unknown>>();
  let isClosed = false;
  const bounded = async <T>(doing: string, call: () => T | Promise<T>): Promise<T> => {
    if (isClosed) throw storageClosed();
    let answer: Promise<T> | undefined;
    try {
      answer = withTimeout(Promise.resolve(call()), clock, limitMs, timeoutError);
      pending.add(answer);
      return await answer;
    } catch (cause) {
      throw storageFailed(doing, cause);
    } finally {
      if (answer) pending.delete(answer);
    }
  };
  return {
    get: (key) => bounded('read', () => store.get(key)),
    list: (prefix) => bounded('read', () => store.list(prefix)),
    write: (ops) => bounded('write', () => store.write(ops)),
    close: () =>
      bounded('close', async () => {
        const before = [...pending];
        isClosed = true;
        await store.close();
        await Promise.allSettled(before);
      }),
  };
}

function timeoutError(): TriplaneError {
  return new TriplaneError('timeout', `The store did not respond within ${limitMs / 1000} s`);
}
