// A write that is waited for: by those who have no session to be told in.

import type { Ledger } from './ledger.ts';
import type { Write } from './write.ts';

/** @returns the number of the transaction; rejects with InstantAPIError if it was refused */
export function submit(ledger: Ledger, write: Omit<Write, 'settle'>): Promise<number> {
  return new Promise((resolve, reject) => {
    ledger.write({ ...write, settle: (outcome) => (outcome.is === 'done' ? resolve(outcome.txId) : reject(outcome.error)) });
  });
}

/** What can be told of the data as they are durable. */
export function whenDurable<T>(ledger: Ledger, read: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = (): void => {
      try {
        resolve(read());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    ledger.read({ run, reject: reject });
  });
}
