// Ids that stay the same on this device, by name.

import type { Random } from '../lib/random.ts';
import type { KeyValue } from '../storage/key-value.ts';

export class LocalIds {
  /** Those that were read, for who cannot wait. */
  readonly known = new Map<string, string>();
  readonly #store: KeyValue;
  readonly #random: Random;
  readonly #asked = new Map<string, Promise<string>>();

  constructor(store: KeyValue, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  get(name: string): Promise<string> {
    const known = this.#asked.get(name);
    if (known) return known;
    const asked = this.#read(`local-id/${name}`);
    this.#asked.set(name, asked);
    asked.then(
      (id) => this.known.set(name, id),
      () => this.#asked.delete(name),
    );
    return asked;
  }

  async #read(key: string): Promise<string> {
    const kept = await this.#store.get(key);
    if (typeof kept === 'string') return kept;
    const fresh = this.#random.uuid();
    await this.#store.write([{ put: key, value: fresh }]);
    return fresh;
  }
}
