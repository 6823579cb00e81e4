// The tail of a stream that the server has not confirmed, in pieces that can be sent again from any byte. Accepts text as it is written and
// returns whole characters, because half a surrogate pair has no UTF-8 form.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Servers limit the length of a JSON string. */
const maxPieceBytes = 65_536;

export class UnackedTail {
  readonly #pieces: Uint8Array[] = [];
  /** The first half of a surrogate pair whose other half has not been written. */
  #half = '';
  #from = 0;
  #to = 0;

  /** Start of the tail, in bytes from the start of the stream: everything before is stored. */
  get from(): number {
    return this.#from;
  }

  /** End of the tail: everything that was written. */
  get to(): number {
    return this.#to;
  }

  get size(): number {
    return this.#to - this.#from;
  }

  get texts(): string[] {
    return this.#pieces.map((piece) => decoder.decode(piece));
  }

  /** Returns the pieces to send. */
  add(text: string): string[] {
    const all = this.#half + text;
    this.#half = /[\ud800-\udbff]/.test(all.slice(-1)) ? all.slice(-1) : '';
    return this.#put(all.slice(0, all.length - this.#half.length));
  }

  /** The writer has ended the stream. */
  finish(): string[] {
    return this.#put(this.#half);
  }

  /** Drops everything before `offset`, which is stored. Returns false if `offset` is outside the tail or inside a character. */
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

/** Whether the byte continues a UTF-8 character. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
