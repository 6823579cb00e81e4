// Storage in memory for the official client, in the form it asks for: a class that extends its `StoreInterface`.

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the official package's types fit one schema, and an adapter has any
type Core = Record<string, any>;

/** @param core the module `@instantdb/core` */
export function inMemory(core: Core): unknown {
  return class extends core['StoreInterface'] {
    readonly #items = new Map<string, unknown>();
    getItem = async (key: string): Promise<unknown> => this.#items.get(key) ?? null;
    getAllKeys = async (): Promise<string[]> => [...this.#items.keys()];
    setItem = async (key: string, value: unknown): Promise<void> => void this.#items.set(key, value);
    removeItem = async (key: string): Promise<void> => void this.#items.delete(key);
    multiSet = async (pairs: [string, unknown][]): Promise<void> => pairs.forEach(([key, value]) => this.#items.set(key, value));
  };
}

/** A network that is always there. */
export const alwaysOnline = { getIsOnline: async () => true, listen: () => () => {} };
