// A query on the wire.

/** A query as asked. Sent back as an equal value, perhaps with its keys in another order. */
export type WireQuery = Readonly<Record<string, unknown>>;
