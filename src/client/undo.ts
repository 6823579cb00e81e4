// Undo and redo of writes made through a history. Other writes are not affected. Separate from the database, so that bundlers can omit it.

import type { InstantCoreDatabase } from './database.ts';
import type { Step } from '../protocol/transact-messages.ts';
import { assertCallback } from '../reactor/client-errors.ts';
import { guarded } from '../reactor/notify.ts';
import { UndoApi, type Undoable } from '../reactor/mutations/undo.ts';
import type { WritePromise } from '../reactor/mutations/write-promise.ts';
import type { TransactionChunk } from '../types/transaction.ts';
import { internals } from '../lib/internals.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- a history belongs to a database of any schema, and its writes to any namespace */
type AnyDatabase = InstantCoreDatabase<any, any>;
type Chunks = TransactionChunk<any, any> | TransactionChunk<any, any>[];
/* eslint-enable @typescript-eslint/no-explicit-any */

export interface UndoState {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

interface Entry {
  readonly steps: readonly Step[];
}

const limit = 100;
const histories = new WeakMap<AnyDatabase, Map<string, UndoHistory>>();

/**
 * Returns the history of a database, or of a part of the app: one per name.
 *
 * @example
 * const history = undoHistory(db);
 * history.transact(db.tx.goals[goalId].update({ title: 'Learn to dive' }));
 * history.undo(); // 'Learn to swim' again
 */
export function undoHistory(db: AnyDatabase, name = ''): UndoHistory {
  const byName = histories.get(db) ?? new Map<string, UndoHistory>();
  histories.set(db, byName);
  const history = byName.get(name) ?? new UndoHistory(db);
  byName.set(name, history);
  return history;
}

export class UndoHistory {
  readonly #api: UndoApi;
  readonly #report: (error: Error) => void;
  readonly #listeners = new Set<() => void>();
  #past: Entry[] = [];
  #future: Entry[] = [];
  #state: UndoState = { canUndo: false, canRedo: false };

  constructor(db: AnyDatabase) {
    const { reactor } = db[internals];
    this.#api = new UndoApi(reactor);
    this.#report = (error) => reactor.report(error);
    // A user must not undo another user's writes.
    reactor.events.on('auth', () => this.clear());
  }

  /**
   * Like `db.transact`, and records the write if live queries contain everything it changes. Other writes are executed without being
   * recorded.
   */
  transact(chunks: Chunks): WritePromise {
    const undoable = this.#api.transact(chunks);
    this.#future = [];
    this.#push(this.#past, undoable);
    return undoable.promise;
  }

  /** Undoes the last write. Returns undefined if there is none. */
  undo(): WritePromise | undefined {
    return this.#apply(this.#past, this.#future);
  }

  /** Repeats the write that was undone last. Returns undefined if there is none. */
  redo(): WritePromise | undefined {
    return this.#apply(this.#future, this.#past);
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
    this.#changed();
  }

  /** Keeps its identity while nothing changes. */
  read(): UndoState {
    return this.#state;
  }

  subscribe(changed: () => void): () => void {
    assertCallback('subscribe', changed);
    const listener = (): void => guarded(changed, this.#report);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #apply(from: Entry[], to: Entry[]): WritePromise | undefined {
    const entry = from.pop();
    if (!entry) return undefined;
    const undoable = this.#api.apply(entry.steps);
    this.#push(to, undoable);
    return undoable.promise;
  }

  #push(list: Entry[], { inverse, promise: written }: Undoable): void {
    if (inverse && inverse.length > 0) {
      const entry: Entry = { steps: inverse };
      list.push(entry);
      if (list.length > limit) list.shift();
      // A rejected write has no effect, so there is nothing to undo.
      written.settled.catch(() => this.#forget(entry));
    }
    this.#changed();
  }

  #forget(entry: Entry): void {
    this.#past = this.#past.filter((other) => other !== entry);
    this.#future = this.#future.filter((other) => other !== entry);
    this.#changed();
  }

  #changed(): void {
    const [canUndo, canRedo] = [this.#past.length > 0, this.#future.length > 0];
    if (canUndo === this.#state.canUndo && canRedo === this.#state.canRedo) return;
    this.#state = { canUndo, canRedo };
    for (const changed of [...this.#listeners]) changed();
  }
}
