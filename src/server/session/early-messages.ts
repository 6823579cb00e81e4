// Queue, with limits, of messages that arrive while a session is being opened.

import type { ClientMessage } from '../../protocol/client-message.ts';
import { busy } from '../errors.ts';
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

  /** @throws InstantAPIError 'rate-limited': a write that is not looked at may have been applied before */
  add(message: ClientMessage): void {
    const { earlyMessages } = this.#limits;
    if (this.#waiting.length >= earlyMessages) throw busy(`At most ${earlyMessages} messages before the session is ready`);
    try {
      this.#memory.reserve(sizeOfEntry(message), 'messages before the session is ready');
    } catch {
      throw busy('Too much is held for sessions that are not ready');
    }
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
