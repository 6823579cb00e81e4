// An answer as it is kept for the next start, in records: a base in parts, and changes behind it, each as small as what changed. A base has
// a name of its own, and counts from the moment the head names it: until then the one before is whole.

import type { Store } from '../db/store.ts';
import { isObject } from '../protocol/check.ts';
import type { Processed } from '../protocol/query-messages.ts';
import type { QueryAnswer } from '../protocol/query-answer.ts';
import type { Edit } from '../storage/key-value.ts';
import type { AnswerRow } from './answer-record.ts';

/** What is known of an answer besides its triples. */
export interface Head extends Omit<QueryAnswer, 'triples'> {
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
export class KeptAnswer {
  readonly headKey: string;
  readonly prefix: string;
  /** Undefined if there is none, or it was not read yet. */
  head: Head | undefined;
  /** Entities that changed since they were last written; or all there is. */
  changed: Set<string> | 'all' | undefined;
  /** A base is on its way. */
  isWriting = false;
  /** Records that no head names: a start that ended too early left them. */
  #strays: readonly string[] = [];

  constructor(owner: string, key: string) {
    this.headKey = headPrefix(owner) + key;
    this.prefix = partPrefix(owner, key);
  }

  /** The record of one part of a base, or of one change. */
  recordKey(base: string, kind: 'b' | 'd', number: number): string {
    return `${this.prefix}${base}/${kind}${String(number).padStart(6, '0')}`;
  }

  /** What was kept: the records of the answer, the base before the changes. Undefined if there is none, or not all of it. */
  found(head: unknown, records: readonly (readonly [name: string, record: unknown])[]): unknown[] | undefined {
    const names = new Set(this.#recordsOf(head));
    const ours = records.filter(([name]) => names.has(name));
    const isWhole = isHead(head) && ours.length === names.size;
    // Later than that, records without a head may be those of a base that is being written here.
    if (!this.head && !this.isWriting) {
      this.#strays = records.flatMap(([name]) => (isWhole && names.has(name) ? [] : name));
      if (isWhole) this.head = head;
    }
    return isWhole ? ours.map(([, record]) => record) : undefined;
  }

  /** The head that stands for the answer from here on, and out with what is no part of it. */
  named(head: Head): Edit[] {
    const stale = this.head?.base === head.base ? [] : this.#recordsOf(this.head);
    const gone = [...stale, ...this.#strays];
    this.head = head;
    this.#strays = [];
    return [{ put: this.headKey, value: head }, ...gone.map((remove) => ({ remove }))];
  }

  /** Out with it. */
  removals(head: unknown): Edit[] {
    return [this.headKey, ...this.#recordsOf(head)].map((remove) => ({ remove }));
  }

  #recordsOf(head: unknown): string[] {
    if (!isHead(head)) return [];
    const { base, parts, changes } = head;
    const names = (kind: 'b' | 'd', count: number): string[] => Array.from({ length: count }, (_, at) => this.recordKey(base, kind, at));
    return [...names('b', parts), ...names('d', changes)];
  }
}

export function headPrefix(owner: string): string {
  return `answer/${owner}/head/`;
}

/** Of one base, its parts before its changes, each in order. */
function partPrefix(owner: string, key: string): string {
  return `answer/${owner}/part/${key}\n`;
}

export function isHead(value: unknown): value is Head {
  const isCounted = (name: string): boolean => isObject(value) && typeof value[name] === 'number';
  return isObject(value) && typeof value['base'] === 'string' && ['parts', 'changes', 'baseSize', 'changesSize'].every(isCounted);
}

const mostChanges = 200;

/** Another base costs less from here on. */
export function hasOutgrown({ changes, changesSize, baseSize }: Head): boolean {
  return changes >= mostChanges || changesSize > Math.max(65_536, baseSize / 2);
}

const partValues = 4_000;

/** Rows are never changed, so those of one moment are that moment's answer for good. */
export function partsOf(answered: Store): AnswerRow[][] {
  const parts: AnswerRow[][] = [];
  let room = 0;
  for (const etype of answered.etypes()) {
    const namespace = answered.attrs.namespace(etype);
    for (const row of answered.rows(etype)) {
      if (room <= 0) {
        parts.push([]);
        room = partValues;
      }
      parts.at(-1)?.push([row, namespace]);
      room -= row.values.length;
    }
  }
  return parts;
}
