// Randomness from a seed: the same seed gives the same numbers and ids, on any machine.

import type { Random } from '../../lib/random.ts';

export class SeededRandom implements Random {
  #state: number;
  #ids = 0;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** A generator of its own for one participant: what it draws does not depend on what others draw. */
  fork(name: string): SeededRandom {
    let hash = this.#seed ^ 0x9e3779b9;
    for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return new SeededRandom(hash);
  }

  /** mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  uuid(): string {
    let uuid = '';
    for (const char of 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx') uuid += char === 'x' ? Math.floor(this.next() * 16).toString(16) : char;
    return uuid;
  }

  eventId(): string {
    return `e${this.#seed.toString(36)}_${++this.#ids}`;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Undefined for an empty list. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.next() * items.length)];
  }

  pickWeighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    let sum = 0;
    for (const item in weights) sum += weights[item];
    let at = this.next() * sum;
    for (const item in weights) {
      at -= weights[item];
      if (at < 0) return item;
    }
    throw new Error('There is nothing to pick from');
  }
}
