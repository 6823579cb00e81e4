// A store of items over IndexedDB, as programs for InstantDB's client hand one to `init`. Whoever hands in none has the same,
// and less to load.

import { StoreInterface } from './compat.ts';
import { indexedDbStore } from '../storage/indexed-db.ts';
import type { KeyValue } from '../storage/key-value.ts';
import type { StoreInterfaceStoreName } from '../types/ports.ts';

export class IndexedDBStorage extends StoreInterface {
  readonly #store: KeyValue;

  constructor(appId: string, storeName: StoreInterfaceStoreName) {
    super(appId, storeName);
    this.#store = indexedDbStore(`triplane/${appId}/${storeName}`);
  }

  /** Null for what is not there. */
  async getItem(key: string): Promise<unknown> {
    return (await this.#store.get(key)) ?? null;
  }

  async setItem(key: string, value: unknown): Promise<void> {
    await this.multiSet([[key, value]]);
  }

  async multiSet(keyValuePairs: [string, unknown][]): Promise<void> {
    await this.#store.write(keyValuePairs.map(([put, value]) => ({ put, value })));
  }

  async removeItem(key: string): Promise<void> {
    await this.#store.write([{ remove: key }]);
  }

  async getAllKeys(): Promise<string[]> {
    return (await this.#store.list('')).map(([key]) => key);
  }
}
