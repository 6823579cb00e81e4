// The output of one connection. A long message is written part by part, each when the one before has been written: encoding all of it at
// once would keep others waiting.

/** A message as it is sent: its text, or the parts of a long one. */
export type Frame = string | readonly string[];

export const lengthOf = (frame: Frame): number =>
  typeof frame === 'string' ? frame.length : frame.reduce((length, part) => length + part.length, 0);

export const bytesOf = (frame: Frame): number =>
  typeof frame === 'string' ? Buffer.byteLength(frame) : frame.reduce((bytes, part) => bytes + Buffer.byteLength(part), 0);

export interface Part {
  readonly text: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Calls `written` later, once. */
export type WritePart = (part: Part, written: () => void) => void;

export class PartedOutput {
  readonly #write: WritePart;
  #waiting: Part[] = [];
  #waitingBytes = 0;
  #isWriting = false;

  constructor(write: WritePart) {
    this.#write = write;
  }

  /** Bytes of the parts that are not written yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  send(frame: Frame): void {
    if (typeof frame === 'string' && !this.#isWriting) return this.#write({ text: frame, isFirst: true, isLast: true }, () => {});
    const texts = typeof frame === 'string' ? [frame] : frame;
    for (const [at, text] of texts.entries()) {
      this.#waiting.push({ text, isFirst: at === 0, isLast: at === texts.length - 1 });
      this.#waitingBytes += Buffer.byteLength(text);
    }
    if (!this.#isWriting) this.#next();
  }

  /** Writes the rest immediately: the connection is about to close. */
  flush(): void {
    for (let part = this.#take(); part; part = this.#take()) this.#write(part, () => {});
  }

  #next(): void {
    const part = this.#take();
    this.#isWriting = part !== undefined;
    if (part) this.#write(part, () => this.#next());
  }

  #take(): Part | undefined {
    const part = this.#waiting.shift();
    if (part) this.#waitingBytes -= Buffer.byteLength(part.text);
    return part;
  }
}
