// The end of a stream that is not known to be stored yet, in pieces that can be sent again from any byte. Text goes in as it
// is written; what comes out is whole characters, since half of one has no bytes.

interface Piece {
  readonly text: string;
  readonly size: number;
}

const encoder = new TextEncoder();
/** Servers do not read a JSON string of any length. */
const longestPiece = 65_536;

export class StreamTail {
  #pieces: Piece[] = [];
  /** The first half of a character whose other half is still to be written. */
  #half = '';
  #from = 0;
  #size = 0;

  /** Where it begins, in bytes from the start of the stream: everything before is stored. */
  get from(): number {
    return this.#from;
  }

  /** Where it ends: everything that was written. */
  get to(): number {
    return this.#from + this.#size;
  }

  get size(): number {
    return this.#size;
  }

  get texts(): string[] {
    return this.#pieces.map(({ text }) => text);
  }

  /** Gives the pieces that are to be sent for it. */
  add(text: string): string[] {
    let rest = this.#half + text;
    this.#half = endsInHalf(rest) ? rest.slice(-1) : '';
    rest = rest.slice(0, rest.length - this.#half.length);
    const added: string[] = [];
    while (rest !== '') {
      const cut = endsInHalf(rest.slice(0, longestPiece)) ? longestPiece - 1 : longestPiece;
      added.push(this.#put(rest.slice(0, cut)));
      rest = rest.slice(cut);
    }
    return added;
  }

  /** Nothing more is written. */
  finish(): string[] {
    const half = this.#half;
    this.#half = '';
    return half === '' ? [] : [this.#put(half)];
  }

  /** All before `offset` is stored. False if that cannot be: it is not in this tail, or not between two characters. */
  discard(offset: number): boolean {
    if (offset < this.#from || offset > this.to) return false;
    let [first] = this.#pieces;
    while (first && this.#from + first.size <= offset) {
      this.#drop(first);
      [first] = this.#pieces;
    }
    const inside = offset - this.#from;
    if (!first || inside === 0) return true;
    const bytes = encoder.encode(first.text);
    if (isContinuation(bytes[inside])) return false;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(inside));
    this.#drop(first);
    this.#from = offset;
    this.#size += bytes.length - inside;
    this.#pieces.unshift({ text, size: bytes.length - inside });
    return true;
  }

  #put(text: string): string {
    const bytes = encoder.encode(text);
    const whole = hasHalves.test(text) ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) : text;
    this.#pieces.push({ text: whole, size: bytes.length });
    this.#size += bytes.length;
    return whole;
  }

  #drop({ size }: Piece): void {
    this.#pieces.shift();
    this.#from += size;
    this.#size -= size;
  }
}

const hasHalves = /\p{Surrogate}/u;

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}

/** Whether a byte is inside a character of UTF-8. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
