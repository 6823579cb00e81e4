// Promise-based writes and reads of the ledger, for callers without a session.

import type { Ledger } from './ledger.ts';
import type { Write } from './write.ts';

/** Resolves to the transaction id. Rejects with InstantAPIError if the write is rejected. */
export function submit(ledger: Ledger, write: Omit<Write, 'settle'>): Promise<number> {
  return new Promise((resolve, reject) => {
    ledger.write({ ...write, settle: (outcome) => (outcome.is === 'done' ? resolve(outcome.txId) : reject(outcome.error)) });
  });
}

/** Resolves to the result of `read`, which is called with durable state. */
export function whenDurable<T>(ledger: Ledger, read: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    ledger.read({ run: () => resolve(read()), reject });
  });
}
