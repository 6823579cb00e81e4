// How much of a server one client may take up. Each is refused with an error that names it; a connection that goes
// on regardless is closed.

export interface Limits {
  /** Bytes of one frame from a client. */
  readonly frameBytes: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Frames that are no message, on one connection, before it is closed. */
  readonly badFrames: number;
  /** Live queries of one session. */
  readonly queries: number;
  /** Rooms one session may be in. */
  readonly rooms: number;
  /** Namespaces one session may keep in step. */
  readonly syncTables: number;
  /** Streams one session may read and write. */
  readonly streams: number;
  /** Writes of one session that wait for their answer. */
  readonly pendingWrites: number;
  /** Messages that may wait while a session is being opened. */
  readonly earlyMessages: number;
  /** Steps of one transaction. */
  readonly steps: number;
  /** Apps that are made by being asked for. */
  readonly apps: number;
  /** Messages of one session in a second; five times as many at once. */
  readonly messagesPerSecond: number;
  /** Bytes waiting for a client that does not read. */
  readonly unreadBytes: number;
  /** How long the outcome of a write is remembered. */
  readonly rememberMs: number;
  /** Transactions kept for those who come back to a namespace they keep in step. */
  readonly history: number;
}

export const defaultLimits: Limits = {
  frameBytes: 16 * 1024 * 1024,
  fileBytes: 5 * 1024 ** 3,
  badFrames: 100,
  queries: 1000,
  rooms: 200,
  syncTables: 50,
  streams: 1000,
  pendingWrites: 10_000,
  earlyMessages: 1000,
  steps: 100_000,
  apps: 10_000,
  messagesPerSecond: 2000,
  unreadBytes: 64 * 1024 * 1024,
  rememberMs: 7 * 24 * 3600 * 1000,
  history: 10_000,
};
