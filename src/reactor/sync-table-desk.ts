// Where whole namespaces are asked for. Loaded with the first one.

import type { WireQuery } from '../protocol/query-messages.ts';
import { queryKey } from '../query/key.ts';
import { asError } from './trouble.ts';
import type { Back } from './desk.ts';
import { type KeptTable, readKept, tablePrefix } from './sync-kept.ts';
import { SyncTables, type TableListener } from './sync-tables.ts';

export class SyncTableDesk {
  readonly #back: Back;
  readonly #loaded: Promise<void>;
  readonly #tables: SyncTables;
  /** The tables whose copy on the device is ours to go on with: two tabs that did would each miss what the other is told. */
  readonly #ours = new Set<string>();

  /** `loaded`: when it is known who is signed in. */
  constructor(back: Back, loaded: Promise<void>) {
    this.#back = back;
    this.#loaded = loaded;
    this.#tables = back.organs.extras.install(new SyncTables(back.config.random, back.config.useDates));
  }

  /** Tells what the device has, then every step. Gives what ends it; `isKept`: the next one can go on from there. */
  watch(query: WireQuery, listener: TableListener): (isKept: boolean) => void {
    let isStopped = false;
    // A listener of its own, though the same function may listen twice.
    const own: TableListener = (event) => {
      if (!isStopped) listener(event);
    };
    const begun = this.#begin(query, own, () => isStopped).catch((error: unknown) => this.#back.report(asError(error)));
    return (isKept) => {
      isStopped = true;
      void begun.then(() => this.#back.run(this.#tables.leave(query, own, this.#back.organs.session.owner, isKept)));
    };
  }

  async #begin(query: WireQuery, listener: TableListener, isStopped: () => boolean): Promise<void> {
    await this.#loaded;
    const key = queryKey(query);
    const kept = this.#tables.has(key) ? undefined : await this.#kept(key);
    if (isStopped()) return;
    this.#back.run(this.#tables.listen(query, listener, this.#back.organs.catalogue.known, kept, this.#ours.has(key)));
  }

  /** A store that fails keeps nobody from what the server has. */
  async #kept(key: string): Promise<KeptTable | undefined> {
    const { organs, config } = this.#back;
    const { owner } = organs.session;
    const prefix = tablePrefix(owner, key);
    try {
      if (!this.#ours.has(key) && (await (await this.#back.outside())?.claim(`table/${key}`))) this.#ours.add(key);
      const { kept, stale } = readKept(await config.store.list(prefix), prefix);
      if (this.#ours.has(key) && stale.length > 0) this.#back.run([{ do: 'store', edits: stale }]);
      return owner === organs.session.owner ? kept : undefined;
    } catch (error) {
      this.#back.report(asError(error, 'storage-failed'));
      return undefined;
    }
  }
}
