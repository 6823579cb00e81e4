// Results of writes by key, packed into buffers: as objects they would take several times the memory, and each collection would visit them.

import { hash, randomBytes } from 'node:crypto';

import type { AnsweredEvent, Event, RememberedRejection } from '../storage/storage.ts';

/** Clients choose the keys; without a secret they could choose ones that collide. */
const secret = randomBytes(16).toString('base64');
/** Of one result: its numbers, and its share of the index. */
const fixedBytes = 48;
const initialCapacity = 16;

/** A key as it is stored, and its hash. */
export class PackedKey {
  readonly by: string;
  readonly id: string;
  readonly text: Buffer;
  readonly hash: number;

  constructor({ by, id }: Event) {
    this.by = by;
    this.id = id;
    const text = JSON.stringify([by, id]);
    this.text = Buffer.from(text);
    this.hash = hash('sha1', secret + text, 'buffer').readUInt32LE();
  }
}

/** A run of results, in the order of their addition. They can be removed, the oldest one first or by key. */
export class PackedEvents {
  #texts = Buffer.alloc(1024);
  #ends = new Uint32Array(initialCapacity);
  #txIds = new Float64Array(initialCapacity);
  #times = new Float64Array(initialCapacity);
  #since = new Float64Array(initialCapacity);
  #hashes = new Uint32Array(initialCapacity);
  #isRemoved = new Uint8Array(initialCapacity);
  /** Open addressing: positions + 1; 0 = free. Twice the capacity, a power of two. */
  #index = new Int32Array(2 * initialCapacity);
  readonly #rejections = new Map<number, RememberedRejection>();
  #length = 0;
  #first = 0;
  bytes = 0;

  /** The number of results ever added. */
  get length(): number {
    return this.#length;
  }

  /** When the oldest result was added; undefined without any. */
  get oldestMs(): number | undefined {
    return this.#first < this.#length ? this.#since[this.#first] : undefined;
  }

  add({ text, hash }: PackedKey, { txId, at, rejected }: AnsweredEvent, sinceMs: number): void {
    const position = this.#length;
    this.#grow(text.length);
    text.copy(this.#texts, this.#start(position));
    this.#ends[position] = this.#start(position) + text.length;
    this.#txIds[position] = txId;
    this.#times[position] = at;
    this.#since[position] = sinceMs;
    this.#hashes[position] = hash;
    if (rejected) this.#rejections.set(position, rejected);
    this.#length += 1;
    this.#link(position);
    this.bytes += this.#bytesOf(position);
  }

  find(key: PackedKey): AnsweredEvent | undefined {
    const position = this.#positionOf(key);
    return position === undefined ? undefined : this.#read(position);
  }

  remove(key: PackedKey): void {
    const position = this.#positionOf(key);
    if (position !== undefined) this.#removeAt(position);
  }

  removeOldest(): void {
    if (this.#first < this.#length) this.#removeAt(this.#first);
  }

  list(): AnsweredEvent[] {
    const positions = Array.from({ length: this.#length - this.#first }, (_, at) => this.#first + at);
    return positions.filter((position) => this.#isRemoved[position] === 0).map((position) => this.#read(position));
  }

  #removeAt(position: number): void {
    this.bytes -= this.#bytesOf(position);
    this.#isRemoved[position] = 1;
    this.#rejections.delete(position);
    while (this.#first < this.#length && this.#isRemoved[this.#first] === 1) this.#first += 1;
  }

  #read(position: number): AnsweredEvent {
    const [by, id] = JSON.parse(this.#texts.toString('utf8', this.#start(position), this.#ends[position])) as [string, string];
    const rejected = this.#rejections.get(position);
    return { id, by, txId: this.#txIds[position] ?? 0, at: this.#times[position] ?? 0, ...(rejected && { rejected }) };
  }

  #positionOf({ text, hash }: PackedKey): number | undefined {
    const mask = this.#index.length - 1;
    for (let slot = hash & mask; this.#index[slot] !== 0; slot = (slot + 1) & mask) {
      const position = (this.#index[slot] ?? 0) - 1;
      if (this.#hashes[position] !== hash || this.#isRemoved[position] === 1) continue;
      if (this.#texts.compare(text, 0, text.length, this.#start(position), this.#ends[position]) === 0) return position;
    }
    return undefined;
  }

  #link(position: number): void {
    const mask = this.#index.length - 1;
    let slot = (this.#hashes[position] ?? 0) & mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
    this.#index[slot] = position + 1;
  }

  #grow(textLength: number): void {
    const needed = this.#start(this.#length) + textLength;
    if (needed > this.#texts.length) {
      const larger = Buffer.alloc(2 * needed);
      this.#texts.copy(larger);
      this.#texts = larger;
    }
    if (this.#length < this.#ends.length) return;
    const capacity = 2 * this.#length;
    this.#ends = copied(this.#ends, new Uint32Array(capacity));
    this.#txIds = copied(this.#txIds, new Float64Array(capacity));
    this.#times = copied(this.#times, new Float64Array(capacity));
    this.#since = copied(this.#since, new Float64Array(capacity));
    this.#hashes = copied(this.#hashes, new Uint32Array(capacity));
    this.#isRemoved = copied(this.#isRemoved, new Uint8Array(capacity));
    this.#index = new Int32Array(2 * capacity);
    for (let position = 0; position < this.#length; position += 1) this.#link(position);
  }

  #start(position: number): number {
    return position === 0 ? 0 : (this.#ends[position - 1] ?? 0);
  }

  #bytesOf(position: number): number {
    const rejected = this.#rejections.get(position);
    const text = (this.#ends[position] ?? 0) - this.#start(position);
    return fixedBytes + text + (rejected ? JSON.stringify(rejected).length : 0);
  }
}

function copied<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
