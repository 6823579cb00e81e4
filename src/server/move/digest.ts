// A digest of an app by namespace: the number of rows and an order-independent hash. Computed once from the source and once from the
// storage.

import { createHash } from 'node:crypto';

export interface NamespaceDigest {
  readonly rows: number;
  /** 16 hex digits. */
  readonly hash: string;
}

export type Field = readonly [label: string, value: unknown];

interface Sum {
  rows: number;
  high: number;
  low: number;
}

export class Digest {
  readonly #sums = new Map<string, Sum>();

  /** `fields`: has-many links as arrays. */
  addRow(etype: string, id: string, createdAt: number, fields: readonly Field[]): void {
    const sorted = fields.map(([label, value]): Field => [label, value]).sort(([a], [b]) => (a < b ? -1 : 1));
    this.add(etype, JSON.stringify([id, createdAt, sorted]));
  }

  add(etype: string, text: string): void {
    let sum = this.#sums.get(etype);
    if (!sum) this.#sums.set(etype, (sum = { rows: 0, high: 0, low: 0 }));
    const bytes = createHash('sha256').update(text).digest();
    sum.rows++;
    sum.high = (sum.high + bytes.readUInt32BE(0)) >>> 0;
    sum.low = (sum.low + bytes.readUInt32BE(4)) >>> 0;
  }

  of(etype: string): NamespaceDigest {
    const { rows, high, low } = this.#sums.get(etype) ?? { rows: 0, high: 0, low: 0 };
    const hex = (word: number): string => word.toString(16).padStart(8, '0');
    return { rows, hash: hex(high) + hex(low) };
  }

  get namespaces(): string[] {
    return [...this.#sums.keys()].sort();
  }
}
