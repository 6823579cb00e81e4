// Undo and redo: what was written through a history, and what takes it back. Writes made elsewhere stay as they are. A part of its own, so
// that programs without it do not carry it.

import type { InstantCoreDatabase } from './database.ts';
import type { Step } from '../protocol/transact-messages.ts';
import { UndoApi, type Undoable } from '../reactor/mutations/undo.ts';
import type { WritePromise } from '../reactor/mutations/write-promise.ts';
import type { TransactionChunk } from '../types/transaction.ts';

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
 * The history of a database, or of a part of the app: the same name gives the same one.
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
  readonly #listeners = new Set<() => void>();
  #past: Entry[] = [];
  #future: Entry[] = [];
  #state: UndoState = { canUndo: false, canRedo: false };

  constructor({ _reactor }: AnyDatabase) {
    this.#api = new UndoApi(_reactor);
    // What somebody else wrote is not for the next one to take back.
    _reactor.events.on('auth', () => this.clear());
  }

  /**
   * The same as `db.transact`, and can be undone, as long as live queries show what it changes. Entities that none of them shows are
   * written too, and the write is not remembered.
   */
  transact(chunks: Chunks): WritePromise {
    const undoable = this.#api.transact(chunks);
    this.#future = [];
    this.#push(this.#past, undoable);
    return undoable.promise;
  }

  /** Takes the last write back. Undefined if there is none. */
  undo(): WritePromise | undefined {
    return this.#apply(this.#past, this.#future);
  }

  /** Makes the write that was undone last again. */
  redo(): WritePromise | undefined {
    return this.#apply(this.#future, this.#past);
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
    this.#changed();
  }

  /** The same object while nothing changed. */
  read(): UndoState {
    return this.#state;
  }

  subscribe(changed: () => void): () => void {
    const listener = (): void => changed();
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
      // What was refused never came to be, and there is nothing to take back.
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
