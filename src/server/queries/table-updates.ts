// What sync tables of one namespace are sent after transactions: filtered and serialised once, in slices, whatever the number of
// subscriptions. A transaction is never split over messages: a client that resumes between two would lose the rest.

import type { ServerMessage, SyncTx } from '../../protocol/server-message.ts';
import type { SyncChange } from '../../protocol/sync-table-messages.ts';
import type { Triple } from '../../protocol/triple.ts';
import type { LogEntry } from '../storage/storage.ts';
import { JsonText } from './results.ts';

/** A triple in wire form. */
export type Present = (triple: Triple) => Triple;

/** Transactions of one message. */
const batchSize = 100;
/** Changes that are handled between two breaks, and the most in one part of a message. */
const partSize = 2000;

export class TableUpdates {
  readonly #texts: readonly JsonText[];
  /** Whether others are to be served between the messages of two subscriptions. */
  readonly isLong: boolean;

  constructor(texts: readonly JsonText[], isLong: boolean) {
    this.#texts = texts;
    this.isLong = isLong;
  }

  messages(id: string): ServerMessage[] {
    return this.#texts.map((text) => ({
      op: 'sync-update-triples',
      'subscription-id': id,
      txes: text as unknown as readonly SyncTx[],
    }));
  }
}

/** A generator: yields where others can be served. `sent`: ids of the attrs that the tables have. */
export function* updateSteps(entries: readonly LogEntry[], sent: ReadonlySet<string>, present: Present): Generator<void, TableUpdates> {
  const txes: string[][] = [];
  let visited = 0;
  let isLong = false;
  for (const { txId, changes } of entries) {
    const parts: string[] = [];
    for (let at = 0; at < changes.length; at += partSize) {
      const some = changes.slice(at, at + partSize);
      const own = some.flatMap(({ action, triple }): SyncChange[] => (sent.has(triple[1]) ? [{ action, triple: present(triple) }] : []));
      if (own.length > 0) parts.push(JSON.stringify(own).slice(1, -1));
      visited += some.length;
      if (visited < partSize) continue;
      visited = 0;
      isLong = true;
      yield;
    }
    if (parts.length > 0) txes.push([`{"tx-id":${txId},"changes":[`, ...separated(parts), ']}']);
  }
  return new TableUpdates(textsOf(txes), isLong);
}

function textsOf(txes: readonly (readonly string[])[]): JsonText[] {
  const texts: JsonText[] = [];
  for (let at = 0; at < txes.length; at += batchSize) {
    const some = txes.slice(at, at + batchSize);
    texts.push(new JsonText(['[', ...some.flatMap((parts, index) => (index > 0 ? [',', ...parts] : parts)), ']']));
  }
  return texts;
}

const separated = (parts: readonly string[]): string[] => parts.map((part, at) => (at > 0 ? `,${part}` : part));
