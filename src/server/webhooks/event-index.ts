// Index of an app's webhook events: where they are stored and when each is due. Holds no event itself.

import { eachInSlices } from '../slices.ts';
import type { EntityChange, WebhookEvent } from './webhook.ts';

/** Limits per webhook: events kept once they are finished, events that wait for a slow receiver, and characters of the changes of all. */
const mostEvents = 1000;
const mostWaiting = 10_000;
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

export interface Surplus {
  readonly gone: readonly number[];
  /** How many of them the receiver did not get. */
  readonly unsent: number;
}

const none: Surplus = { gone: [], unsent: 0 };

export class EventIndex {
  /** In order of creation. */
  readonly #webhooks = new Map<string, Map<number, Entry>>();
  readonly #lengths = new Map<string, number>();
  /** Webhooks that may have finished events. */
  readonly #finished = new Set<string>();

  clear(): void {
    this.#webhooks.clear();
    this.#finished.clear();
    this.#lengths.clear();
  }

  note(webhookId: string, txId: number, event: WebhookEvent | null): void {
    const entries = this.#webhooks.get(webhookId) ?? new Map<number, Entry>();
    const known = entries.get(txId);
    const length = event ? (known?.length ?? lengthOf(event.changes)) : 0;
    if (event) entries.set(txId, { txId, createdAt: event.createdAt, nextAt: event.nextAt, length });
    else entries.delete(txId);
    if (event?.nextAt === null) this.#finished.add(webhookId);
    this.#lengths.set(webhookId, (this.#lengths.get(webhookId) ?? 0) + length - (known?.length ?? 0));
    if (entries.size > 0) this.#webhooks.set(webhookId, entries);
    else this.#webhooks.delete(webhookId);
  }

  /** Newest first. */
  of(webhookId: string): number[] {
    return [...(this.#webhooks.get(webhookId)?.keys() ?? [])].sort((a, b) => b - a);
  }

  /** Events to drop to make room for one more: expired ones, then the oldest finished ones, then the oldest that were not sent. */
  surplus(webhookId: string, oldest: number): Surplus {
    const entries = this.#webhooks.get(webhookId);
    const first = entries?.values().next().value;
    let [count, length] = [(entries?.size ?? 0) + 1, this.#lengths.get(webhookId) ?? 0];
    const isOver = (most: number): boolean => count > most || length > mostLength;
    const most = this.#finished.has(webhookId) ? mostEvents : mostWaiting;
    if (!entries || (!isOver(most) && (!first || first.createdAt >= oldest))) return none;
    const gone: number[] = [];
    const drop = ({ txId, length: own }: Entry): void => {
      gone.push(txId);
      count--;
      length -= own;
    };
    const all = [...entries.values()];
    for (const entry of all) if (entry.nextAt === null && (isOver(mostEvents) || entry.createdAt < oldest)) drop(entry);
    const finished = gone.length;
    if (finished === all.filter(({ nextAt }) => nextAt === null).length) this.#finished.delete(webhookId);
    for (const entry of all) if (entry.nextAt !== null && (isOver(mostWaiting) || entry.createdAt < oldest)) drop(entry);
    return { gone, unsent: gone.length - finished };
  }

  /** When the next event is due, or any time up to `now` if one is due already; undefined if none is. */
  nextAt(now = -Infinity, isLeftOut: (webhookId: string) => boolean = () => false): number | undefined {
    let soonest: number | undefined;
    for (const [webhookId, entries] of this.#webhooks) {
      if (isLeftOut(webhookId)) continue;
      for (const { nextAt } of entries.values()) {
        if (nextAt !== null && (soonest === undefined || nextAt < soonest)) soonest = nextAt;
        if (soonest !== undefined && soonest <= now) return soonest;
      }
    }
    return soonest;
  }

  /** Oldest first; at most so many of each webhook. */
  due(now: number, most: number): EventPlace[] {
    const found: EventPlace[] = [];
    for (const [webhookId, entries] of this.#webhooks) {
      let count = 0;
      for (const { txId, nextAt } of entries.values()) {
        if (nextAt === null || nextAt > now) continue;
        found.push({ webhookId, txId });
        if (++count === most) break;
      }
    }
    return found.sort((a, b) => a.txId - b.txId);
  }
}
