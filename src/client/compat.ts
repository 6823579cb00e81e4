// Names that programs for InstantDB's client import and that have little or no effect here. docs/differences.md describes them.

import { browserNetwork } from '../connection/network.ts';
import { queryKey } from '../query/key.ts';
import type { StoreInterface as StoreShape, StoreInterfaceStoreName } from '../types/ports.ts';

/** The version of this package. */
export { ownVersion as version } from '../protocol/version.ts';

/** The types of events of `subscribeTable`. */
export const SyncTableCallbackEventType = {
  InitialSyncBatch: 'InitialSyncBatch',
  InitialSyncComplete: 'InitialSyncComplete',
  LoadFromStorage: 'LoadFromStorage',
  SyncTransaction: 'SyncTransaction',
  Error: 'Error',
} as const;

/** Base class for custom stores: `init(config, MyStore)`. */
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

/** Returns the query without values that JSON omits. */
export function coerceQuery<Q>(query: Q): Q {
  return JSON.parse(JSON.stringify(query)) as Q;
}

/** Returns a key that is equal for equal queries. Not a hash: different queries always have different keys. */
export function weakHash(query: unknown): string {
  return queryKey(query);
}

/** The browser's network status. */
export class WindowNetworkListener {
  static getIsOnline(): Promise<boolean> {
    return Promise.resolve(browserNetwork().isOnline());
  }

  /** Returns an unsubscribe function. */
  static listen(onChange: (isOnline: boolean) => void): () => void {
    return browserNetwork().subscribe((event) => {
      if (event !== 'resumed') onChange(event === 'online');
    });
  }
}

/** Has no effect: this package has no such warnings. */
export function setInstantWarningsEnabled(_enabled: boolean): void {}
