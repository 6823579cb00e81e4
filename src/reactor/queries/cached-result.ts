// A cached result as stored records: a base in parts, and small records of later changes. Each base has its own name and becomes valid when
// the head record refers to it; until then the previous base stays complete.

import type { Store } from '../../db/store.ts';
import { isObject } from '../../lib/json.ts';
import type { Processed } from '../../protocol/query-messages.ts';
import type { TripleResult } from '../../protocol/query-result.ts';
import type { KeyValueOp } from '../../storage/key-value.ts';
import type { CachedRow } from './cached-rows.ts';

/** What is known of a result besides its triples. */
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

/** What this session knows of the stored records of one result. */
export class CachedResult {
  readonly manifestKey: string;
  readonly prefix: string;
  /** Undefined if there is none, or it has not been read yet. */
  manifest: Manifest | undefined;
  /** Entities changed since they were last stored; or everything. */
  changed: Set<string> | 'all' | undefined;
  /** A base is being stored. */
  isWriting = false;
  /** What is stored is being read, before what changed is stored. */
  isReading = false;
  /** Records that no head refers to: left by a session that ended early. */
  #orphans: readonly string[] = [];
  /** The base before the present one. */
  #previousBase: string | undefined;

  constructor(owner: string, key: string) {
    this.manifestKey = manifestPrefix(owner) + key;
    this.prefix = chunkPrefix(owner, key);
  }

  /** The record of one part of a base, or of one change. */
  recordKey(base: string, kind: 'b' | 'd', number: number): string {
    return `${this.prefix}${base}/${kind}${String(number).padStart(6, '0')}`;
  }

  /** The stored records of the result, base before changes. Undefined if there are none or some are missing. */
  recordsIn(manifest: unknown, records: readonly (readonly [name: string, record: unknown])[]): unknown[] | undefined {
    const names = new Set(this.#recordsOf(manifest));
    const matching = records.filter(([name]) => names.has(name));
    const isComplete = isManifest(manifest) && matching.length === names.size;
    // From then on, records without a head may belong to a base that is being stored here.
    if (!this.manifest && !this.isWriting) {
      this.#orphans = records.flatMap(([name]) => (isComplete && names.has(name) ? [] : name));
      if (isComplete) this.manifest = manifest;
    }
    return isComplete ? matching.map(([, record]) => record) : undefined;
  }

  /** Whether another tab has stored the result since this one did or read it. The stored head may lag behind what is being stored. */
  isReplacedBy(head: unknown): head is Manifest {
    if (!isManifest(head) || head.base === this.#previousBase) return false;
    return head.base !== this.manifest?.base || head.changes > this.manifest.changes;
  }

  /** Makes this head current, and removes records that are not part of it. */
  commit(manifest: Manifest): KeyValueOp[] {
    const isNewBase = this.manifest?.base !== manifest.base;
    const stale = isNewBase ? this.#recordsOf(this.manifest) : [];
    if (isNewBase) this.#previousBase = this.manifest?.base;
    const staleKeys = [...stale, ...this.#orphans];
    this.manifest = manifest;
    this.#orphans = [];
    return [{ put: this.manifestKey, value: manifest }, ...staleKeys.map((remove) => ({ remove }))];
  }

  /** Removes the result. */
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

/** Of one base: its parts, then its changes, in order. */
function chunkPrefix(owner: string, key: string): string {
  return `answer/${owner}/part/${key}\n`;
}

export function isManifest(value: unknown): value is Manifest {
  const isCounted = (name: string): boolean => isObject(value) && typeof value[name] === 'number';
  return isObject(value) && typeof value['base'] === 'string' && ['parts', 'changes', 'baseSize', 'changesSize'].every(isCounted);
}

const maxDeltas = 200;

/** Storing another base is cheaper from here on. */
export function shouldCompact({ changes, changesSize, baseSize }: Manifest): boolean {
  return changes >= maxDeltas || changesSize > Math.max(65_536, baseSize / 2);
}

const valuesPerChunk = 4_000;

/** Rows are immutable, so they represent the result of that moment permanently. */
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
