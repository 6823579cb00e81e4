// Frames are taken some at a time: thousands of short ones, or dozens of long ones, that arrive together from many clients would otherwise all
// be handled before anything else is. Connections take turns, and the frames of each stay in order.

import type { Guarded } from './guarded.ts';

/** What handling any frame costs, in bytes that are parsed in the same time. */
const costOfFrame = 4 * 1024;
/** Taken in one turn of the event loop: about 10 ms. One frame is taken in any case. */
const costPerTurn = 1024 * 1024;

/** Short frames do not wait for long ones of other connections. */
const shortBytes = 16 * 1024;

const costOf = (bytes: number): number => costOfFrame + bytes;

interface Share {
  readonly waiting: Set<FrameLine>;
  /** In this turn. */
  used: number;
}

interface Task {
  readonly bytes: number;
  readonly run: () => void;
}

export class FrameTurns {
  readonly #guarded: Guarded;
  readonly #short: Share = { waiting: new Set(), used: 0 };
  readonly #long: Share = { waiting: new Set(), used: 0 };
  #isScheduled = false;

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
  }

  /** Whether a frame may be taken in this turn; counts it if so. */
  admit(bytes: number): boolean {
    this.#schedule();
    const share = this.#shareOf(bytes);
    if (share.waiting.size > 0 || (share.used > 0 && share.used + costOf(bytes) > costPerTurn)) return false;
    share.used += costOf(bytes);
    return true;
  }

  /** Calls `next` of the line in a later turn, after those that wait already. `bytes`: of its next frame. */
  enqueue(line: FrameLine, bytes: number): void {
    this.#shareOf(bytes).waiting.add(line);
    this.#schedule();
  }

  #shareOf(bytes: number): Share {
    return bytes <= shortBytes ? this.#short : this.#long;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const share of [this.#short, this.#long]) {
        share.used = 0;
        for (const line of share.waiting) {
          if (share.used >= costPerTurn) break;
          share.waiting.delete(line);
          this.#guarded(() => (share.used += line.next()));
        }
      }
      if (this.#short.waiting.size + this.#long.waiting.size > 0) this.#schedule();
    });
  }
}

/** Where frames come from: it is paused while some wait, so that no more are held than have arrived. */
export interface FrameSource {
  pause(): void;
  resume(): void;
}

/** The frames of one connection. */
export class FrameLine {
  readonly #turns: FrameTurns;
  readonly #source: FrameSource;
  readonly #tasks: Task[] = [];

  constructor(turns: FrameTurns, source: FrameSource) {
    this.#turns = turns;
    this.#source = source;
  }

  /** Runs it now, or in a later turn behind those that wait. */
  take(bytes: number, run: () => void): void {
    if (this.#tasks.length === 0 && this.#turns.admit(bytes)) return run();
    if (this.#tasks.push({ bytes, run }) > 1) return;
    this.#source.pause();
    this.#turns.enqueue(this, bytes);
  }

  /** Runs the first that waits. Returns what it costs. */
  next(): number {
    const [task] = this.#tasks;
    try {
      task?.run();
    } finally {
      this.#tasks.shift();
      const [next] = this.#tasks;
      if (next) this.#turns.enqueue(this, next.bytes);
      else this.#source.resume();
    }
    return costOf(task?.bytes ?? 0);
  }
}
