// Fields shared by the messages of every family: they tie a response to its request and an error to its trace.

/** An optional field may be missing or null; the two mean the same. PROTOCOL.md#messages */
export type Maybe<T> = T | null | undefined;

/** On every message from a client. The server returns the id, and recognizes a repeated `transact` by it. */
export interface ClientEnvelope {
  /** Unique per client. Programs that use a bare socket may omit it. */
  readonly 'client-event-id'?: Maybe<string>;
}

/** On every message from a server. */
export interface ServerEnvelope {
  readonly 'trace-id'?: Maybe<string>;
}

/** On every response: the `client-event-id` of the message it responds to. */
export interface ReplyEnvelope extends ServerEnvelope {
  readonly 'client-event-id'?: Maybe<string>;
}
