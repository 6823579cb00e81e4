// Exactly once against a server that has no memory of event ids: every sending of a transaction also makes a small entity whose unique
// attribute is its event id. A repeat is then refused as a whole, and read as "already applied". A later write takes away the receipts
// of those that were confirmed. Off unless asked for: the app's rules must allow it.

import type { Attrs } from '../db/attrs.ts';
import type { Step } from '../protocol/step.ts';
import type { AnySchema } from '../schema.ts';
import type { Edit } from '../storage/key-value.ts';
import { tx } from '../transact/chunk.ts';
import { expandChunks } from '../transact/expand.ts';
import { receiptEtype, receiptsKey } from './receipt.ts';

/** What `i.schema` would make, without all that it brings. */
const eventId = { valueType: 'string', config: { unique: true, indexed: true } };
const schema: AnySchema = { entities: { [receiptEtype]: { attrs: { eventId } } }, links: {} };

export class Receipts {
  /** Confirmed writes whose receipts are still at the server. */
  #redeemed = new Set<string>();
  /** Write → the receipts it takes away. */
  readonly #takenBy = new Map<string, readonly string[]>();

  /** What goes out with a write, anew each time: a receipt under a new id, and the end of those that have served. */
  steps(eventId: string, attrs: Attrs, id: () => string): Step[] {
    const receipts = tx[receiptEtype];
    const taken = [...this.#redeemed];
    this.#takenBy.set(eventId, taken);
    const gone = taken.map((other) => receipts?.lookup('eventId', other).delete());
    return expandChunks([...gone, receipts?.[id()]?.update({ eventId })], { attrs, schema, id });
  }

  confirmed(eventId: string, owner: string): Edit[] {
    for (const other of this.#takenBy.get(eventId) ?? []) this.#redeemed.delete(other);
    this.#takenBy.delete(eventId);
    this.#redeemed.add(eventId);
    return [{ put: receiptsKey(owner), value: [...this.#redeemed] }];
  }

  load(record: unknown): void {
    this.#redeemed = new Set(Array.isArray(record) ? record.filter((eventId) => typeof eventId === 'string') : []);
    this.#takenBy.clear();
  }
}
