// What everybody has to know of receipts, whether they are in use or not.

// Exactly once against a server that has no memory of event ids: every sending of a transaction also makes a small entity whose unique
// attribute is its event id. A repeat is then refused as a whole, and read as "already applied". A later write takes away the receipts
// of those that were confirmed. Off unless asked for: the app's rules must allow it.

import type { AnySchema } from '../../schema/schema.ts';
import type { Attrs } from '../../db/attrs.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { RejectionBody } from '../../errors.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { expandChunks } from '../../transact/expand.ts';
import { isObject } from '../../lib/json.ts';
import { tx } from '../../transact/chunk.ts';

export const receiptEtype = 'triplaneReceipts';

/** Where those of a user are kept. */
export function receiptsKey(owner: string): string {
  return `receipts/${owner}`;
}

/** The write was applied before: this is a repeat. */
export function isDuplicateReceipt({ type, hint }: RejectionBody): boolean {
  return type === 'record-not-unique' && isObject(hint) && hint['etype'] === receiptEtype && hint['label'] === 'eventId';
}

/** What `i.schema` would make, without all that it brings. */
const eventId = { valueType: 'string', config: { unique: true, indexed: true } };
const schema: AnySchema = { entities: { [receiptEtype]: { attrs: { eventId } } }, links: {} };

export class Receipts {
  /** Confirmed writes whose receipts are still at the server. */
  #removable = new Set<string>();
  /** Write → the receipts it takes away. */
  readonly #removedBy = new Map<string, readonly string[]>();

  /** What goes out with a write, anew each time: a receipt under a new id, and the end of those that have served. */
  steps(eventId: string, attrs: Attrs, id: () => string): Step[] {
    const receipts = tx[receiptEtype];
    const removed = [...this.#removable];
    this.#removedBy.set(eventId, removed);
    const deletions = removed.map((other) => receipts?.lookup('eventId', other).delete());
    return expandChunks([...deletions, receipts?.[id()]?.update({ eventId })], { attrs, schema, id });
  }

  acknowledge(eventId: string, owner: string): KeyValueOp[] {
    for (const other of this.#removedBy.get(eventId) ?? []) this.#removable.delete(other);
    this.#removedBy.delete(eventId);
    this.#removable.add(eventId);
    return [{ put: receiptsKey(owner), value: [...this.#removable] }];
  }

  load(record: unknown): void {
    this.#removable = new Set(Array.isArray(record) ? record.filter((eventId) => typeof eventId === 'string') : []);
    this.#removedBy.clear();
  }
}
