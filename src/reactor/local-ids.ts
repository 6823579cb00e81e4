// Ids that stay the same on this device, by name.

import type { Random } from '../lib/random.ts';
import type { KeyValue } from '../storage/key-value.ts';

export function localIdKey(name: string): string {
  return `local-id/${name}`;
}

export class LocalIds {
  /** Ids already loaded, for synchronous callers. */
  readonly known = new Map<string, string>();
  readonly #store: KeyValue;
  readonly #random: Random;
  /** What another client left on the device is in the store from then on. */
  readonly #adopted: () => Promise<unknown> | undefined;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(store: KeyValue, random: Random, adopted: () => Promise<unknown> | undefined = () => undefined) {
    this.#store = store;
    this.#random = random;
    this.#adopted = adopted;
  }

  get(name: string): Promise<string> {
    const known = this.#pending.get(name);
    if (known) return known;
    const pending = this.#read(localIdKey(name));
    this.#pending.set(name, pending);
    pending.then(
      (id) => this.known.set(name, id),
      () => this.#pending.delete(name),
    );
    return pending;
  }

  async #read(key: string): Promise<string> {
    await this.#adopted();
    const stored = await this.#store.get(key);
    if (typeof stored === 'string') return stored;
    const fresh = this.#random.uuid();
    await this.#store.write([{ put: key, value: fresh }]);
    return fresh;
  }
}
