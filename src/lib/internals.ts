// Where the entries of this package find what they share of a database and programs do not use.

/** Registered, so that entries that are built into different files agree on it. */
export const internals: unique symbol = Symbol.for('triplane/internals');
