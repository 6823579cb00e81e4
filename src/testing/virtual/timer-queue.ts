// Timers by the time at which they fall due, and then by age: a binary heap. The places of those that are cleared stay in it until their turn,
// without what they would have run.

export interface Due {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

interface Place {
  readonly id: number;
  readonly at: number;
}

export class TimerQueue {
  readonly #heap: Place[] = [];
  readonly #waiting = new Map<number, Due>();

  get size(): number {
    return this.#waiting.size;
  }

  add(due: Due): void {
    this.#waiting.set(due.id, due);
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || isBefore(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = { id: due.id, at: due.at };
  }

  remove(id: number): void {
    this.#waiting.delete(id);
  }

  /** The first one, if it falls due by then. */
  takeUntil(end: number): Due | undefined {
    for (let first = this.#heap[0]; first && first.at <= end; first = this.#heap[0]) {
      this.#removeFirst();
      const due = this.#waiting.get(first.id);
      this.#waiting.delete(first.id);
      if (due) return due;
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

function isBefore(one: Place, other: Place): boolean {
  return one.at < other.at || (one.at === other.at && one.id < other.id);
}
