// Streams of text that are appended to while others read. All offsets count bytes from the start of the stream.
// PROTOCOL.md#start-stream and the headings after it

import type { ReplyEnvelope, Maybe, ClientEnvelope, ServerEnvelope } from './envelope.ts';

/** What permission rules may ask for. */
export type RuleParams = Readonly<Record<string, unknown>>;

export interface StartStream extends ClientEnvelope {
  readonly op: 'start-stream';
  /** The stream's name, unique in the app. */
  readonly 'client-id': string;
  /** Made by the writer: who has it may go on writing. */
  readonly 'reconnect-token': string;
  readonly 'rule-params'?: Maybe<RuleParams>;
}

export interface AppendStream extends ClientEnvelope {
  readonly op: 'append-stream';
  readonly 'stream-id': string;
  readonly chunks: readonly string[];
  /** Where the first chunk begins: everything sent before. */
  readonly offset: number;
  readonly done?: Maybe<boolean>;
  readonly 'abort-reason'?: Maybe<string>;
}

/** Names the stream by either id. Its event id is the handle of the subscription. */
export interface SubscribeStream {
  readonly op: 'subscribe-stream';
  readonly 'client-event-id': string;
  readonly 'stream-id'?: Maybe<string>;
  readonly 'client-id'?: Maybe<string>;
  readonly offset?: Maybe<number>;
  readonly 'rule-params'?: Maybe<RuleParams>;
}

export interface UnsubscribeStream extends ClientEnvelope {
  readonly op: 'unsubscribe-stream';
  readonly 'subscribe-event-id': string;
}

export interface StartStreamOk extends ReplyEnvelope {
  readonly op: 'start-stream-ok';
  readonly 'client-id': string;
  readonly 'stream-id': string;
  /** How much is stored for good: write on from here. */
  readonly offset: number;
}

export interface StreamFlushed extends ServerEnvelope {
  readonly op: 'stream-flushed';
  readonly 'stream-id': string;
  readonly offset: number;
  readonly done?: Maybe<boolean>;
}

/** Storing failed: start the stream again, and write on from the offset it gives. */
export interface AppendFailed extends ServerEnvelope {
  readonly op: 'append-failed';
  readonly 'stream-id': string;
}

/** A stretch of the stream that is stored as a file. */
export interface StreamFile {
  readonly id: string;
  readonly size: number;
  readonly url: string;
}

/** The next stretch, the end, or trouble: which, its fields tell. PROTOCOL.md#stream-append */
export interface StreamAppend extends ReplyEnvelope {
  readonly op: 'stream-append';
  readonly 'stream-id'?: Maybe<string>;
  readonly 'client-id'?: Maybe<string>;
  readonly offset?: Maybe<number>;
  readonly files?: Maybe<readonly StreamFile[]>;
  readonly content?: Maybe<string>;
  readonly done?: Maybe<boolean>;
  readonly 'abort-reason'?: Maybe<string>;
  readonly error?: unknown;
  readonly 'error-type'?: Maybe<string>;
  readonly retry?: Maybe<boolean>;
}
