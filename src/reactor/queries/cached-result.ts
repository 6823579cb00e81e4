// A cached result as stored records: a base in parts, and small records of later changes. Each base has its own name and becomes valid when
// the head record refers to it; until then the previous base stays complete.

import type { Store } from '../../db/store.ts';
import { isObject } from '../../lib/json.ts';
import type { Processed } from '../../protocol/query-messages.ts';
import type { TripleResult } from '../../protocol/query-result.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { CachedRow } from './cached-rows.ts';

/** What is known of an answer besides its triples. */
export interface Manifest extends Omit<TripleResult, 'triples'> {
  readonly processed: Processed | undefined;
  readonly usedAtMs: number;
  readonly base: string;
  readonly parts: number;
  readonly changes: number;
  /** In characters. */
  readonly baseSize: number;
  readonly changesSize: number;
}

/** What this start knows of the records of one answer. */
export class CachedResult {
  readonly manifestKey: string;
  readonly prefix: string;
  /** Undefined if there is none, or it was not read yet. */
  manifest: Manifest | undefined;
  /** Entities that changed since they were last written; or all there is. */
  changed: Set<string> | 'all' | undefined;
  /** A base is on its way. */
  isWriting = false;
  /** Records that no head names: a start that ended too early left them. */
  #orphans: readonly string[] = [];

  constructor(owner: string, key: string) {
    this.manifestKey = manifestPrefix(owner) + key;
    this.prefix = chunkPrefix(owner, key);
  }

  /** The record of one part of a base, or of one change. */
  recordKey(base: string, kind: 'b' | 'd', number: number): string {
    return `${this.prefix}${base}/${kind}${String(number).padStart(6, '0')}`;
  }

  /** What was kept: the records of the answer, the base before the changes. Undefined if there is none, or not all of it. */
  recordsIn(manifest: unknown, records: readonly (readonly [name: string, record: unknown])[]): unknown[] | undefined {
    const names = new Set(this.#recordsOf(manifest));
    const matching = records.filter(([name]) => names.has(name));
    const isComplete = isManifest(manifest) && matching.length === names.size;
    // Later than that, records without a head may be those of a base that is being written here.
    if (!this.manifest && !this.isWriting) {
      this.#orphans = records.flatMap(([name]) => (isComplete && names.has(name) ? [] : name));
      if (isComplete) this.manifest = manifest;
    }
    return isComplete ? matching.map(([, record]) => record) : undefined;
  }

  /** The head that stands for the answer from here on, and out with what is no part of it. */
  commit(manifest: Manifest): KeyValueOp[] {
    const stale = this.manifest?.base === manifest.base ? [] : this.#recordsOf(this.manifest);
    const staleKeys = [...stale, ...this.#orphans];
    this.manifest = manifest;
    this.#orphans = [];
    return [{ put: this.manifestKey, value: manifest }, ...staleKeys.map((remove) => ({ remove }))];
  }

  /** Out with it. */
  removals(manifest: unknown): KeyValueOp[] {
    return [this.manifestKey, ...this.#recordsOf(manifest)].map((remove) => ({ remove }));
  }

  #recordsOf(manifest: unknown): string[] {
    if (!isManifest(manifest)) return [];
    const { base, parts, changes } = manifest;
    const names = (kind: 'b' | 'd', count: number): string[] => Array.from({ length: count }, (_, at) => this.recordKey(base, kind, at));
    return [...names('b', parts), ...names('d', changes)];
  }
}

export function manifestPrefix(owner: string): string {
  return `answer/${owner}/head/`;
}

/** Of one base, its parts before its changes, each in order. */
function chunkPrefix(owner: string, key: string): string {
  return `answer/${owner}/part/${key}\n`;
}

export function isManifest(value: unknown): value is Manifest {
  const isCounted = (name: string): boolean => isObject(value) && typeof value[name] === 'number';
  return isObject(value) && typeof value['base'] === 'string' && ['parts', 'changes', 'baseSize', 'changesSize'].every(isCounted);
}

const maxDeltas = 200;

/** Another base costs less from here on. */
export function shouldCompact({ changes, changesSize, baseSize }: Manifest): boolean {
  return changes >= maxDeltas || changesSize > Math.max(65_536, baseSize / 2);
}

const valuesPerChunk = 4_000;

/** Rows are never changed, so those of one moment are that moment's answer for good. */
export function chunksOf(store: Store): CachedRow[][] {
  const parts: CachedRow[][] = [];
  let room = 0;
  for (const etype of store.etypes()) {
    const namespace = store.attrs.namespace(etype);
    for (const row of store.rows(etype)) {
      if (room <= 0) {
        parts.push([]);
        room = valuesPerChunk;
      }
      parts.at(-1)?.push([row, namespace]);
      room -= row.values.length;
    }
  }
  return parts;
}
