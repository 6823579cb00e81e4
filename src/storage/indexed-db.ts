// A KeyValue over IndexedDB: one database, one object store. Browsers may close the connection at any time (another tab upgrades, site data
// is cleared, Safari loses its server): it is then reopened and the failed operation repeated once. Writes are serialized, and waiting
// writes share one transaction, which costs one flush to disk.

import { committed, resultOf } from './idb-requests.ts';
import { copyOps, type KeyValue, type KeyValueOp, storageClosed, storageFailed } from './key-value.ts';

const version = 1;
const entries = 'entries';

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
  #opening: Promise<IDBDatabase> | undefined;
  #writes: QueuedWrite[] = [];
  /** The running write loop; undefined if no write is waiting. */
  #writing: Promise<void> | undefined;
  readonly #reading = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  async get(key: string): Promise<unknown> {
    return this.#read((db) => resultOf(entriesOf(db).get(key)));
  }

  async list(prefix: string): Promise<[key: string, value: unknown][]> {
    return this.#read(async (db) => {
      const store = entriesOf(db);
      const range = prefixRange(prefix);
      const [keys, values] = await Promise.all([resultOf(store.getAllKeys(range)), resultOf(store.getAll(range))]);
      return keys.map((key, at) => [key as string, values[at]]);
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
      const store = tx.objectStore(entries);
      for (const op of ops) {
        if ('put' in op) store.put(op.value, op.put);
        else store.delete(op.remove);
      }
      const done = committed(tx);
      // Committed at once: a tab that is frozen now must not keep the others waiting for it.
      tx.commit();
      await done;
    });
  }

  async #read<T>(run: (db: IDBDatabase) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storageClosed();
    const reading = this.#attempt('read', run);
    this.#reading.add(reading);
    return reading.finally(() => this.#reading.delete(reading));
  }

  /** Retries once after a lost connection. Entries are set and removed by key, so repeating an operation is harmless. */
  async #attempt<T>(doing: string, run: (db: IDBDatabase) => Promise<T>, isLast = false): Promise<T> {
    try {
      return await run(await this.#open());
    } catch (error) {
      if (isLast || !isLostConnection(error)) throw storageFailed(doing, error);
      void this.#closeConnection();
      return this.#attempt(doing, run, true);
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opening) return this.#opening;
    const request = indexedDB.open(this.#name, version);
    request.onupgradeneeded = () => void request.result.createObjectStore(entries);
    const opening = resultOf(request);
    this.#opening = opening;
    // The next operation opens the database again.
    const close = (): void => void this.#closeConnection(opening);
    opening.then((db) => {
      // Another tab waits to upgrade or delete the database.
      db.onversionchange = close;
      // The browser has closed the connection.
      db.onclose = close;
    }, close);
    return opening;
  }

  /** Closes the connection after its transactions; the next operation opens another one. */
  async #closeConnection(opening = this.#opening): Promise<void> {
    if (this.#opening === opening) this.#opening = undefined;
    await opening?.then((db) => db.close()).catch(() => {});
  }
}

function entriesOf(db: IDBDatabase): IDBObjectStore {
  return db.transaction(entries).objectStore(entries);
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
