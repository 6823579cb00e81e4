// Interfaces that programs may implement: a storage class in InstantDB's form, created once per app and purpose (Triplane's own port is
// smaller: storage/key-value.ts), and the parts of `EventSource` the client uses.

/* eslint-disable @typescript-eslint/no-explicit-any -- what is kept is of any shape */

export type StoreInterfaceStoreName = 'kv' | 'querySubs' | 'syncSubs';

/** @deprecated Use `StoreInterfaceStoreName`. */
export type StorageInterfaceStoreName = StoreInterfaceStoreName;

export interface StoreInterface {
  getItem(key: string): Promise<any>;
  removeItem(key: string): Promise<void>;
  /** All or nothing. */
  multiSet(keyValuePairs: Array<[string, any]>): Promise<void>;
  getAllKeys(): Promise<string[]>;
}

export type StoreInterfaceClass = new (appId: string, storeName: StoreInterfaceStoreName) => StoreInterface;

/* eslint-disable @typescript-eslint/no-explicit-any -- what a listener gives back is nobody's business */

export interface EventSourceType {
  readonly url: string;
  readonly readyState: number;
  onopen: ((this: EventSourceType, ev: Event) => any) | null;
  onmessage: ((this: EventSourceType, ev: MessageEvent) => any) | null;
  onerror: ((this: EventSourceType, ev: Event) => any) | null;
  close(): void;
}

export interface EventSourceConstructor {
  OPEN: number;
  CONNECTING: number;
  CLOSED: number;
  new (url: string): EventSourceType;
}
