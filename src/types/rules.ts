// The type of permission rules, for `satisfies InstantRules<typeof schema>`. A rule is a CEL expression.

import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';

type Optional<T> = T | null | undefined;

/** Rules for operations on attributes themselves. */
type AttrsAllow = {
  $default?: Optional<string>;
  view?: Optional<string>;
  create?: Optional<string>;
  update?: Optional<string>;
  delete?: Optional<string>;
};

export type InstantRulesAllowBlock = AttrsAllow & {
  link?: Optional<{ [label: string]: string }>;
  unlink?: Optional<{ [label: string]: string }>;
};

/** `greedy` adds tokens continuously, `interval` adds all at the end of each period. */
export type InstantRulesRateLimitRefillType = 'interval' | 'greedy';

export type InstantRulesRateLimitRefill = {
  /** Tokens per period. Default: the capacity. */
  amount?: Optional<number>;
  /** The period as a duration (`'30 minutes'`), from one second to one day. Default: one hour. */
  period?: Optional<string>;
  /** Default: `greedy`. */
  type?: Optional<InstantRulesRateLimitRefillType>;
};

export type InstantRulesRateLimitLimit = {
  /** The maximum number of tokens. */
  capacity: number;
  refill?: Optional<InstantRulesRateLimitRefill>;
};

/** A rate limit, consumed in a rule by `rateLimit.<name>.limit(key)`. All of its limits must allow the request. */
export type InstantRulesRateLimit = { limits: InstantRulesRateLimitLimit[] };
export type InstantRulesRateLimits = Record<string, InstantRulesRateLimit>;

/** Named expressions, as pairs in an array or as an object. */
type Bind = string[] | Record<string, string>;

type EntityRules<Schema extends AnySchemaDef, EntityName extends keyof Schema['entities']> = {
  bind?: Bind;
  allow: InstantRulesAllowBlock;
  fields?: { [K in Exclude<keyof Schema['entities'][EntityName]['attrs'], 'id'>]?: string };
};

/** Entries that do not belong to an entity. */
interface GeneralRules {
  attrs: { bind?: Bind; allow: AttrsAllow };
  $default: { bind?: Bind; allow: InstantRulesAllowBlock };
  $rateLimits: InstantRulesRateLimits;
}

/**
 * The permission rules of an app: the conditions to view, create, update and delete entities.
 *
 * @example
 * const rules = {
 *   goals: { allow: { view: 'true', update: 'isOwner' }, bind: { isOwner: "auth.id in data.ref('owner.id')" } },
 * } satisfies InstantRules<typeof schema>;
 */
export type InstantRules<Schema extends AnySchemaDef = InstantUnknownSchema> = Partial<GeneralRules> & {
  [K in keyof Schema['entities'] | keyof GeneralRules]?: K extends keyof GeneralRules
    ? GeneralRules[K]
    : K extends keyof Schema['entities']
      ? EntityRules<Schema, K>
      : never;
};
