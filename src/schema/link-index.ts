// An index of links by namespace and label, from both ends. Queries use it to return has-one links as objects.

import type { CardinalityKind } from './entity.ts';

interface LinkEnd {
  readonly on: string;
  readonly label: string;
  readonly has: CardinalityKind;
  readonly required?: boolean;
  readonly onDelete?: 'cascade';
}

interface LinkEnds {
  readonly forward: LinkEnd;
  readonly reverse: LinkEnd;
}

export interface IndexedLink {
  /** Whether the label is the forward one: this side holds the triple's `e`. */
  readonly isForward: boolean;
  readonly isSingular: boolean;
  readonly link: LinkEnds;
}

export type LinkIndex = Readonly<Record<string, Readonly<Record<string, IndexedLink>>>>;

/** A record without inherited keys, so that any string can be looked up in it. */
function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

/**
 * Indexes the links of a schema by namespace and label.
 *
 * @example
 * linkIndex(schema)['sets']?.['act']?.isSingular // true
 */
export function linkIndex(schema: { readonly links?: unknown }): LinkIndex {
  const index = emptyRecord<Record<string, IndexedLink>>();
  const addEnd = (end: LinkEnd, isForward: boolean, link: LinkEnds) => {
    const labels = (index[end.on] ??= emptyRecord<IndexedLink>());
    labels[end.label] = { isForward, isSingular: end.has === 'one', link };
  };
  for (const link of Object.values((schema.links ?? {}) as Record<string, LinkEnds>)) {
    addEnd(link.forward, true, link);
    addEnd(link.reverse, false, link);
  }
  return index;
}
