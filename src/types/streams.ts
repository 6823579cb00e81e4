// Streams of text that outlive a lost line: what is asked of one, and what is had.

/* eslint-disable @typescript-eslint/no-explicit-any -- a stream carries anything, and what is waited for is anything */

import type { RuleParams } from './query.ts';

export type WritableStreamCtor = {
  new <W = any>(underlyingSink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>): WritableStream<W>;
};

export type ReadableStreamCtor = {
  new <R = any>(underlyingSource?: UnderlyingDefaultSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;
};

export interface InstantWritableStream<T> extends WritableStream<T> {
  /** The id of its `$streams` entity, once the server has given it one. */
  streamId: () => Promise<string>;
}

export interface InstantReadableStream<T> extends ReadableStream<T> {
  streamId: () => Promise<string>;
}

export interface WriteStream extends InstantWritableStream<string> {
  /** When the server has stored all of it, its end included. Rejects if that cannot be. */
  done: Promise<void>;
}

export interface ReadStream extends InstantReadableStream<string> {
  /** When the end has come: the reason if the writer aborted it, undefined if it was closed. */
  abortReason: () => Promise<string | undefined>;
}

/** Which stream to read: by the name its writer gave it, or by id; from the start, or from a byte on. */
export type CreateReadStreamOpts = {
  clientId?: string | null | undefined;
  streamId?: string | null | undefined;
  byteOffset?: number | null | undefined;
  ruleParams?: RuleParams | null | undefined;
};

export type CreateWriteStreamOpts = {
  clientId: string;
  /** Is told what must not be cut off: where a program may end any moment, all that was written is to reach the server first. */
  waitUntil?: (promise: Promise<any>) => void | null | undefined;
  ruleParams?: RuleParams | null | undefined;
};
