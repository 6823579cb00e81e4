// The disk of a device: it outlives the tabs, takes its time, and may fill up or hang.

import type { KeyValue, KeyValueOp } from '../../storage/key-value.ts';
import type { VirtualClock } from './clock.ts';
import { copyOf } from './copy-of.ts';
import type { ProcessClock } from './process-clock.ts';
import type { SeededRandom } from './seeded-random.ts';

/** `full`: writes fail. `broken`: so do reads. `hangs`: nothing is answered until the condition changes. */
export type DiskCondition = 'well' | 'full' | 'broken' | 'hangs';

export class VirtualDisk {
  condition: DiskCondition = 'well';
  /** The longest time that an operation takes, in milliseconds. */
  delayMs = 15;
  readonly entries = new Map<string, unknown>();
  readonly #name: string;
  readonly #world: VirtualClock;
  readonly #random: SeededRandom;

  constructor(name: string, world: VirtualClock, random: SeededRandom) {
    this.#name = name;
    this.#world = world;
    this.#random = random;
  }

  /** The disk as one tab sees it: operations are carried out one after the other, and none after the tab was killed. */
  openFor(tab: ProcessClock): KeyValue {
    let last: Promise<unknown> = Promise.resolve();
    let isClosed = false;
    const inTurn = <T>(run: () => T): Promise<T> => {
      if (isClosed) return Promise.reject(new Error('The store is closed'));
      const turn = last.then(async () => {
        await this.#wait(this.#random.between(0, this.delayMs));
        while (this.condition === 'hangs') await this.#wait(500);
        if (tab.isDead) return new Promise<T>(() => {});
        if (this.condition === 'broken') throw new DOMException('The disk is broken', 'UnknownError');
        return run();
      });
      last = turn.catch(() => {});
      return turn;
    };
    return {
      sharedAs: this.#name,
      get: (key) => inTurn(() => copyOf(this.entries.get(key))),
      list: (prefix) => inTurn(() => this.#list(prefix)),
      write: (ops) => {
        const copies = copyOf(ops);
        return inTurn(() => this.#write(copies));
      },
      close: async () => {
        await last;
        isClosed = true;
      },
    };
  }

  #list(prefix: string): [string, unknown][] {
    const keys = [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => [key, copyOf(this.entries.get(key))]);
  }

  #write(ops: readonly KeyValueOp[]): void {
    if (this.condition === 'full') throw new DOMException('The disk is full', 'QuotaExceededError');
    for (const op of ops) {
      if ('put' in op) this.entries.set(op.put, op.value);
      else this.entries.delete(op.remove);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.setTimeout(resolve, ms));
  }
}
