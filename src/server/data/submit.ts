// Writes and reads of the ledger as promises, for callers without a session.

import type { Ledger } from './ledger.ts';
import type { Write } from './write.ts';

/** @returns the number of the transaction; rejects with InstantAPIError if it was refused */
export function submit(ledger: Ledger, write: Omit<Write, 'settle'>): Promise<number> {
  return new Promise((resolve, reject) => {
    ledger.write({ ...write, settle: (outcome) => (outcome.is === 'done' ? resolve(outcome.txId) : reject(outcome.error)) });
  });
}

/** The result of `read`, called with durable state. */
export function whenDurable<T>(ledger: Ledger, read: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    ledger.read({ run: () => resolve(read()), reject });
  });
}
