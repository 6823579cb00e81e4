// Rows that a view borrows from the results of other queries, because pending writes may bring them into its own: so conditions, order and
// limit are evaluated on what the client knows. A row is borrowed only if everything is known that the query returns of it and that its
// conditions could mistake for missing. What is borrowed follows from the results and the steps of the pending writes, not from their outcome.

import type { KnownAttr } from '../../db/attrs.ts';
import type { Row } from '../../db/row.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import type { QueryNode } from '../../query/compile.ts';
import { newPass, within } from '../../query/pass.ts';
import type { LinkEnd, LinkStep } from '../../query/where.ts';
import { DATED, linksTo, LISTS, PAGE, ReadLayer, ROWS } from './loan-keys.ts';
import type { KnownRow, KnownRows } from './known-rows.ts';
import { rowsBeyond } from './page-fill.ts';
import { type EntityNeed, isPage, linkKey, type NodeNeed, type QueryNeeds, needsOf } from './query-needs.ts';
import { completed, isInResult, isShown, toldOf } from './shown-rows.ts';
import type { View } from './view.ts';

export interface BorrowedRow {
  readonly etype: string;
  readonly row: Row;
}

/** A reason to look for rows. */
export type Seed = (borrowing: Borrowing) => void;

export const rowName = (etype: string, id: string, isDeleted: boolean): string => `${etype} ${id} ${isDeleted}`;

/** What was found for each need of each entity. */
type Found = Map<string, BorrowedRow>;
const keyOf = ({ at, etype }: EntityNeed, id: string): string => `${at} ${etype} ${id}`;

/** One evaluation of a seed. */
export class Borrowing {
  readonly #view: View;
  readonly #known: KnownRows;
  readonly #needs: QueryNeeds;
  /** Whether the query decides by an attr that its result cannot know. */
  readonly #isNewQuery: boolean;
  readonly rows = new Map<string, BorrowedRow>();
  /** What the outcome depends on. */
  readonly keys = new Set<string>();
  /** Other reasons that follow from this one. */
  readonly also = new Map<string, Seed>();
  /** Whether the view's own result may lose rows of a page. */
  isHeld = false;
  readonly #unknown = new Set<string>();
  readonly #knownRows = new Map<string, KnownRow | undefined>();

  constructor(view: View, known: KnownRows) {
    this.#view = view;
    this.#known = known;
    this.#needs = needsOf(view.compiled);
    this.#isNewQuery = [...this.#needs.deciding].some((attrId) => !this.#has(attrId));
  }

  /** An entity changed by a write, as a row. */
  row(etype: string, id: string, isDeleted: boolean): void {
    this.keys.add(id);
    this.isHeld = isDeleted || this.#view.baseStore.hasEntity(id);
    for (const { node, need } of this.#needs.nodes) if (node.etype === etype && this.#mayMatch(node, id)) this.#borrow(need, id);
  }

  /** An entity that conditions of other rows read. @param key what a write changes of it; empty: all of it */
  far(etype: string, id: string, key: string | undefined): void {
    for (const { node, paths } of this.#needs.nodes) {
      for (const { steps, far, reads } of paths) {
        if (far.etype !== etype || (key && !reads.has(key))) continue;
        this.#borrow(far, id);
        for (const near of this.#reaching(steps, id)) this.#also(node.etype, near);
      }
    }
  }

  /** A new link from an entity that is here: what it leads to may be known elsewhere. */
  link(attr: KnownAttr, e: string, value: string): void {
    for (const { etype, link, far } of this.#needs.ends) {
      if (link.attr !== attr) continue;
      const [near, target] = link.isForward ? [e, value] : [value, e];
      if (this.#isHere(etype, near)) this.#add((found) => this.#collect(far, target, found));
    }
  }

  /** Without an attr that is made by a write, all entities lack it. */
  lacking(): void {
    for (const [attrId, etype] of this.#needs.lacking) {
      if (this.#has(attrId)) continue;
      this.keys.add(ROWS).add(LISTS);
      const isCut = ({ node }: NodeNeed): boolean =>
        node.etype === etype && isPage(node) && this.#known.lists(node, this.#view).next().done === true;
      if (this.#needs.nodes.some(isCut)) continue;
      for (const id of this.#known.ids(etype, this.#view)) {
        this.#also(etype, id);
        this.also.set(`${etype} ${id} .`, (borrowing) => borrowing.far(etype, id, ''));
      }
    }
  }

  /** As many rows as may leave a page, and those among them that pending writes may move. */
  pages(): void {
    for (const { node, need } of this.#needs.nodes) {
      if (!isPage(node)) continue;
      this.keys.add(ROWS).add(LISTS).add(PAGE);
      let missing = node.limit;
      for (const { id } of rowsBeyond(node, this.#view.info?.pageInfo?.[node.key], this.#known.lists(node, this.#view))) {
        const found: Found = new Map();
        if (missing === 0 || !this.#collect(need, id, found)) break;
        this.#take(found);
        if (this.#known.stepsOn(id, this.#view).next().done) missing -= 1;
      }
    }
  }

  #also(etype: string, id: string): void {
    this.also.set(rowName(etype, id, false), (borrowing) => borrowing.row(etype, id, false));
  }

  /** Whether the values that no pending write changes satisfy the node's conditions. */
  #mayMatch({ etype, where }: QueryNode, id: string): boolean {
    const row = this.#knownRow(etype, id)?.row;
    if (!row || !where) return true;
    return where.tests.every(({ attr, condition }) => {
      const value = row.values[attr.slot];
      return condition.acceptsNull || (value !== undefined && condition.matches(value)) || this.#isWritten(id, attr);
    });
  }

  #knownRow(etype: string, id: string): KnownRow | undefined {
    const key = `${etype} ${id}`;
    if (!this.#knownRows.has(key)) {
      this.keys.add(id);
      const known = this.#known.row(etype, id, this.#view, this.keys);
      if (known?.isDated) this.keys.add(DATED);
      this.#knownRows.set(key, known);
    }
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
    if (!this.#isHere(need.etype, id)) this.#add((found) => this.#collect(need, id, found));
    else if (this.#isInResult(need.etype, id)) this.#add((found) => this.#complete(need, id, found));
  }

  #add(collect: (found: Found) => boolean): void {
    const found: Found = new Map();
    if (!collect(found) || this.#contradicts(found)) return;
    this.#take(found);
  }

  #take(found: Found): void {
    for (const { etype, row } of found.values()) this.rows.set(`${etype} ${row.id}`, { etype, row });
  }

  /** Whether everything needed of the entity is known; adds what is not in the result itself. */
  #collect(need: EntityNeed, id: string, found: Found): boolean {
    const key = keyOf(need, id);
    if (found.has(key)) return true;
    // What fails although the rest is taken for granted fails always.
    const isFound = !this.#unknown.has(key) && this.#search(need, id, found, key);
    if (!isFound) this.#unknown.add(key);
    return isFound;
  }

  #search(need: EntityNeed, id: string, found: Found, key: string): boolean {
    const { etype } = need;
    if (this.#isInResult(etype, id)) return this.#complete(need, id, found);
    const known = this.#knownRow(etype, id);
    if (!known) return this.#isMade(etype, id);
    const { row } = known;
    if (need.isShown && !row.exists(this.#view.attrs.idAttr(etype))) return false;
    const isKnown = (attr: KnownAttr): boolean =>
      row.values[attr.slot] !== undefined || !this.#has(attr.id) || known.covers(attr) || this.#isSet(id, attr);
    const needs = this.#alike(need, id);
    if (!needs.every(({ attrs }) => attrs.every(isKnown))) return false;
    const { size } = found;
    found.set(key, { etype, row });
    const links = needs.flatMap((each) => each.links);
    const isComplete = links.every(({ link, far, filter }) => {
      const isOne = link.isForward && !link.attr.isMany;
      if (filter !== undefined && !(isOne ? isKnown(link.attr) : !this.#has(link.attr.id) || this.#coversLinks(known, link, filter)))
        return false;
      return [...this.#linked(link, id)].every((target) => this.#collect(far, target, found) || !far.isShown);
    });
    if (!isComplete) for (const added of [...found.keys()].slice(size)) found.delete(added);
    return isComplete;
  }

  #coversLinks(known: KnownRow, link: LinkEnd, filter: string): boolean {
    this.keys.add(LISTS);
    return known.coversLinks(link, filter);
  }

  /** A row present for one node appears in every other node it matches. */
  #alike(need: EntityNeed, id: string): readonly EntityNeed[] {
    const isOther = ({ node, need: other }: NodeNeed): boolean => other !== need && node.etype === need.etype && this.#mayMatch(node, id);
    return [need, ...this.#needs.nodes.filter(isOther).map(({ need: other }) => other)];
  }

  /** The result has the entity in one place of the query, and may lack what another place shows of it. Returns whether that is known. */
  #complete(need: EntityNeed, id: string, found: Found): boolean {
    const { etype } = need;
    const key = keyOf(need, id);
    const own = this.#places(etype) > 1 && !found.has(key) ? this.#view.baseStore.row(etype, id) : undefined;
    if (!own) return true;
    const known = this.#knownRow(etype, id);
    const told = toldOf(this.#view, etype, own, this.#readLayer);
    const isKnown = (attr: KnownAttr): boolean =>
      (known?.row ?? own).values[attr.slot] !== undefined ||
      told.attrs.has(attr.id) ||
      !this.#has(attr.id) ||
      known?.covers(attr) === true ||
      this.#isSet(id, attr);
    // Not what would bring a row into another place that shows more of it than is known.
    const isShowable = ({ isShown: shows, attrs }: EntityNeed): boolean => !shows || attrs.every(isKnown);
    if (!isShowable(need)) return false;
    if (!known) return true;
    found.set(key, { etype, row: completed(own, known.row, told, this.#view.attrs.namespace(etype)) });
    const needs = this.#alike(need, id).filter(isShowable);
    for (const { link, far, filter = '' } of needs.flatMap(({ links }) => links)) {
      if (!told.links.has(linkKey(link, filter))) for (const target of this.#linked(link, id)) this.#collect(far, target, found);
    }
    return true;
  }

  /** How many parts of the query may bring entities of the namespace into its result, or links of theirs that it does not tell whole. */
  #places(etype: string): number {
    const { nodes, ends } = this.#needs;
    const reading = nodes.flatMap(({ paths }) => paths).filter(({ far }) => far.etype === etype);
    const linking = ends.filter(({ link: { attr, isForward } }) => !isForward && attr.etype === etype && attr.isMany);
    return nodes.filter(({ node }) => node.etype === etype).length + reading.length + linking.length;
  }

  /** Known before and after the writes. */
  #linked(link: LinkEnd, id: string): ReadonlySet<string> {
    this.keys.add(link.isForward ? id : linksTo(id));
    return new Set([...this.#known.linked(link, id, this.#view), ...this.#known.newlyLinked(link, id, this.#view)]);
  }

  /** Whether results can have values of the attr. If not, pending writes create it. */
  #has(attrId: string): boolean {
    return this.#view.baseStore.attrs.byId(attrId) !== undefined;
  }

  #isSet(id: string, { id: attrId }: KnownAttr): boolean {
    return this.#isDone(id, (step) => step[0] === 'add-triple' && step[2] === attrId);
  }

  #isWritten(id: string, { id: attrId }: KnownAttr): boolean {
    return this.#isDone(id, (step) => step[2] === attrId);
  }

  #isDone(id: string, isIt: (step: Step) => boolean): boolean {
    this.keys.add(id);
    for (const step of this.#known.stepsOn(id, this.#view)) if (isIt(step)) return true;
    return false;
  }

  #isHere(etype: string, id: string): boolean {
    return this.#isInResult(etype, id) || (this.#isMade(etype, id) && !this.#known.has(id, this.#view));
  }

  #isInResult(etype: string, id: string): boolean {
    this.keys.add(id);
    return isInResult(this.#view, etype, id);
  }

  /** By a pending write. */
  #isMade(etype: string, id: string): boolean {
    const idAttr = this.#view.attrs.idAttr(etype);
    return this.#isDone(id, (step) => step[0] === 'add-triple' && step[2] === idAttr?.id && step[4]?.mode !== 'update');
  }

  /** Whether these rows would have been in the result before the writes. They were not, so what other results know of them is outdated. */
  #contradicts(found: Found): boolean {
    if (this.#isNewQuery) return false;
    const before = this.#readLayer();
    for (const { etype, row } of found.values()) before.put(etype, row.id, row);
    const others = [...found.values()].filter(({ etype, row }) => !isInResult(this.#view, etype, row.id));
    const shown = within(newPass(), () =>
      others.filter(({ etype, row }) =>
        this.#needs.nodes.some((each) => each.node.etype === etype && isShown(this.#view, each, row, before)),
      ),
    );
    if (shown.length > 0) this.keys.add(DATED);
    return shown.some(({ etype, row }) => !this.#knownRow(etype, row.id)?.isNewer);
  }

  readonly #readLayer = (): ReadLayer => new ReadLayer(this.#view.baseStore, this.keys, PAGE);
}
