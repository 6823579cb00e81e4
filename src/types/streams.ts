// Types of the stream API: text streams that survive a lost connection.

/* eslint-disable @typescript-eslint/no-explicit-any -- a stream carries anything, and what is waited for is anything */

import type { RuleParams } from './query.ts';

export type WritableStreamCtor = {
  new <W = any>(underlyingSink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>): WritableStream<W>;
};

export type ReadableStreamCtor = {
  new <R = any>(underlyingSource?: UnderlyingDefaultSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;
};

export interface InstantWritableStream<T> extends WritableStream<T> {
  /** The id of its `$streams` entity, once the server has assigned it. */
  streamId: () => Promise<string>;
}

export interface InstantReadableStream<T> extends ReadableStream<T> {
  streamId: () => Promise<string>;
}

export interface WriteStream extends InstantWritableStream<string> {
  /** Resolves when the server has stored the whole stream including its end; rejects if it cannot. */
  done: Promise<void>;
}

export interface ReadStream extends InstantReadableStream<string> {
  /** Resolves at the end of the stream: with the reason if the writer aborted it, with undefined if it was closed. */
  abortReason: () => Promise<string | undefined>;
}

/** Selects the stream by the name its writer gave it or by id, and optionally the byte offset to start from. */
export type CreateReadStreamOpts = {
  clientId?: string | null | undefined;
  streamId?: string | null | undefined;
  byteOffset?: number | null | undefined;
  ruleParams?: RuleParams | null | undefined;
};

export type CreateWriteStreamOpts = {
  clientId: string;
  /** Receives a promise that the runtime must wait for (as on serverless platforms): it settles once all written text is stored. */
  waitUntil?: (promise: Promise<any>) => void | null | undefined;
  ruleParams?: RuleParams | null | undefined;
};
