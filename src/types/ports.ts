// A store as programs that have written one of their own know it: a class, made once per app and purpose. Ours is another, smaller port:
// storage/key-value.ts.

/* eslint-disable @typescript-eslint/no-explicit-any -- what is kept is of any shape */

export type StoreInterfaceStoreName = 'kv' | 'querySubs' | 'syncSubs';

/** @deprecated Use `StoreInterfaceStoreName`. */
export type StorageInterfaceStoreName = StoreInterfaceStoreName;

export interface StoreInterface {
  getItem(key: string): Promise<any>;
  removeItem(key: string): Promise<void>;
  /** All or none. */
  multiSet(keyValuePairs: Array<[string, any]>): Promise<void>;
  getAllKeys(): Promise<string[]>;
}

export type StoreInterfaceClass = new (appId: string, storeName: StoreInterfaceStoreName) => StoreInterface;

// As much of an EventSource as is used: the browser's, or one that a program brings along.

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
