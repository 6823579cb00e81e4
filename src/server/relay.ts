// How servers that share a storage reach one another with what is not kept: who is in a room, what is said there. A storage
// that has only ever one server has none.

export interface Relay {
  /** To all other servers of this app; in the order sent. Lost to those that are cut off. */
  send(appId: string, letter: unknown): void;
  /** @returns what ends it */
  listen(appId: string, on: RelayEvents): () => void;
}

/** None of them throws. */
export interface RelayEvents {
  /** Letters may have been lost, both ways: ask the others for what they have, and tell them what is here. Called at first too. */
  resumed(): void;
  heard(from: string, letter: unknown): void;
  /** That server is gone, or cut off, or we are. */
  left(server: string): void;
}
