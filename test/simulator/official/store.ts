// The stores of the official client on a virtual disk, in the form that it asks for.

import type { VirtualDisk } from '../../../src/testing/virtual/disk.ts';
import type { ProcessClock } from '../../../src/testing/virtual/process-clock.ts';
import type { KeyValue } from '../../../src/storage/key-value.ts';

type Pair = readonly [key: string, value: unknown];

export interface Stores {
  /** For `init`. */
  readonly Store: unknown;
  /** Resolves when everything that was begun is on disk. */
  close(): Promise<void>;
}

/** @param onStored is told the event ids of the writes that are on disk */
export function storesOn(disk: VirtualDisk, tab: ProcessClock, onStored: (eventIds: readonly string[]) => void): Stores {
  const opened: KeyValue[] = [];
  class Store {
    readonly #name: string;
    readonly #disk = disk.openFor(tab);

    constructor(_appId: string, name: string) {
      this.#name = name;
      opened.push(this.#disk);
    }

    async getItem(key: string): Promise<unknown> {
      return (await this.#disk.get(this.#at(key))) ?? null;
    }

    async getAllKeys(): Promise<string[]> {
      const prefix = this.#at('');
      return (await this.#disk.list(prefix)).map(([key]) => key.slice(prefix.length));
    }

    async removeItem(key: string): Promise<void> {
      await this.#disk.write([{ remove: this.#at(key) }]);
    }

    async multiSet(pairs: readonly Pair[]): Promise<void> {
      await this.#disk.write(pairs.map(([key, value]) => ({ put: this.#at(key), value })));
      const pending = pairs.find(([key]) => key === 'pendingMutations')?.[1] as readonly Pair[] | undefined;
      onStored(pending?.map(([eventId]) => eventId) ?? []);
    }

    #at(key: string): string {
      return `${this.#name}/${key}`;
    }
  }
  return {
    Store,
    close: async () => {
      for (const store of opened) await store.close();
    },
  };
}
