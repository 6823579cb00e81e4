// The writes that the server refused, until the app has read them and retried or discarded them. They outlive the page.

import type { Edit } from '../storage/key-value.ts';
import { readRefusal, type Refusal, refusalRecord, refusalRecordKey } from './refusal.ts';

export class Refusals {
  readonly #byId = new Map<string, Refusal>();

  list(): Refusal[] {
    return [...this.#byId.values()];
  }

  get(eventId: string): Refusal | undefined {
    return this.#byId.get(eventId);
  }

  add(refusal: Refusal): Edit[] {
    this.#byId.set(refusal.write.eventId, refusal);
    return [{ put: refusalRecordKey(refusal), value: refusalRecord(refusal) }];
  }

  remove(refusal: Refusal): Edit[] {
    this.#byId.delete(refusal.write.eventId);
    return [{ remove: refusalRecordKey(refusal) }];
  }

  load(records: readonly unknown[]): void {
    for (const record of records) {
      const refusal = readRefusal(record);
      if (refusal) this.#byId.set(refusal.write.eventId, refusal);
    }
  }

  clear(): void {
    this.#byId.clear();
  }
}
