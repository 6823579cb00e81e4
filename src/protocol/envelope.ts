// What messages of every family share: the fields that tie an answer to its request and a fault to its trace.

/** An optional field may be missing or null; the two mean the same. PROTOCOL.md#messages */
export type Maybe<T> = T | null | undefined;

/** On everything a client says. The server gives it back, and knows a repeated `transact` by it. */
export interface ClientEnvelope {
  /** Unique to the client. Programs written against a bare socket may leave it out. */
  readonly 'client-event-id'?: Maybe<string>;
}

/** On everything a server says. */
export interface ServerEnvelope {
  readonly 'trace-id'?: Maybe<string>;
}

/** On what a server says in answer to one message: the `client-event-id` of that message. */
export interface ReplyEnvelope extends ServerEnvelope {
  readonly 'client-event-id'?: Maybe<string>;
}
