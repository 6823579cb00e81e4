// The payloads of a subscription as one `for await` reads them. A reader that is slow loses the oldest: each payload is a complete result, so
// the latest is all it needs.

const mostWaiting = 100;

export class PayloadQueue<Payload> implements AsyncIterableIterator<Payload, undefined> {
  readonly #waiting: Payload[] = [];
  readonly #stopped: () => void;
  #isEnded = false;
  #readers: ((result: IteratorResult<Payload, undefined>) => void)[] = [];

  /** `stopped`: the reader left its loop. */
  constructor(stopped: () => void) {
    this.#stopped = stopped;
  }

  add(payload: Payload): void {
    if (this.#isEnded) return;
    const reader = this.#readers.shift();
    if (reader) return reader({ value: payload, done: false });
    this.#waiting.push(payload);
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
  }

  /** What waits is read first, unless it is to be dropped. */
  end({ isDropping = false } = {}): void {
    this.#isEnded = true;
    if (isDropping) this.#waiting.length = 0;
    for (const reader of this.#readers) reader({ value: undefined, done: true });
    this.#readers = [];
  }

  next(): Promise<IteratorResult<Payload, undefined>> {
    const [first] = this.#waiting;
    if (this.#waiting.length > 0) {
      this.#waiting.shift();
      return Promise.resolve({ value: first as Payload, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<Payload, undefined>> {
    this.end({ isDropping: true });
    this.#stopped();
    return Promise.resolve({ value: undefined, done: true });
  }

  async throw(error: unknown): Promise<IteratorResult<Payload, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
