// Large bodies whose requests are being handled: parsed, one takes up to twenty times its length. So only few are handled at the same time;
// the others wait, as text. A network has at most half of the room, so that others have their turn.

import type { Clock } from '../../lib/clock.ts';
import { rejection } from '../errors.ts';

/** Longer waits are answered: the client may try again. */
const maxWaitMs = 60_000;

interface Waiting {
  readonly network: string;
  readonly bytes: number;
  readonly admit: () => void;
}

export class LargeBodies {
  readonly #maxBytes: number;
  readonly #clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly #waiting = new Set<Waiting>();
  /** By network. */
  readonly #used = new Map<string, number>();
  #total = 0;

  constructor(maxBytes: number, clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  /** Resolves when the body may be parsed, with the function to call when its request is done. Rejects with InstantAPIError 'rate-limited'. */
  enter(network: string, bytes: number): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        network,
        bytes,
        admit: () => {
          this.#clock.clearTimeout(timer);
          this.#count(network, bytes);
          resolve(() => {
            this.#count(network, -bytes);
            this.#admit();
          });
        },
      };
      const timer = this.#clock.setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(rejection('rate-limited', 'Too many large requests are being handled', { 'retry-after': 1 }));
        this.#admit();
      }, maxWaitMs);
      this.#waiting.add(waiting);
      this.#admit();
    });
  }

  /** In the order of their arrival, without those of networks that have their share. */
  #admit(): void {
    for (const waiting of this.#waiting) {
      const own = this.#used.get(waiting.network) ?? 0;
      if (own > 0 && own + waiting.bytes > this.#maxBytes / 2) continue;
      if (this.#total > 0 && this.#total + waiting.bytes > this.#maxBytes) return;
      this.#waiting.delete(waiting);
      waiting.admit();
      // Parsing one is enough for a turn of the event loop.
      return void setImmediate(() => this.#admit());
    }
  }

  #count(network: string, bytes: number): void {
    const own = (this.#used.get(network) ?? 0) + bytes;
    if (own === 0) this.#used.delete(network);
    else this.#used.set(network, own);
    this.#total += bytes;
  }
}
