// Where the bytes of files are kept: on disk, in an S3 bucket, in memory, or where a program wants them. What files there are, and
// what each is called, is in the app's log; a store only knows bytes under a key.

export interface FileStore {
  /**
   * Takes all of `body`. Durable when it resolves; when it rejects, nothing of it is kept.
   *
   * @param location a UUID that no other file of the app has
   */
  write(appId: string, location: string, body: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /** Undefined if it is not there. `range` counts bytes, both ends included. */
  read(appId: string, key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Nothing happens if it is not there. */
  remove(appId: string, key: string): Promise<void>;
  /** Everything that is kept for the app, for a search for what no file refers to. */
  list(appId: string): AsyncIterable<ListedFile>;
}

/** The chunks of a stream. On Node every stream of the web can be iterated; the types of browsers do not say so. */
export function chunksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  return stream as unknown as AsyncIterable<Uint8Array>;
}

export interface StoredFile {
  /** What the store finds it by. */
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
  /** When it was written, in milliseconds. */
  readonly at: number;
}
