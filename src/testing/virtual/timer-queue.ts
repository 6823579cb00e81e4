// Timers by the time at which they fall due, and then by age: a binary heap. Those that are cleared stay in it until their turn.

export interface Due {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

export class TimerQueue {
  readonly #heap: Due[] = [];
  readonly #waiting = new Set<number>();

  get size(): number {
    return this.#waiting.size;
  }

  add(due: Due): void {
    this.#waiting.add(due.id);
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || isBefore(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  remove(id: number): void {
    this.#waiting.delete(id);
  }

  /** The first one, if it falls due by then. */
  takeUntil(end: number): Due | undefined {
    for (let first = this.#heap[0]; first && first.at <= end; first = this.#heap[0]) {
      this.#removeFirst();
      if (this.#waiting.delete(first.id)) return first;
    }
    return undefined;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!child || isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.id < other.id);
}
