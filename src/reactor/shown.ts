// The pending writes of one view, in order, with what is known of each while it is shown: above all the entities its outcome depends on,
// so that after a change only those writes are applied again that it is for.

import type { Step } from '../protocol/step.ts';

export interface PendingWrite {
  readonly eventId: string;
  /** Its place among the pending writes. */
  readonly order: number;
  readonly steps: readonly Step[];
}

/** A write as shown. */
export interface Shown {
  readonly write: PendingWrite;
  /** The entities its outcome depends on. */
  touched: ReadonlySet<string>;
  /** It searched by value: its outcome may depend on any entity. */
  searched: boolean;
  /** Whether it is found by the entities it depends on. */
  isIndexed: boolean;
  /** The time of the first entity it creates; each further one comes later, and the next write's after them all. */
  readonly since: number;
  /** Whether it changes the catalogue. */
  readonly makesAttrs: boolean;
}

const nothing: ReadonlySet<string> = new Set();

export class ShownWrites {
  readonly #byEvent = new Map<string, Shown>();
  /** entity → the writes that depend on it */
  readonly #dependents = new Map<string, Set<Shown>>();
  /** Applied since the dependents were last asked for. */
  #unindexed: Shown[] = [];
  #last: Shown | undefined;
  #makers = 0;

  get last(): Shown | undefined {
    return this.#last;
  }

  /** Whether any of them changes the catalogue. */
  get makesAttrs(): boolean {
    return this.#makers > 0;
  }

  get size(): number {
    return this.#byEvent.size;
  }

  get(eventId: string): Shown | undefined {
    return this.#byEvent.get(eventId);
  }

  /** In order. */
  all(): Iterable<Shown> {
    return this.#byEvent.values();
  }

  append(write: PendingWrite, nowMs: number): Shown {
    // A write applied again creates its entities at the same times again, so they keep their places.
    const since = this.#last ? Math.max(nowMs * 10, this.#last.since + this.#last.write.steps.length) : nowMs * 10;
    const shown: Shown = { write, touched: nothing, searched: false, isIndexed: false, since, makesAttrs: makesAttrs(write) };
    this.#byEvent.set(write.eventId, shown);
    this.#last = shown;
    if (shown.makesAttrs) this.#makers++;
    return shown;
  }

  remove(eventId: string): Shown | undefined {
    const gone = this.#byEvent.get(eventId);
    if (!gone) return undefined;
    this.#byEvent.delete(eventId);
    this.forget(gone);
    if (gone.makesAttrs) this.#makers--;
    if (gone === this.#last) this.#last = [...this.#byEvent.values()].pop();
    return gone;
  }

  clear(): void {
    this.#byEvent.clear();
    this.#dependents.clear();
    this.#unindexed = [];
    this.#last = undefined;
    this.#makers = 0;
  }

  /** It was applied: what it depends on is known. */
  applied(shown: Shown): void {
    this.#unindexed.push(shown);
  }

  /** What it depends on is no longer known. */
  forget(shown: Shown): void {
    if (!shown.isIndexed) return;
    shown.isIndexed = false;
    for (const id of shown.touched) {
      const dependents = this.#dependents.get(id);
      dependents?.delete(shown);
      if (dependents?.size === 0) this.#dependents.delete(id);
    }
  }

  /** The writes that depend on these entities, and on those that such writes are about, in order. Adds the latter. */
  dependingOn(ids: Set<string>): readonly Shown[] {
    this.#index();
    const found = new Set<Shown>();
    for (const id of ids) {
      for (const shown of this.#dependents.get(id) ?? []) {
        if (found.has(shown)) continue;
        found.add(shown);
        for (const other of shown.touched) ids.add(other);
      }
    }
    return [...found].sort((a, b) => (comesBefore(a.write, b.write) ? -1 : 1));
  }

  #index(): void {
    for (const shown of this.#unindexed) {
      if (shown.isIndexed || this.#byEvent.get(shown.write.eventId) !== shown) continue;
      shown.isIndexed = true;
      for (const id of shown.touched) {
        const dependents = this.#dependents.get(id);
        if (dependents) dependents.add(shown);
        else this.#dependents.set(id, new Set([shown]));
      }
    }
    this.#unindexed = [];
  }
}

export function makesAttrs({ steps }: PendingWrite): boolean {
  return steps.some((step) => step[0].endsWith('-attr'));
}

export function comesBefore(a: PendingWrite, b: PendingWrite): boolean {
  return a.order < b.order || (a.order === b.order && a.eventId < b.eventId);
}
