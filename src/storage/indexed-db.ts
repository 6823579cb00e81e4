// A KeyValue over IndexedDB: one database, one object store. Browsers may close the connection at any time (another tab upgrades, site data
// is cleared, Safari loses its server): it is then reopened and the failed operation repeated once. Writes of one task share a transaction,
// which costs one flush to disk. A transaction does not wait for the one before it: the browser carries out those that are committed, one after
// the other, even if the page ends meanwhile.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { copyOps, type KeyValue, type KeyValueOp, storageClosed, storageFailed } from './key-value.ts';

const version = 1;
const entries = 'entries';

interface Shape extends DBSchema {
  entries: { key: string; value: unknown };
}

type IdbConnection = IDBPDatabase<Shape>;

export function indexedDbStore(name: string): KeyValue {
  return new IndexedDbStore(name);
}

interface QueuedWrite {
  readonly ops: readonly KeyValueOp[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

class IndexedDbStore implements KeyValue {
  readonly #name: string;
  #opening: Promise<IdbConnection> | undefined;
  /** The writes of this task. */
  #writes: QueuedWrite[] = [];
  /** Resolves after the last of them. */
  #writing: Promise<void> | undefined;
  #repeats = 0;
  readonly #reading = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  async get(key: string): Promise<unknown> {
    return this.#read((db) => db.get(entries, key));
  }

  async list(prefix: string): Promise<[key: string, value: unknown][]> {
    return this.#read(async (db) => {
      const store = db.transaction(entries).store;
      const [keys, values] = await Promise.all([store.getAllKeys(prefixRange(prefix)), store.getAll(prefixRange(prefix))]);
      return keys.map((key, at) => [key, values[at]]);
    });
  }

  async write(ops: readonly KeyValueOp[]): Promise<void> {
    if (this.#isClosed) throw storageClosed();
    const copies = copyOps(ops);
    const written = new Promise<void>((done, failed) => this.#writes.push({ ops: copies, done, failed }));
    if (this.#writes.length > 1) return written;
    const earlier = this.#writing;
    this.#writing = Promise.resolve().then(() => this.#writeBatch(earlier));
    return written;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    // A pending read keeps the connection open, or would open a new one.
    await Promise.allSettled(this.#reading);
    await this.#closeConnection();
  }

  async #writeBatch(earlier: Promise<void> | undefined): Promise<void> {
    const batch = this.#writes.splice(0);
    const repeats = this.#repeats;
    // Begun before the earlier ones are done.
    const committing = this.#commit(batch.flatMap(({ ops }) => ops)).catch(() => void (this.#repeats += 1));
    await Promise.all([committing, earlier]);
    if (repeats === this.#repeats) for (const { done } of batch) done();
    // One write is invalid, or only some fit into the quota, or an earlier one took effect once more after this one: one by one.
    else for (const { ops, done, failed } of batch) await this.#commit(ops).then(done, failed);
  }

  async #commit(ops: readonly KeyValueOp[]): Promise<void> {
    await this.#attempt('write', async (db) => {
      const tx = db.transaction(entries, 'readwrite', { durability: 'strict' });
      const { store } = tx;
      const requests = ops.map((op) => ('put' in op ? store.put(op.value, op.put) : store.delete(op.remove)));
      // Committed at once: a tab that is frozen now must not keep the others waiting for it.
      tx.commit();
      // The transaction's own failure says why; a request's often says no more than that it was aborted.
      await Promise.all([tx.done, ...requests.map((request) => request.catch(() => undefined))]);
    });
  }

  async #read<T>(run: (db: IdbConnection) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storageClosed();
    const reading = this.#attempt('read', run);
    this.#reading.add(reading);
    return reading.finally(() => this.#reading.delete(reading));
  }

  /** Retries once after a lost connection. Entries are set and removed by key, so repeating an operation is harmless. */
  async #attempt<T>(doing: string, run: (db: IdbConnection) => Promise<T>, isLast = false): Promise<T> {
    try {
      return await run(await this.#open());
    } catch (error) {
      if (isLast || !isLostConnection(error)) throw storageFailed(doing, error);
      void this.#closeConnection();
      this.#repeats += 1;
      return this.#attempt(doing, run, true);
    }
  }

  #open(): Promise<IdbConnection> {
    if (this.#opening) return this.#opening;
    const opening = openDB<Shape>(this.#name, version, {
      upgrade: (db) => void db.createObjectStore(entries),
      // Another tab waits to upgrade or delete the database.
      blocking: () => void this.#closeConnection(opening),
      terminated: () => void this.#closeConnection(opening),
    });
    this.#opening = opening;
    // The next operation opens the database again.
    opening.catch(() => void this.#closeConnection(opening));
    return opening;
  }

  /** Closes the connection after its transactions; the next operation opens another one. */
  async #closeConnection(opening = this.#opening): Promise<void> {
    if (this.#opening === opening) this.#opening = undefined;
    await opening?.then((db) => db.close()).catch(() => {});
  }
}

const lostConnectionNames: readonly string[] = ['InvalidStateError', 'UnknownError', 'AbortError'];

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && lostConnectionNames.includes(error.name);
}

/** The key range from `prefix` up to, and excluding, the first key greater than all keys with this prefix. */
function prefixRange(prefix: string): IDBKeyRange {
  const stem = prefix.replace(/\uffff+$/, '');
  const last = stem.length - 1;
  if (last < 0) return IDBKeyRange.lowerBound(prefix);
  return IDBKeyRange.bound(prefix, stem.slice(0, last) + String.fromCharCode(stem.charCodeAt(last) + 1), false, true);
}
