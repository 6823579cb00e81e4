// Text streams that are appended to while others read them. All offsets count bytes from the start of the stream. PROTOCOL.md#start-stream
// and the headings after it

import type { ClientEnvelope, Maybe, ReplyEnvelope, ServerEnvelope } from './envelope.ts';

/** Parameters for permission rules. */
export type RuleParams = Readonly<Record<string, unknown>>;

export interface StartStream extends ClientEnvelope {
  readonly op: 'start-stream';
  /** The stream's name, unique in the app. */
  readonly 'client-id': string;
  /** Created by the writer. A client that presents it may continue writing. */
  readonly 'reconnect-token': string;
  readonly 'rule-params'?: Maybe<RuleParams>;
}

export interface AppendStream extends ClientEnvelope {
  readonly op: 'append-stream';
  readonly 'stream-id': string;
  readonly chunks: readonly string[];
  /** The byte offset of the first chunk. */
  readonly offset: number;
  readonly done?: Maybe<boolean>;
  readonly 'abort-reason'?: Maybe<string>;
}

/** Identifies the stream by either id. The event id identifies the subscription. */
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
  /** The number of bytes stored durably: the writer continues from here. */
  readonly offset: number;
}

export interface StreamFlushed extends ServerEnvelope {
  readonly op: 'stream-flushed';
  readonly 'stream-id': string;
  readonly offset: number;
  readonly done?: Maybe<boolean>;
}

/** Storing failed: the writer starts the stream again and continues from the offset in the response. */
export interface AppendFailed extends ServerEnvelope {
  readonly op: 'append-failed';
  readonly 'stream-id': string;
}

/** A section of the stream that is stored as a file. */
export interface StreamFile {
  readonly id: string;
  readonly size: number;
  readonly url: string;
}

/** The next section, the end of the stream, or an error, depending on its fields. PROTOCOL.md#stream-append */
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
