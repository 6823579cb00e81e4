// The end of a stream that is not known to be stored yet, in pieces that can be sent again from any byte. Text goes in as it
// is written; what comes out is whole characters, since half of one has no bytes.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Servers do not read a JSON string of any length. */
const maxPieceBytes = 65_536;

export class UnackedTail {
  readonly #pieces: Uint8Array[] = [];
  /** The first half of a character whose other half is still to be written. */
  #half = '';
  #from = 0;
  #to = 0;

  /** Where it begins, in bytes from the start of the stream: everything before is stored. */
  get from(): number {
    return this.#from;
  }

  /** Where it ends: everything that was written. */
  get to(): number {
    return this.#to;
  }

  get size(): number {
    return this.#to - this.#from;
  }

  get texts(): string[] {
    return this.#pieces.map((piece) => decoder.decode(piece));
  }

  /** Gives the pieces that are to be sent for it. */
  add(text: string): string[] {
    const all = this.#half + text;
    this.#half = /[\ud800-\udbff]/.test(all.slice(-1)) ? all.slice(-1) : '';
    return this.#put(all.slice(0, all.length - this.#half.length));
  }

  /** Nothing more is written. */
  finish(): string[] {
    return this.#put(this.#half);
  }

  /** All before `offset` is stored. False if that cannot be: it is not in this tail, or not between two characters. */
  discard(offset: number): boolean {
    if (offset < this.#from || offset > this.#to) return false;
    for (let [first] = this.#pieces; first && this.#from < offset; [first] = this.#pieces) {
      const rest = first.subarray(offset - this.#from);
      if (isContinuation(rest[0])) return false;
      this.#pieces.splice(0, 1, ...(rest.length > 0 ? [rest] : []));
      this.#from += first.length - rest.length;
    }
    return true;
  }

  #put(text: string): string[] {
    const added: string[] = [];
    for (let bytes = encoder.encode(text); bytes.length > 0;) {
      let end = maxPieceBytes;
      while (isContinuation(bytes[end])) end -= 1;
      const piece = bytes.subarray(0, end);
      added.push(decoder.decode(piece));
      this.#pieces.push(piece);
      this.#to += piece.length;
      bytes = bytes.subarray(end);
    }
    return added;
  }
}

/** Whether a byte is inside a character of UTF-8. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
