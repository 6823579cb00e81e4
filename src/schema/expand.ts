// Types about types, used by the schema and by query results. Nothing here knows what an attribute is.

/* eslint-disable @typescript-eslint/no-unsafe-function-type -- `Function` is the only name for "anything callable" */

/** What `Expand` leaves as it is. */
type Opaque = Date | Function | Error | RegExp | string | number | boolean | symbol | null | undefined;

/** The same type with its intersections and aliases worked out, so that an editor shows plain objects. */
export type Expand<T> = T extends Opaque
  ? T
  : T extends object
    ? T extends infer Same
      ? { [K in keyof Same]: Expand<Same[K]> }
      : never
    : T;

/** True for `any` only: no other type answers a question both ways. */
export type IsAny<T> = boolean extends (T extends never ? true : false) ? true : false;

/** `T` with at least one of its keys present. */
export type NonEmpty<T> = { [K in keyof T]-?: Required<Pick<T, K>> }[keyof T];

/** What is at `K`, and `undefined` where `T` is absent or has no such key. */
export type At<T, K extends PropertyKey> = K extends keyof NonNullable<T>
  ? NonNullable<T>[K] | (T extends null | undefined ? undefined : never)
  : undefined;
