// Splits a snapshot into texts of limited size and joins them again, so that no store must hold an app in one value or one string. Every
// field is split: a list by items, an object by entries.

import { isObject } from '../../lib/json.ts';
import type { Snapshot } from './storage.ts';

const maxItems = 10_000;
/** A longer text is one item. */
const maxLength = 1024 * 1024;

interface SnapshotChunk {
  readonly field: string;
  readonly value?: unknown;
  readonly list?: readonly unknown[];
  readonly entries?: readonly (readonly [string, unknown])[];
}

export function* chunksOf(snapshot: Snapshot): Generator<string> {
  for (const [field, value] of Object.entries(snapshot)) {
    if (Array.isArray(value)) for (const list of listTexts(value)) yield `{"field":"${field}","list":${list}}`;
    else if (isObject(value)) for (const entries of listTexts(Object.entries(value))) yield `{"field":"${field}","entries":${entries}}`;
    else yield JSON.stringify({ field, value } satisfies SnapshotChunk);
  }
}

export class SnapshotReader {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, unknown[]>();
  readonly #objects = new Map<string, Map<string, unknown>>();
  readonly #values = new Map<string, unknown>();

  add(text: string): void {
    const { field, value, list, entries } = JSON.parse(text) as SnapshotChunk;
    if (list) {
      const collected = madeFor(field, this.#lists, () => []);
      for (const each of list) collected.push(field === 'triples' ? this.#interned(each) : each);
    } else if (entries) {
      const collected = madeFor(field, this.#objects, () => new Map<string, unknown>());
      for (const [name, each] of entries) collected.set(name, each);
    } else this.#values.set(field, value);
  }

  /** Interns the strings of entity and attr: parsed text has a separate string for each triple. */
  #interned(triple: unknown): unknown {
    if (!Array.isArray(triple)) return triple;
    for (const at of [0, 1]) {
      const text: unknown = triple[at];
      if (typeof text !== 'string') continue;
      const known = this.#texts.get(text);
      if (known === undefined) this.#texts.set(text, text);
      else triple[at] = known;
    }
    return triple;
  }

  /** Undefined if there were no parts. */
  snapshot(): Snapshot | undefined {
    if (this.#values.size === 0) return undefined;
    const objects = [...this.#objects].map(([field, entries]) => [field, Object.fromEntries(entries)] as const);
    return Object.fromEntries([...this.#values, ...this.#lists, ...objects]) as unknown as Snapshot;
  }
}

function madeFor<T>(field: string, all: Map<string, T>, make: () => T): T {
  let found = all.get(field);
  if (found === undefined) all.set(field, (found = make()));
  return found;
}

/** At least one, so that an empty field is restored. */
function* listTexts(items: readonly unknown[]): Generator<string> {
  let [texts, length]: [string[], number] = [[], 0];
  for (const item of items) {
    const text = JSON.stringify(item);
    if (texts.length === maxItems || (texts.length > 0 && length + text.length > maxLength)) {
      yield `[${texts.join(',')}]`;
      [texts, length] = [[], 0];
    }
    texts.push(text);
    length += text.length;
  }
  yield `[${texts.join(',')}]`;
}
