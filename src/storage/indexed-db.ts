// A KeyValue over IndexedDB: one database, one object store. Browsers close the connection behind our back (another tab
// upgrades, site data are cleared, Safari loses its server): it is opened again, and what failed for that is done once
// more. Writes wait for each other, and those that wait share one transaction, as it costs one flush to disk.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import { copyOps, type KeyValueOp, type KeyValue, storageClosed, storageFailed } from './key-value.ts';

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
  /** The writing that goes on, if any: it ends when nothing waits. */
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
    // One that is under way keeps the connection open, or would open another.
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
        // One of them is at fault, or there is room for some only: each for itself.
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

  /** Twice if need be: entries are put and removed by key, so to do it again does no harm. */
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
      // Another tab wants to upgrade or delete it, and waits for us.
      blocking: () => void this.#closeConnection(opening),
      terminated: () => void this.#closeConnection(opening),
    });
    this.#opening = opening;
    // What failed to open is tried anew by whoever asks next.
    opening.catch(() => void this.#closeConnection(opening));
    return opening;
  }

  /** Closes the connection, which lets its transactions end; the next use opens another. */
  async #closeConnection(opening = this.#opening): Promise<void> {
    if (this.#opening === opening) this.#opening = undefined;
    await opening?.then((db) => db.close()).catch(() => {});
  }
}

const lostConnectionNames: readonly string[] = ['InvalidStateError', 'UnknownError', 'AbortError'];

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && lostConnectionNames.includes(error.name);
}

/** The keys from `prefix` up to, and without, the first that is greater than all that begin so. */
function prefixRange(prefix: string): IDBKeyRange {
  const stem = prefix.replace(/\uffff+$/, '');
  const last = stem.length - 1;
  if (last < 0) return IDBKeyRange.lowerBound(prefix);
  return IDBKeyRange.bound(prefix, stem.slice(0, last) + String.fromCharCode(stem.charCodeAt(last) + 1), false, true);
}
