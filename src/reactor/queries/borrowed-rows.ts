// Rows that a view borrows from the results of other queries, because a pending write may bring them into its own: so conditions, order and
// limit are evaluated on what the client knows. A row is borrowed only if everything is known that the query returns of it and that its
// conditions could mistake for missing.

import type { KnownAttr } from '../../db/attrs.ts';
import { Layer } from '../../db/layer.ts';
import { addLink } from '../../db/links.ts';
import { Row } from '../../db/row.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { QueryNode } from '../../query/compile.ts';
import { newPass, within } from '../../query/pass.ts';
import type { LinkEnd, LinkStep } from '../../query/where.ts';
import { writeSetOf } from '../mutations/write-set.ts';
import type { KnownRow, KnownRows } from './known-rows.ts';
import { rowsBeyond } from './page-fill.ts';
import { decides, type EntityNeed, isPage, linkKey, type NodeNeed, type QueryNeeds, needsOf } from './query-needs.ts';
import { completed, isInResult, isShown, toldOf } from './shown-rows.ts';
import type { View } from './view.ts';

export interface BorrowedRow {
  readonly etype: string;
  readonly row: Row;
}

/** What a write needs from other results. */
export interface Loan {
  readonly rows: readonly BorrowedRow[];
  /** Entities that were looked up, found or not. */
  readonly ids: ReadonlySet<string>;
  /** Those that are borrowed, or not, because some result is newer than another. */
  readonly dated: ReadonlySet<string>;
  /** Rows that no write names are looked for. */
  readonly isWide: boolean;
}

export const noLoan: Loan = { rows: [], ids: new Set(), dated: new Set(), isWide: false };

/** The rows to borrow for a write. @param makesAttrs that the result does not know */
export function borrow(view: View, known: KnownRows, steps: readonly Step[], makesAttrs = false): Loan {
  const needs = needsOf(view.compiled);
  return makesAttrs || decides(steps, needs) ? new Borrowing(view, known, needs, steps).loan(makesAttrs) : noLoan;
}

class Borrowing {
  readonly #view: View;
  readonly #known: KnownRows;
  readonly #nodes: readonly NodeNeed[];
  readonly #lacking: QueryNeeds['lacking'];
  /** Whether the query decides by an attr that its result cannot know. */
  readonly #isNewQuery: boolean;
  readonly #steps: readonly Step[];
  readonly #rows = new Map<string, BorrowedRow>();
  readonly #ids = new Set<string>();
  readonly #dated = new Set<string>();
  #isWide = false;
  readonly #seen = new Set<string>();
  readonly #knownRows = new Map<string, KnownRow | undefined>();

  constructor(view: View, known: KnownRows, { deciding, lacking, nodes }: QueryNeeds, steps: readonly Step[]) {
    this.#view = view;
    this.#known = known;
    this.#nodes = nodes;
    this.#lacking = lacking;
    this.#isNewQuery = [...deciding].some((attrId) => !this.#has(attrId));
    this.#steps = steps;
  }

  loan(makesAttrs: boolean): Loan {
    const { attrs } = this.#view.db;
    for (const [op, e, attrId, value] of this.#steps as readonly (readonly [string, unknown, string, unknown?])[]) {
      if (op === 'delete-entity' && typeof e === 'string') this.#consider(attrId, e);
      const attr = op.endsWith('-triple') ? attrs.byId(attrId) : undefined;
      if (!attr) continue;
      if (typeof e === 'string') this.#consider(attr.etype, e);
      if (attr.isRef && attr.reverseEtype !== undefined && typeof value === 'string') this.#consider(attr.reverseEtype, value);
    }
    if (makesAttrs) this.#borrowLacking();
    if (this.#steps.some(([op, e]) => op === 'delete-entity' || (typeof e === 'string' && this.#view.pending.loans.holds(e))))
      this.#fillPages();
    return { rows: [...this.#rows.values()], ids: this.#ids, dated: this.#dated, isWide: this.#isWide };
  }

  /** Without an attr that is made here, all entities lack it. */
  #borrowLacking(): void {
    for (const [attrId, etype] of this.#lacking) {
      if (this.#has(attrId)) continue;
      this.#isWide = true;
      const isCut = ({ node }: NodeNeed): boolean =>
        node.etype === etype && isPage(node) && this.#known.lists(node, this.#view).next().done === true;
      if (!this.#nodes.some(isCut)) for (const id of this.#known.ids(etype, this.#view)) this.#consider(etype, id);
    }
  }

  /** As many rows as may leave a page, and those among them that pending writes may move. */
  #fillPages(): void {
    for (const { node, need } of this.#nodes) {
      if (!isPage(node)) continue;
      this.#isWide = true;
      let missing = node.limit;
      for (const { id } of rowsBeyond(node, this.#view.info?.pageInfo?.[node.key], this.#known.lists(node, this.#view))) {
        const found = new Map<string, BorrowedRow>();
        if (missing === 0 || !this.#collect(need, id, found)) break;
        for (const [key, row] of found) this.#rows.set(key, row);
        if (this.#known.pendingAbout([id]).size === 0) missing -= 1;
      }
    }
  }

  /** An entity changed by the write: as a row, and as one that conditions of other rows read. */
  #consider(etype: string, id: string): void {
    const key = `${etype} ${id}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const { node, need, paths } of this.#nodes) {
      if (node.etype === etype && this.#mayMatch(node, id)) this.#borrow(need, id);
      for (const { steps, far } of paths) {
        if (far.etype !== etype) continue;
        this.#borrow(far, id);
        for (const near of this.#reaching(steps, id)) if (this.#mayMatch(node, near)) this.#borrow(need, near);
      }
    }
  }

  /** Whether the values that no pending write changes satisfy the node's conditions. */
  #mayMatch({ etype, where }: QueryNode, id: string): boolean {
    const row = this.#knownRow(etype, id)?.row;
    if (!row || !where) return true;
    return where.tests.every(({ attr, condition }) => {
      const value = row.values[attr.slot];
      return (
        condition.acceptsNull ||
        (value !== undefined && condition.matches(value)) ||
        this.#isSet(id, attr) ||
        this.#known.isWritten(id, attr.id)
      );
    });
  }

  #knownRow(etype: string, id: string): KnownRow | undefined {
    const key = `${etype} ${id}`;
    if (!this.#knownRows.has(key)) this.#knownRows.set(key, this.#known.row(etype, id, this.#view));
    return this.#knownRows.get(key);
  }

  /** The entities from which these links lead to this one. */
  #reaching(steps: readonly LinkStep[], id: string): ReadonlySet<string> {
    let ids: ReadonlySet<string> = new Set([id]);
    for (const step of [...steps].reverse()) {
      const back = { ...step, isForward: !step.isForward };
      ids = new Set([...ids].flatMap((far) => [...this.#linked(back, far)]));
    }
    return ids;
  }

  #borrow(need: EntityNeed, id: string): void {
    if (!this.#isHere(need.etype, id)) return this.#add((found) => this.#collect(need, id, found));
    // The result has this row, or it is created here: its links may be known elsewhere.
    this.#add((found) => {
      for (const { link, far } of need.links) for (const target of this.#newlyLinked(link, id)) this.#collect(far, target, found);
    });
    if (this.#isInResult(need.etype, id)) this.#add((found) => this.#complete(need, id, found));
  }

  #add(collect: (found: Map<string, BorrowedRow>) => unknown): void {
    const found = new Map<string, BorrowedRow>();
    if (collect(found) === false || this.#contradicts(found)) return;
    for (const [key, row] of found) this.#rows.set(key, row);
  }

  /** Whether everything needed of the entity is known; adds what is not in the result itself. */
  #collect(need: EntityNeed, id: string, found: Map<string, BorrowedRow>): boolean {
    const { etype } = need;
    const key = `${etype} ${id}`;
    this.#ids.add(id);
    if (found.has(key)) return true;
    if (this.#isInResult(etype, id)) return (this.#complete(need, id, found), true);
    const known = this.#knownRow(etype, id);
    if (!known) return this.#isMade(etype, id);
    const { row } = known;
    if (need.isShown && !row.exists(this.#view.db.attrs.idAttr(etype))) return false;
    const isKnown = (attr: KnownAttr): boolean =>
      row.values[attr.slot] !== undefined || !this.#has(attr.id) || known.covers(attr) || this.#isSet(id, attr);
    const needs = this.#needs(need, id);
    if (!needs.every(({ attrs }) => attrs.every(isKnown))) return false;
    const before = [...found.keys()];
    found.set(key, { etype, row });
    const links = needs.flatMap((each) => each.links);
    const isComplete = links.every(({ link, far, filter }) => {
      const isOne = link.isForward && !link.attr.isMany;
      if (filter !== undefined && !(isOne ? isKnown(link.attr) : !this.#has(link.attr.id) || known.coversLinks(link, filter))) return false;
      return [...this.#linked(link, id)].every((target) => {
        const isFound = this.#collect(far, target, found);
        if (isFound) this.#tie(link, id, target, found);
        return isFound || !far.isShown;
      });
    });
    if (!isComplete) for (const added of found.keys()) if (!before.includes(added)) found.delete(added);
    return isComplete;
  }

  /** A row present for one node appears in every other node it matches. */
  #needs(need: EntityNeed, id: string): readonly EntityNeed[] {
    const isOther = ({ node, need: other }: NodeNeed): boolean => other !== need && node.etype === need.etype && this.#mayMatch(node, id);
    return [need, ...this.#nodes.filter(isOther).map(({ need: other }) => other)];
  }

  /** The result has the entity in one place of the query, and may lack what another place shows of it. */
  #complete(need: EntityNeed, id: string, found: Map<string, BorrowedRow>): void {
    const { etype } = need;
    const own = this.#view.baseStore.row(etype, id);
    const known = this.#places(etype) > 1 ? this.#knownRow(etype, id)?.row : undefined;
    if (!own || !known) return;
    const key = `${etype} ${id}`;
    const told = toldOf(this.#view, etype, own);
    found.set(key, this.#rows.get(key) ?? { etype, row: completed(own, known, told, this.#view.db.attrs.namespace(etype)) });
    for (const { link, far, filter = '' } of this.#needs(need, id).flatMap(({ links }) => links)) {
      if (told.links.has(linkKey(link, filter))) continue;
      for (const target of this.#linked(link, id)) if (this.#collect(far, target, found)) this.#tie(link, id, target, found);
    }
  }

  /** How many parts of the query may bring entities of the namespace into its result. */
  #places(etype: string): number {
    const reading = this.#nodes.flatMap(({ paths }) => paths).filter(({ far }) => far.etype === etype);
    return this.#nodes.filter(({ node }) => node.etype === etype).length + reading.length;
  }

  /** The result may have an entity without its link to one that it does not have. */
  #tie({ attr, isForward }: LinkEnd, id: string, far: string, found: Map<string, BorrowedRow>): void {
    if (isForward) return;
    const key = `${attr.etype} ${far}`;
    const row = (found.get(key) ?? this.#rows.get(key))?.row ?? this.#view.baseStore.row(attr.etype, far);
    if (!row || row.targets(attr).includes(id) || !this.#knownRow(attr.etype, far)?.row.targets(attr).includes(id)) return;
    const values = row.values.slice();
    values[attr.slot] = attr.isMany ? addLink(row.links(attr), id) : id;
    found.set(key, { etype: attr.etype, row: new Row(far, row.t, values, row.times) });
  }

  /** Known before and after the write. */
  #linked(link: LinkEnd, id: string): ReadonlySet<string> {
    return new Set([...this.#known.linked(link, id, this.#view), ...this.#newlyLinked(link, id)]);
  }

  #newlyLinked({ attr, isForward }: LinkEnd, id: string): string[] {
    const targets: string[] = [];
    for (const step of this.#steps) {
      if (step[0] !== 'add-triple' || step[2] !== attr.id) continue;
      const [near, far] = isForward ? [step[1], step[3]] : [step[3], step[1]];
      if (near === id && typeof far === 'string') targets.push(far);
    }
    return targets;
  }

  /** Whether results can have values of the attr. If not, pending writes create it. */
  #has(attrId: string): boolean {
    return this.#view.baseStore.attrs.byId(attrId) !== undefined;
  }

  #isSet(id: string, attr: KnownAttr): boolean {
    return this.#steps.some((step) => step[0] === 'add-triple' && step[1] === id && step[2] === attr.id);
  }

  #isHere(etype: string, id: string): boolean {
    return this.#isInResult(etype, id) || (this.#isMade(etype, id) && !this.#known.has(id, this.#view));
  }

  #isInResult(etype: string, id: string): boolean {
    return isInResult(this.#view, etype, id);
  }

  /** By this write or another pending one. */
  #isMade(etype: string, id: string): boolean {
    const { creates, upserts } = writeSetOf(this.#steps);
    return creates.has(id) || upserts.has(id) || this.#view.db.row(etype, id)?.exists(this.#view.db.attrs.idAttr(etype)) === true;
  }

  /** Whether these rows would have been in the result before the write. They were not, so what other results know of them is outdated. */
  #contradicts(found: ReadonlyMap<string, BorrowedRow>): boolean {
    if (this.#isNewQuery) return false;
    const before = new Layer(this.#view.baseStore);
    for (const { etype, row } of found.values()) before.put(etype, row.id, row);
    const others = [...found.values()].filter(({ etype, row }) => !this.#isInResult(etype, row.id));
    const shown = within(newPass(), () =>
      others.filter(({ etype, row }) => this.#nodes.some((each) => each.node.etype === etype && isShown(this.#view, each, row, before))),
    );
    for (const { row } of shown) this.#dated.add(row.id);
    return shown.some(({ etype, row }) => !this.#knownRow(etype, row.id)?.isNewer);
  }
}
