// What everybody has to know of receipts, whether they are in use or not.

import type { RefusalBody } from '../errors.ts';
import { isObject } from '../protocol/check.ts';

export const receiptEtype = 'triplaneReceipts';

/** Where those of a user are kept. */
export function receiptsKey(owner: string): string {
  return `receipts/${owner}`;
}

/** The write was applied before: this is a repeat. */
export function isReceiptTaken({ type, hint }: RefusalBody): boolean {
  return type === 'record-not-unique' && isObject(hint) && hint['etype'] === receiptEtype && hint['label'] === 'eventId';
}
