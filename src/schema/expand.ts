// Generic type helpers for the schema and for query results. Independent of attributes and entities.

/* eslint-disable @typescript-eslint/no-unsafe-function-type -- `Function` is the only name for "anything callable" */

/** Types that `Expand` leaves unchanged. */
type Opaque = Date | Function | Error | RegExp | string | number | boolean | symbol | null | undefined;

/** Resolves intersections and aliases, so that an editor shows plain objects. */
export type Expand<T> = T extends Opaque
  ? T
  : T extends object
    ? T extends infer Same
      ? { [K in keyof Same]: Expand<Same[K]> }
      : never
    : T;

/** True for `any` only: no other type satisfies both branches of the conditional type. */
export type IsAny<T> = boolean extends (T extends never ? true : false) ? true : false;

/** `T` with at least one of its keys present. */
export type NonEmpty<T> = { [K in keyof T]-?: Required<Pick<T, K>> }[keyof T];

/** The type at `K`; includes `undefined` if `T` is optional or lacks the key. */
export type At<T, K extends PropertyKey> = K extends keyof NonNullable<T>
  ? NonNullable<T>[K] | (T extends null | undefined ? undefined : never)
  : undefined;
