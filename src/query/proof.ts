// The triples collected for an answer, each once: whole values, single links, and which entities are among them.

import type { KnownAttr } from '../db/attrs.ts';
import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import { attrTriples } from '../db/triples.ts';
import type { Triple } from '../protocol/triple.ts';
import type { LinkEnd } from './where.ts';

/** Of a link, the targets that count; else everything the attr has. */
type Part = 'all' | Set<string>;

export class Proof {
  readonly #db: Db;
  readonly #parts = new Map<KnownAttr, Map<Row, Part>>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** Everything a row has for an attr. */
  add(attr: KnownAttr, row: Row): void {
    if (row.values[attr.slot] !== undefined) this.#of(attr).set(row, 'all');
  }

  /** One link, given from either end. */
  addLink({ attr, isForward }: LinkEnd, near: string, far: string): void {
    const row = this.#db.row(attr.etype, isForward ? near : far);
    if (!row) return;
    const parts = this.#of(attr);
    const part = parts.get(row);
    if (part === 'all') return;
    const target = isForward ? far : near;
    if (part) part.add(target);
    else parts.set(row, new Set([target]));
  }

  /** The rows of a namespace whose id triple is here. */
  entities(idAttr: KnownAttr | undefined): readonly Row[] {
    return idAttr ? [...(this.#parts.get(idAttr)?.keys() ?? [])] : [];
  }

  triples(): Triple[] {
    const triples: Triple[] = [];
    for (const [attr, parts] of this.#parts) {
      for (const [row, part] of parts) {
        for (const triple of attrTriples(row, attr)) if (part === 'all' || part.has(triple[2] as string)) triples.push(triple);
      }
    }
    return triples;
  }

  #of(attr: KnownAttr): Map<Row, Part> {
    let parts = this.#parts.get(attr);
    if (!parts) this.#parts.set(attr, (parts = new Map<Row, Part>()));
    return parts;
  }
}
