// Which links a schema shows as one object, from whichever end they are asked for.

import type { CardinalityKind } from './definitions.ts';

interface LinkShape {
  readonly forward: { readonly on: string; readonly label: string; readonly has: CardinalityKind };
  readonly reverse: { readonly on: string; readonly label: string; readonly has: CardinalityKind };
}

export interface IndexedLink {
  readonly isForward: boolean;
  readonly isSingular: boolean;
  readonly link: LinkShape;
}

/** etype → label → the link known by it there */
export type LinkIndex = Readonly<Record<string, Readonly<Record<string, IndexedLink>>>>;

export function linkIndex(schema: { readonly links?: unknown }): LinkIndex {
  const index: Record<string, Record<string, IndexedLink>> = {};
  const enter = (etype: string, label: string, entry: IndexedLink): void => {
    (index[etype] ??= {})[label] = entry;
  };
  for (const link of Object.values((schema.links ?? {}) as Record<string, LinkShape>)) {
    const { forward, reverse } = link;
    enter(forward.on, forward.label, { isForward: true, isSingular: forward.has === 'one', link });
    enter(reverse.on, reverse.label, { isForward: false, isSingular: reverse.has === 'one', link });
  }
  return index;
}
