// Names that programs for InstantDB's client import and that have little to do here. docs/differences.md tells of each.

import { browserNetwork } from '../connection/network.ts';
import { queryKey } from '../query/key.ts';
import type { StoreInterface as StoreShape, StoreInterfaceStoreName } from '../types/ports.ts';

/** The release of this package. */
export { ownVersion as version } from '../protocol/version.ts';

/** What a whole namespace's listener can be told, by name. */
export const SyncTableCallbackEventType = {
  InitialSyncBatch: 'InitialSyncBatch',
  InitialSyncComplete: 'InitialSyncComplete',
  LoadFromStorage: 'LoadFromStorage',
  SyncTransaction: 'SyncTransaction',
  Error: 'Error',
} as const;

/** To be extended by stores of one's own: `init(config, MyStore)`. */
export abstract class StoreInterface implements StoreShape {
  readonly appId: string;
  readonly dbName: StoreInterfaceStoreName;

  constructor(appId: string, storeName: StoreInterfaceStoreName) {
    this.appId = appId;
    this.dbName = storeName;
  }

  abstract getItem(key: string): Promise<unknown>;
  abstract removeItem(key: string): Promise<void>;
  abstract multiSet(keyValuePairs: [string, unknown][]): Promise<void>;
  abstract getAllKeys(): Promise<string[]>;
}

/** A query without what JSON leaves out. */
export function coerceQuery<Q>(query: Q): Q {
  return JSON.parse(JSON.stringify(query)) as Q;
}

/** Equal for equal queries. Not a hash: two different queries never have the same. */
export function weakHash(query: unknown): string {
  return queryKey(query);
}

/** The browser's word on whether there is a network. */
export class WindowNetworkListener {
  static getIsOnline(): Promise<boolean> {
    return Promise.resolve(browserNetwork().isOnline());
  }

  /** Gives what ends it. */
  static listen(onChange: (isOnline: boolean) => void): () => void {
    return browserNetwork().subscribe((event) => {
      if (event !== 'resumed') onChange(event === 'online');
    });
  }
}

/** There are no such warnings here. */
export function setInstantWarningsEnabled(_enabled: boolean): void {}
