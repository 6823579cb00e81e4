// Queue, with limits, of messages that arrive while a session is being opened.

import type { ClientMessage } from '../../protocol/client-message.ts';
import { overLimit } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { sizeOfEntry } from '../storage/entry-size.ts';

export class EarlyMessages {
  readonly #limits: Limits;
  readonly #memory: MemoryBudget;
  #waiting: ClientMessage[] = [];

  /** `memory`: the budget of all sessions of the server. */
  constructor(limits: Limits, memory: MemoryBudget) {
    this.#limits = limits;
    this.#memory = new MemoryBudget('sessionBytes', limits, memory);
  }

  /** @throws InstantAPIError */
  add(message: ClientMessage): void {
    const { earlyMessages } = this.#limits;
    const what = 'messages before the session is ready';
    if (this.#waiting.length >= earlyMessages) throw overLimit('earlyMessages', earlyMessages, what);
    this.#memory.reserve(sizeOfEntry(message), what);
    this.#waiting.push(message);
  }

  /** Removes and returns all messages. */
  take(): readonly ClientMessage[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#memory.close();
    return waiting;
  }
}
