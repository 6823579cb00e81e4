// Several Dbs with the same catalog read as one. A row is merged from all of them; on conflicts the first Db wins.

import type { Value } from '../protocol/triple.ts';
import type { Attrs, KnownAttr } from './attrs.ts';
import type { Db } from './db.ts';
import { addLink, type Links, listed } from './links.ts';
import { Row } from './row.ts';
import { lowest } from './value-index.ts';

export class Union implements Db {
  readonly attrs: Attrs;
  readonly #parts: readonly Db[];

  constructor(attrs: Attrs, parts: readonly Db[]) {
    this.attrs = attrs;
    this.#parts = parts;
  }

  row(etype: string, id: string): Row | undefined {
    const [first, ...others] = this.#parts.flatMap((part) => part.row(etype, id) ?? []);
    if (!first || others.length === 0) return first;
    const values = first.values.slice();
    const links = new Set(this.attrs.namespace(etype).links.map(({ slot }) => slot));
    for (const { values: more } of others) {
      more.forEach((value, slot) => {
        if (!links.has(slot)) values[slot] ??= value;
        else for (const target of listed(value as Links)) values[slot] = addLink(values[slot] as Links, target);
      });
    }
    return new Row(id, first.t, values);
  }

  *rows(etype: string): Generator<Row> {
    const ids = new Set(this.#parts.flatMap((part) => [...part.rows(etype)].map(({ id }) => id)));
    for (const id of ids) {
      const row = this.row(etype, id);
      if (row) yield row;
    }
  }

  size(etype: string): number {
    return this.#parts.reduce((sum, part) => sum + part.size(etype), 0);
  }

  holders(attr: KnownAttr, value: Value): readonly string[] {
    return [...new Set(this.#parts.flatMap((part) => part.holders(attr, value)))];
  }

  find(attr: KnownAttr, value: Value): string | undefined {
    return lowest(this.holders(attr, value));
  }
}
