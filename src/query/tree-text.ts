// The result of a query as the JSON text of a tree, as the admin API returns it. The text of an entity that many parents link to is created
// once and reused, so the cost depends on the number of entities and links, not on the size of the tree. A long text stays in parts.

import type { Db } from '../db/db.ts';
import type { Row } from '../db/row.ts';
import type { Value } from '../protocol/triple.ts';
import { matchesNode, rowsOf } from './candidates.ts';
import type { ChildQueryNode, CompiledQuery, QueryNode } from './compile.ts';
import { matchingSteps } from './matching.ts';
import { pageSteps } from './page-steps.ts';
import { isPaged, pageRange } from './paging.ts';
import { isDue, spend } from './pass.ts';
import type { PageInfo } from './query.ts';
import { type Visible, VisibleDb } from './visible.ts';
import { linked } from './where.ts';
import { attempt } from './witness.ts';

export interface TreeTextOptions {
  readonly visible?: Visible | undefined;
  /** Converts a value for the result. */
  readonly present?: ((etype: string, label: string, value: Value) => Value) | undefined;
  /** Receives the length of each list; throws if it is too long. */
  readonly checkLength: (length: number) => void;
}

export interface TreeTextResult {
  readonly parts: readonly string[];
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, { readonly count: number }>> | undefined;
}

/** Yields when the pass should be interrupted. */
export function* treeTextSteps({ nodes }: CompiledQuery, db: Db, options: TreeTextOptions): Generator<void, TreeTextResult> {
  const writer = new TreeWriter(options.visible ? new VisibleDb(db, options.visible) : db, options);
  const pages: [string, PageInfo][] = [];
  const counts: [string, { count: number }][] = [];
  const fields: (readonly string[])[] = [];
  for (const node of nodes) {
    if (node.options.aggregate !== undefined) {
      counts.push([node.key, { count: (yield* matchingSteps(node, writer.db)).length }]);
      fields.unshift([`${JSON.stringify(node.key)}:[]`]);
      continue;
    }
    // Also without a page, a tree's list is in order.
    const { rows, pageInfo } = yield* pageSteps(node, writer.db);
    if (isPaged(node) && !node.isEmpty) pages.push([node.key, pageInfo]);
    fields.push([`${JSON.stringify(node.key)}:`, ...(yield* writer.listParts(node, rows))]);
  }
  return {
    parts: merged(['{', ...fields.flatMap((field, at) => (at === 0 ? field : [',', ...field])), '}']),
    pageInfo: pages.length > 0 ? Object.fromEntries(pages) : undefined,
    aggregate: counts.length > 0 ? Object.fromEntries(counts) : undefined,
  };
}

/** Characters of one part. */
const partLength = 256 * 1024;

/** Short parts become one. */
function merged(parts: readonly string[]): string[] {
  const all: string[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last !== undefined && last.length + part.length < partLength) all[all.length - 1] = last + part;
    else all.push(part);
  }
  return all;
}

class TreeWriter {
  readonly db: Db;
  readonly #options: TreeTextOptions;
  readonly #texts = new Map<QueryNode, Map<string, string>>();

  constructor(db: Db, options: TreeTextOptions) {
    this.db = db;
    this.#options = options;
  }

  *list(node: QueryNode, rows: readonly Row[]): Generator<void, string> {
    return (yield* this.listParts(node, rows, Infinity)).join('');
  }

  *listParts(node: QueryNode, rows: readonly Row[], maxPart = partLength): Generator<void, readonly string[]> {
    const parts: string[] = [];
    let [text, length] = ['[', 0];
    for (const [at, row] of rows.entries()) {
      spend(1);
      const item = this.#known(node).get(row.id) ?? (yield* this.#object(node, row));
      text += at > 0 ? `,${item}` : item;
      this.#options.checkLength(length + text.length);
      if (text.length < maxPart) continue;
      parts.push(text);
      length += text.length;
      text = '';
    }
    return [...parts, `${text}]`];
  }

  *#object(node: QueryNode, row: Row): Generator<void, string> {
    if (isDue()) yield;
    const fields = new Map<string, string>();
    for (const { label, slot } of node.fields) {
      const value = row.values[slot];
      const text = value === undefined ? undefined : (JSON.stringify(this.#present(node.etype, label, value)) as string | undefined);
      if (text !== undefined) fields.set(label, text);
    }
    spend(1 + node.fields.length);
    for (const child of node.children) {
      const text = yield* this.#child(child, row);
      if (text !== undefined) fields.set(child.key, text);
    }
    // Concatenated, not joined: the texts of shared rows are then not copied.
    let text = '{';
    for (const [key, value] of fields) text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key)}:${value}`;
    text += '}';
    this.#known(node).set(row.id, text);
    return text;
  }

  /** Undefined if the tree leaves the key out. */
  *#child(child: ChildQueryNode, parent: Row): Generator<void, string | undefined> {
    const { link, isEmpty, isSingular, tree } = child;
    const ids = link ? linked(this.db, link, parent.id, parent) : [];
    const rows: Row[] = [];
    for (const row of isEmpty ? [] : rowsOf(ids, child.etype, this.db)) {
      spend(1);
      let isMatch: boolean | undefined;
      while ((isMatch = attempt(() => matchesNode(child, row, this.db))) === undefined) yield;
      if (isMatch) rows.push(row);
    }
    // A link to an invisible row counts, unless the node has a condition.
    const isLinked = child.where ? rows.length > 0 : ids.length > 0;
    if (tree?.omitsUnlinked === true && !isLinked) return undefined;
    rows.sort(child.order.compare);
    const { from, to } = pageRange(rows, child, child.order, undefined);
    const shown = rows.slice(from, to);
    if (!isSingular) return yield* this.list(child, shown);
    const [first] = shown;
    return first ? (this.#known(child).get(first.id) ?? (yield* this.#object(child, first))) : 'null';
  }

  #present(etype: string, label: string, value: Value): Value {
    return this.#options.present ? this.#options.present(etype, label, value) : value;
  }

  #known(node: QueryNode): Map<string, string> {
    let texts = this.#texts.get(node);
    if (!texts) this.#texts.set(node, (texts = new Map<string, string>()));
    return texts;
  }
}
