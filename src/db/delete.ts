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
  const queue: Doomed[] = [];
  const doom = (of: string, entity: string): void => {
    const key = `${of} ${entity}`;
    if (doomed.has(key)) return;
    doomed.set(key, { etype: of, id: entity });
    queue.push({ etype: of, id: entity });
  };
  for (const of of etype === undefined ? homes(db, id) : [etype]) doom(of, id);
  const links: LooseLink[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) {
    takeAlong(db, next, doom);
    links.push(...pointers(db, next));
  }
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

function takeAlong(db: Db, { etype, id }: Doomed, doom: (etype: string, id: string) => void): void {
  const namespace = db.attrs.namespace(etype);
  const row = db.row(etype, id);
  for (const attr of namespace.links) {
    if (row && attr.cascadesToTarget && attr.reverseEtype !== undefined) {
      for (const target of row.targets(attr)) doom(attr.reverseEtype, target);
    }
  }
  for (const attr of namespace.reverse.values()) {
    if (attr.cascadesToSource) for (const source of db.holders(attr, id)) doom(attr.etype, source);
  }
}

function pointers(db: Db, { etype, id }: Doomed): LooseLink[] {
  const reverse = [...db.attrs.namespace(etype).reverse.values()];
  return reverse.flatMap((attr) => db.holders(attr, id).map((source) => ({ attr, source, target: id })));
}
