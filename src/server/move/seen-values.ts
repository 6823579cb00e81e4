// A set for uniqueness checks that uses 16 to 32 bytes per value: it stores 64-bit hashes, so two values collide once in 2^64 pairs.

export class SeenValues {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  #size = 0;

  /** @returns whether the value is new */
  add(text: string): boolean {
    const [high, low] = hash64(text);
    if (this.#size * 2 >= this.#low.length) this.#grow();
    return this.#insert(high, low);
  }

  #insert(high: number, low: number): boolean {
    const mask = this.#low.length - 1;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const [h = 0, l = 0] = [this.#high[at], this.#low[at]];
      if (h === high && l === low) return false;
      if (h !== 0 || l !== 0) continue;
      this.#high[at] = high;
      this.#low[at] = low;
      this.#size++;
      return true;
    }
  }

  #grow(): void {
    const [highs, lows] = [this.#high, this.#low];
    this.#high = new Uint32Array(highs.length * 2);
    this.#low = new Uint32Array(lows.length * 2);
    this.#size = 0;
    for (let at = 0; at < lows.length; at++) {
      const [high = 0, low = 0] = [highs[at], lows[at]];
      if (high !== 0 || low !== 0) this.#insert(high, low);
    }
  }
}

/** Two multiplicative hashes with the finaliser of MurmurHash3; never both zero, which marks an empty slot. */
function hash64(text: string): readonly [number, number] {
  let [a, b] = [0xdeadbeef ^ text.length, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    a = (a << 13) | (a >>> 19);
  }
  const high = mixed(a ^ (b >>> 15));
  const low = mixed(b ^ high);
  return [high, low === 0 && high === 0 ? 1 : low];
}

function mixed(given: number): number {
  let value = Math.imul(given ^ (given >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
