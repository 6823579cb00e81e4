// The file store port: bytes by key, on disk, in an S3 bucket, in memory, or in a store of the program's own. The app's log knows which
// files exist and their names.

export interface FileStore {
  /**
   * Stores all of `body`. Durable when it resolves; nothing is kept when it rejects.
   *
   * @param location a UUID that no other file of the app has
   */
  write(appId: string, location: string, body: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /** Undefined if the file does not exist. `range` counts bytes, both ends included. */
  read(appId: string, key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** No effect if the file does not exist. */
  remove(appId: string, key: string): Promise<void>;
  /** Lists everything stored for the app; used to find unreferenced files. */
  list(appId: string): AsyncIterable<ListedFile>;
}

/** The chunks of a stream. Node's web streams are iterable, although the browser types do not say so. */
export function chunksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  return stream as unknown as AsyncIterable<Uint8Array>;
}

export interface StoredFile {
  /** The key in the store. */
  readonly key: string;
  readonly size: number;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ListedFile {
  readonly key: string;
  readonly location: string;
  /** Time of writing, in milliseconds since the epoch. */
  readonly at: number;
}
