// The pending writes of one view, in order, with the entities each write's outcome depends on, so that a change re-applies only the writes
// it affects.

import { type ApplyOptions, applySteps } from '../../db/apply.ts';
import type { Attrs } from '../../db/attrs.ts';
import type { Layer } from '../../db/layer.ts';
import { applyUpdates, updatesOf } from '../../db/updates.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { looksUp } from '../mutations/write-set.ts';
import { rebase, type Renames } from '../../transact/rebase.ts';

export interface PendingMutation {
  readonly eventId: string;
  /** Its position among the pending writes. */
  readonly order: number;
  readonly steps: readonly Step[];
}

/** An applied write. */
export interface AppliedMutation {
  readonly write: PendingMutation;
  /** Its steps, in terms of the catalog to which they are applied. */
  steps: readonly Step[];
  /** The entities its outcome depends on, and the unique texts: who has them. */
  touched: ReadonlySet<string>;
  /** The entities whose deletion depends on it, as it links to them. */
  targets: ReadonlySet<string>;
  /** It searched by a value that is not a unique text: its outcome may depend on any entity. */
  searched: boolean;
  /** Whether the index of dependencies contains it. */
  isIndexed: boolean;
  /** Creation time of the first entity it creates; further ones are later, and those of the next write later still. */
  readonly since: number;
  /** Whether it changed the catalog when it was last applied. */
  makesAttrs: boolean;
}

const EMPTY: ReadonlySet<string> = new Set();

export class AppliedMutations {
  readonly #byEvent = new Map<string, AppliedMutation>();
  /** entity → the writes that depend on it */
  readonly #dependents = new Map<string, Set<AppliedMutation>>();
  /** Applied since the dependents were last read. */
  #unindexed: AppliedMutation[] = [];
  #last: AppliedMutation | undefined;
  /** Those up to this one may be applied to an earlier catalog than the view's. */
  #lastAttrMaker: AppliedMutation | undefined;
  /** Attrs that an earlier write makes known under another id. */
  readonly #renames: Renames = new Map();
  #isOrdered = true;
  #lookups = 0;

  /** Whether any of them identifies entities by value. */
  get looksUp(): boolean {
    return this.#lookups > 0;
  }

  get last(): AppliedMutation | undefined {
    return this.#last;
  }

  /** Whether any of them changes the catalog. */
  get makesAttrs(): boolean {
    return this.#lastAttrMaker !== undefined;
  }

  /** Whether the write is applied to the catalog that the view has in the end. */
  seesAllAttrs({ write }: AppliedMutation): boolean {
    return !this.#lastAttrMaker || comesBefore(this.#lastAttrMaker.write, write);
  }

  get size(): number {
    return this.#byEvent.size;
  }

  get(eventId: string): AppliedMutation | undefined {
    return this.#byEvent.get(eventId);
  }

  /** In order. */
  all(): Iterable<AppliedMutation> {
    if (!this.#isOrdered) {
      const ordered = inOrder(this.#byEvent.values());
      this.#byEvent.clear();
      for (const applied of ordered) this.#byEvent.set(applied.write.eventId, applied);
      this.#isOrdered = true;
    }
    return this.#byEvent.values();
  }

  /** An update that precedes the last write. It is applied when another write to these entities is applied again. */
  insert(write: PendingMutation, touched: ReadonlySet<string>): AppliedMutation {
    const applied = newlyApplied(write, touched, 0);
    this.#byEvent.set(write.eventId, applied);
    this.#isOrdered = false;
    this.#unindexed.push(applied);
    return applied;
  }

  append(write: PendingMutation, nowMs: number, attrs: Attrs): AppliedMutation {
    // A write that is applied again creates its entities at the same times, so they keep their positions.
    const since = this.#last ? Math.max(nowMs * 10, this.#last.since + this.#last.write.steps.length) : nowMs * 10;
    const applied = newlyApplied(write, EMPTY, since);
    applied.steps = this.#inTermsOf(attrs, write.steps);
    this.#byEvent.set(write.eventId, applied);
    if (looksUp(write.steps)) this.#lookups++;
    this.#last = applied;
    return applied;
  }

  remove(eventId: string): AppliedMutation | undefined {
    const removed = this.#byEvent.get(eventId);
    if (!removed) return undefined;
    this.#byEvent.delete(eventId);
    if (looksUp(removed.write.steps)) this.#lookups--;
    this.forget(removed);
    if (removed === this.#lastAttrMaker) this.#lastAttrMaker = this.#findLastAttrMaker();
    if (removed === this.#last) this.#last = [...this.all()].pop();
    return removed;
  }

  clear(): void {
    this.#byEvent.clear();
    this.#lookups = 0;
    this.#dependents.clear();
    this.#unindexed = [];
    this.#last = undefined;
    this.#lastAttrMaker = undefined;
  }

  /** Applies the write and records what its outcome depends on. */
  apply(applied: AppliedMutation, layer: Layer, useDates: boolean, find?: ApplyOptions['find']): void {
    const steps = (applied.steps = this.#inTermsOf(layer.attrs, applied.write.steps));
    this.#trackAttrs(applied, layer.attrs);
    const updates = updatesOf(steps, layer.attrs, useDates);
    if (updates && !updates.setsUnique) {
      applied.touched = updates.ids;
      applyUpdates(layer, updates);
    } else {
      let time = applied.since;
      const touched = new Set<string>();
      const targets = new Set<string>();
      [applied.touched, applied.targets] = [touched, targets];
      const touch = (id: string, isTarget?: boolean): unknown => (isTarget ? targets : touched).add(id);
      applySteps(layer, steps, { now: () => time++, useDates, touch, search: () => (applied.searched = true), find });
    }
    this.#unindexed.push(applied);
  }

  /** Its outcome depends on these entities too. */
  addDependencies(applied: AppliedMutation, ids: ReadonlySet<string>): void {
    if (ids.size === 0) return;
    this.forget(applied);
    applied.touched = new Set([...applied.touched, ...ids]);
    this.#unindexed.push(applied);
  }

  /** Two tabs may create the same attr concurrently: the server will keep one of them, and the view shows one. */
  #inTermsOf(attrs: Attrs, steps: readonly Step[]): readonly Step[] {
    const isTaken = (step: Step): boolean => step[0] === 'add-attr' && idOfName(step[1], attrs) !== step[1].id;
    return this.#renames.size > 0 || steps.some(isTaken) ? rebase(steps, attrs, this.#renames) : steps;
  }

  #trackAttrs(applied: AppliedMutation, attrs: Attrs): void {
    applied.makesAttrs = makesAttrs(applied, (attr) => attrs.holds(attr));
    if (applied.makesAttrs && this.seesAllAttrs(applied)) this.#lastAttrMaker = applied;
    else if (!applied.makesAttrs && applied === this.#lastAttrMaker) this.#lastAttrMaker = this.#findLastAttrMaker();
  }

  #findLastAttrMaker(): AppliedMutation | undefined {
    return [...this.all()].filter((applied) => applied.makesAttrs).pop();
  }

  /** Applies all writes again, starting with the first. */
  restart(): void {
    this.#renames.clear();
  }

  /** Its dependencies are unknown. */
  forget(applied: AppliedMutation): void {
    if (!applied.isIndexed) return;
    applied.isIndexed = false;
    for (const id of applied.touched) {
      const dependents = this.#dependents.get(id);
      dependents?.delete(applied);
      if (dependents?.size === 0) this.#dependents.delete(id);
    }
  }

  /** The writes that depend on these entities, or on entities those writes change, in order. Adds the latter. */
  dependingOn(ids: Set<string>): readonly AppliedMutation[] {
    this.#index();
    const found = new Set<AppliedMutation>();
    for (const id of ids) {
      for (const applied of this.#dependents.get(id) ?? []) {
        if (found.has(applied)) continue;
        found.add(applied);
        for (const other of applied.touched) ids.add(other);
        for (const target of applied.targets) ids.add(target);
      }
    }
    return inOrder(found);
  }

  #index(): void {
    for (const applied of this.#unindexed) {
      if (applied.isIndexed || this.#byEvent.get(applied.write.eventId) !== applied) continue;
      applied.isIndexed = true;
      for (const id of applied.touched) {
        const dependents = this.#dependents.get(id);
        if (dependents) dependents.add(applied);
        else this.#dependents.set(id, new Set([applied]));
      }
    }
    this.#unindexed = [];
  }
}

function newlyApplied(write: PendingMutation, touched: ReadonlySet<string>, since: number): AppliedMutation {
  return { write, steps: write.steps, touched, targets: EMPTY, searched: false, isIndexed: false, since, makesAttrs: false };
}

const inOrder = (writes: Iterable<AppliedMutation>): AppliedMutation[] =>
  [...writes].sort((a, b) => (comesBefore(a.write, b.write) ? -1 : 1));

/** The catalog's id for an attr's name; the attr's own if there is none. */
function idOfName({ id, 'forward-identity': [, etype, label] }: WireAttr, attrs: Attrs): string {
  return (attrs.forward(etype, label) ?? attrs.reverse(etype, label))?.id ?? id;
}

/** Whether it changes a catalog; a write that creates known attrs does not. */
export function makesAttrs({ steps }: Pick<PendingMutation, 'steps'>, isKnown: (attr: WireAttr) => boolean): boolean {
  return steps.some((step) => step[0].endsWith('-attr') && !(step[0] === 'add-attr' && isKnown(step[1])));
}

export function comesBefore(a: PendingMutation, b: PendingMutation): boolean {
  return a.order < b.order || (a.order === b.order && a.eventId < b.eventId);
}
