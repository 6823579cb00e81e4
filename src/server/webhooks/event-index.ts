// Index of an app's webhook events: where they are stored and when each is due. Holds no event itself.

import { eachInSlices } from '../slices.ts';
import type { EntityChange, WebhookEvent } from './webhook.ts';

/** Limits per webhook: events kept, and characters of their changes. */
const mostEvents = 1000;
const mostLength = 16 * 1024 * 1024;

type Changes = readonly EntityChange[];

/** Changes of an event do not change. */
const lengths = new WeakMap<Changes, number>();

function lengthOf(changes: Changes): number {
  return lengths.get(changes) ?? JSON.stringify(changes).length;
}

/** Counts the characters of an event's changes, for the index. A generator: yields where others can be served. */
export function* countChanges(changes: Changes): Generator<void, void> {
  let length = 1;
  yield* eachInSlices(changes, (change) => (length += JSON.stringify(change).length + 1));
  lengths.set(changes, length);
}

interface Entry {
  readonly txId: number;
  readonly createdAt: number;
  readonly nextAt: number | null;
  readonly length: number;
}

export interface EventPlace {
  readonly webhookId: string;
  readonly txId: number;
}

export class EventIndex {
  /** In order of creation. */
  readonly #webhooks = new Map<string, Map<number, Entry>>();
  readonly #lengths = new Map<string, number>();

  clear(): void {
    this.#webhooks.clear();
    this.#lengths.clear();
  }

  note(webhookId: string, txId: number, event: WebhookEvent | null): void {
    const entries = this.#webhooks.get(webhookId) ?? new Map<number, Entry>();
    const known = entries.get(txId);
    const length = event ? (known?.length ?? lengthOf(event.changes)) : 0;
    if (event) entries.set(txId, { txId, createdAt: event.createdAt, nextAt: event.nextAt, length });
    else entries.delete(txId);
    this.#lengths.set(webhookId, (this.#lengths.get(webhookId) ?? 0) + length - (known?.length ?? 0));
    if (entries.size > 0) this.#webhooks.set(webhookId, entries);
    else this.#webhooks.delete(webhookId);
  }

  /** Newest first. */
  of(webhookId: string): number[] {
    return [...(this.#webhooks.get(webhookId)?.keys() ?? [])].sort((a, b) => b - a);
  }

  /** Events to drop to make room for one more: expired ones, then the oldest finished ones, then the oldest. */
  surplus(webhookId: string, oldest: number): number[] {
    const all = [...(this.#webhooks.get(webhookId)?.values() ?? [])];
    let [count, length] = [all.length + 1, this.#lengths.get(webhookId) ?? 0];
    const isOver = (): boolean => count > mostEvents || length > mostLength;
    const [first] = all;
    if (!isOver() && (!first || first.createdAt >= oldest)) return [];
    const gone: number[] = [];
    const ranked = [...all.filter(({ nextAt }) => nextAt === null), ...all.filter(({ nextAt }) => nextAt !== null)];
    for (const entry of ranked) {
      if (!isOver() && entry.createdAt >= oldest) continue;
      gone.push(entry.txId);
      count--;
      length -= entry.length;
    }
    return gone;
  }

  /** When the next event is due; undefined if none is. */
  nextAt(): number | undefined {
    let soonest: number | undefined;
    for (const entries of this.#webhooks.values()) {
      for (const { nextAt } of entries.values()) if (nextAt !== null && (soonest === undefined || nextAt < soonest)) soonest = nextAt;
    }
    return soonest;
  }

  /** Oldest first. */
  due(now: number): EventPlace[] {
    const found = [...this.#webhooks].flatMap(([webhookId, entries]) =>
      [...entries.values()].filter(({ nextAt }) => nextAt !== null && nextAt <= now).map(({ txId }) => ({ webhookId, txId })),
    );
    return found.sort((a, b) => a.txId - b.txId);
  }
}
