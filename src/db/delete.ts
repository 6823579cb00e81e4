// Plans the deletion of an entity: the entity, the entities deleted by cascading links, and the links of other entities that point to any
// of them. Each entity is collected once, so cycles of cascades end.

import { completed } from '../lib/yielding.ts';
import type { KnownAttr } from './attrs.ts';
import type { Db } from './db.ts';

export interface DeletedEntity {
  readonly etype: string;
  readonly id: string;
}

/** A link from a remaining entity to a deleted one. */
export interface DanglingLink {
  readonly attr: KnownAttr;
  readonly source: string;
  readonly target: string;
}

export interface Deletion {
  readonly entities: readonly DeletedEntity[];
  readonly links: readonly DanglingLink[];
}

export function planDeletion(db: Db, id: string, etype: string | undefined): Deletion {
  return completed(deletionSteps(db, id, etype));
}

/** The same in steps, for a deletion that may reach very many entities: yields with each. */
export function* deletionSteps(db: Db, id: string, etype: string | undefined): Generator<unknown, Deletion> {
  const deleted = new Map<string, DeletedEntity>();
  const dangling: DanglingLink[] = [];
  const markDeleted = (of: string, entity: string): unknown => deleted.set(`${of} ${entity}`, { etype: of, id: entity });
  for (const of of etype === undefined ? etypesOf(db, id) : [etype]) markDeleted(of, id);
  // A Map iterates over entries added during iteration, so cascaded entities are visited too, each once.
  for (const entity of deleted.values()) {
    const { links, reverse } = db.attrs.namespace(entity.etype);
    for (const attr of links) {
      const { cascadesToTarget, reverseEtype } = attr;
      if (!cascadesToTarget || reverseEtype === undefined) continue;
      for (const target of db.row(entity.etype, entity.id)?.targets(attr) ?? []) yield markDeleted(reverseEtype, target);
    }
    for (const attr of reverse.values()) {
      for (const source of db.holders(attr, entity.id))
        yield attr.cascadesToSource ? markDeleted(attr.etype, source) : dangling.push({ attr, source, target: entity.id });
    }
  }
  return { entities: [...deleted.values()], links: dangling.filter(({ attr, source }) => !deleted.has(`${attr.etype} ${source}`)) };
}

/** The namespaces in which the id has triples or is the target of a link. */
function etypesOf(db: Db, id: string): string[] {
  return [...db.attrs.namespaces()]
    .filter(
      ({ etype, reverse }) => db.row(etype, id) !== undefined || [...reverse.values()].some((attr) => db.holders(attr, id).length > 0),
    )
    .map(({ etype }) => etype);
}
