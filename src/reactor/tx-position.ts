// Decides whether a result includes an acknowledged write. PROTOCOL.md#refresh-ok, #isn

import type { Processed } from '../protocol/query-messages.ts';

/** Of an acknowledged write. */
export interface TxPosition {
  readonly txId: number;
  readonly isn: string | undefined;
}

/**
 * A result names the newest transaction it includes. Servers assign ids at the start of a transaction and log positions at its commit: where
 * both are known, the result must have reached both.
 */
export function isIncluded({ txId, isn }: Partial<TxPosition>, processed: Processed | undefined): boolean {
  const processedTx = processed?.['processed-tx-id'];
  if (txId === undefined || processedTx === undefined || processedTx === null || txId > processedTx) return false;
  const processedIsn = processed?.['processed-isn'];
  return !isn || !processedIsn || compareIsn(isn, processedIsn) <= 0;
}

/** The position of a result. */
export function processedOf(message: Processed): Processed {
  return { 'processed-tx-id': message['processed-tx-id'], 'processed-isn': message['processed-isn'] };
}

/** Whether one result is older than another of the same session. */
export function isOlder(one: Processed, other: Processed | undefined): boolean {
  const ownTx = one['processed-tx-id'];
  const otherTx = other?.['processed-tx-id'];
  if (ownTx === undefined || ownTx === null || otherTx === undefined || otherTx === null) return false;
  if (ownTx !== otherTx) return ownTx < otherTx;
  const isn = one['processed-isn'];
  const otherIsn = other?.['processed-isn'];
  return Boolean(isn && otherIsn && compareIsn(isn, otherIsn) < 0);
}

/** `<slot>/<high>/<low>`, each an unsigned hexadecimal number. Negative if the first is earlier. */
export function compareIsn(one: string, other: string): number {
  const otherTx = other.split('/');
  for (const [at, part] of one.split('/').entries()) {
    const difference = parseInt(part, 16) - parseInt(otherTx[at] ?? '0', 16);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return 0;
}
