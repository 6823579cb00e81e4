// A KeyValue over IndexedDB: one database, one object store. Browsers may close the connection at any time (another tab upgrades, site data
// is cleared, Safari loses its server): it is then reopened and the failed operation repeated once. Writes are serialized, and waiting
// writes share one transaction, which costs one flush to disk.

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
  #writes: QueuedWrite[] = [];
  /** The running write loop; undefined if no write is waiting. */
  #writing: Promise<void> | undefined;
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
    this.#writing ??= this.#writeAll();
    return written;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    // A pending read keeps the connection open, or would open a new one.
    await Promise.allSettled(this.#reading);
    await this.#closeConnection();
  }

  async #writeAll(): Promise<void> {
    while (this.#writes.length > 0) {
      const batch = this.#writes;
      this.#writes = [];
      try {
        await this.#commit(batch.flatMap(({ ops }) => ops));
        for (const { done } of batch) done();
      } catch {
        // One write is invalid, or only some fit into the quota: retry them one by one.
        for (const { ops, done, failed } of batch) await this.#commit(ops).then(done, failed);
      }
    }
    this.#writing = undefined;
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
