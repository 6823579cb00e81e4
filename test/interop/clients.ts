// A client of any make, as the interop tests drive it. An adapter holds what its client wants of the platform, and nothing
// of what it is tested for: add one to `clients`, and every interop test runs with it too.

import { official } from './official-client.ts';
import { ours } from './our-client.ts';

export interface Where {
  readonly appId: string;
  readonly apiURI: string;
  readonly websocketURI: string;
  readonly adminToken?: string;
  readonly schema?: unknown;
}

export interface Result {
  readonly isLoading: boolean;
  readonly error: { readonly message: string } | undefined;
  readonly data: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> | undefined;
  readonly pageInfo: unknown;
}

/** Namespace → id → what to do with it: the official `tx`. */
export interface TxBuilder {
  readonly [etype: string]: { readonly [id: string]: TxChunk };
}

export interface TxChunk {
  update(values: object): TxChunk;
  create(values: object): TxChunk;
  merge(values: object): TxChunk;
  link(links: object): TxChunk;
  unlink(links: object): TxChunk;
  delete(): TxChunk;
}

export interface Room {
  /** Called with the others, by peer id. */
  subscribePresence(on: (peers: Readonly<Record<string, unknown>>) => void): () => void;
  publishPresence(data: object): void;
  subscribeTopic(topic: string, on: (data: unknown) => void): () => void;
  publishTopic(topic: string, data: object): void;
  leave(): void;
}

export interface Opened {
  readonly tx: TxBuilder;
  subscribe(query: object, on: (result: Result) => void): () => void;
  /** Rejects if the server refuses. */
  transact(chunks: TxChunk | readonly TxChunk[]): Promise<void>;
  room(type: string, id: string, presence?: object): Room;
  close(): void;
}

export interface ClientAdapter {
  readonly name: string;
  open(where: Where): Opened;
}

/** Two of theirs and one of ours, in the same rooms and on the same queries. */
export const clients: readonly ClientAdapter[] = [official('one'), official('another'), ours('one')];
