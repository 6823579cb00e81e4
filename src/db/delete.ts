// What goes when an entity is deleted: the entity, those that a cascading link takes along, and the links of others
// that point at any of them. The set is collected first, each entity once, so a cycle of cascades ends.

import type { KnownAttr } from './attrs.ts';
import type { Db } from './db.ts';

export interface Doomed {
  readonly etype: string;
  readonly id: string;
}

/** A link that points at something doomed from something that stays. */
export interface LooseLink {
  readonly attr: KnownAttr;
  readonly source: string;
  readonly target: string;
}

export interface Deletion {
  readonly entities: readonly Doomed[];
  readonly links: readonly LooseLink[];
}

export function planDeletion(db: Db, id: string, etype: string | undefined): Deletion {
  const doomed = new Map<string, Doomed>();
  const links: LooseLink[] = [];
  const doom = (of: string, entity: string): void => void doomed.set(`${of} ${entity}`, { etype: of, id: entity });
  for (const of of etype === undefined ? homes(db, id) : [etype]) doom(of, id);
  // Those that are doomed on the way are come by as well, each once.
  for (const next of doomed.values()) takeAlong(db, next, doom, links);
  return { entities: [...doomed.values()], links: links.filter(({ attr, source }) => !doomed.has(`${attr.etype} ${source}`)) };
}

/** The namespaces an id has triples in, or is pointed at in. */
function homes(db: Db, id: string): string[] {
  return [...db.attrs.namespaces()]
    .filter(
      ({ etype, reverse }) => db.row(etype, id) !== undefined || [...reverse.values()].some((attr) => db.holders(attr, id).length > 0),
    )
    .map(({ etype }) => etype);
}

function takeAlong(db: Db, { etype, id }: Doomed, doom: (etype: string, id: string) => void, pointers: LooseLink[]): void {
  const { links, reverse } = db.attrs.namespace(etype);
  for (const attr of links) {
    const { cascadesToTarget, reverseEtype } = attr;
    if (cascadesToTarget && reverseEtype !== undefined)
      db.row(etype, id)
        ?.targets(attr)
        .forEach((target) => doom(reverseEtype, target));
  }
  for (const attr of reverse.values()) {
    for (const source of db.holders(attr, id)) {
      if (attr.cascadesToSource) doom(attr.etype, source);
      pointers.push({ attr, source, target: id });
    }
  }
}
