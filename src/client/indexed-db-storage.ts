// A store class over IndexedDB with the interface of InstantDB's client, for programs that pass one to `init`. The default storage is equivalent
// and smaller.

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

  /** Resolves with null if there is no item. */
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
