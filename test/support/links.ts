// The link index of a vector fixture, as a schema would give it.

import { type LinkIndex, linkIndex } from '../../src/schema/schema.ts';

export type LinksDef = unknown;

export function linkIndexOf(links: LinksDef): LinkIndex {
  return linkIndex({ links });
}
