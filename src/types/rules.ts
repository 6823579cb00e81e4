// Permission rules as a program writes them down, for `satisfies InstantRules<typeof schema>`. A rule is a CEL expression as text.

import type { AnySchemaDef, InstantUnknownSchema } from '../schema/schema.ts';

type Optional<T> = T | null | undefined;

/** What may be done with attributes themselves. */
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

/** `greedy` adds tokens little by little, `interval` all at once when the period is over. */
export type InstantRulesRateLimitRefillType = 'interval' | 'greedy';

export type InstantRulesRateLimitRefill = {
  /** How many tokens at a time; the capacity unless told. */
  amount?: Optional<number>;
  /** How often, in words (`'30 minutes'`), from a second to a day; an hour unless told. */
  period?: Optional<string>;
  /** `greedy` unless told. */
  type?: Optional<InstantRulesRateLimitRefillType>;
};

export type InstantRulesRateLimitLimit = {
  /** The most tokens there can be. */
  capacity: number;
  refill?: Optional<InstantRulesRateLimitRefill>;
};

/** A bucket, spent from in a rule with `rateLimit.<name>.limit(key)`. Every one of its limits must allow it. */
export type InstantRulesRateLimit = { limits: InstantRulesRateLimitLimit[] };
export type InstantRulesRateLimits = Record<string, InstantRulesRateLimit>;

/** Names for expressions: in pairs, or as an object. */
type Bind = string[] | Record<string, string>;

type EntityRules<Schema extends AnySchemaDef, EntityName extends keyof Schema['entities']> = {
  bind?: Bind;
  allow: InstantRulesAllowBlock;
  fields?: { [K in Exclude<keyof Schema['entities'][EntityName]['attrs'], 'id'>]?: string };
};

/** The entries that stand for no entity. */
interface GeneralRules {
  attrs: { bind?: Bind; allow: AttrsAllow };
  $default: { bind?: Bind; allow: InstantRulesAllowBlock };
  $rateLimits: InstantRulesRateLimits;
}

/**
 * The rules of an app: who may view, create, update and delete what.
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
