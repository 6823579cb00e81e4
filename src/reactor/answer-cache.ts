// Which answers are kept for the next start, and what of them has yet to be written. An answer is kept as a base in a few parts, and
// changes behind it, each as small as what changed; when the changes have outgrown it, the base is written anew. It reads and
// writes nothing itself.

import type { Report } from '../db/report.ts';
import { isObject } from '../protocol/check.ts';
import type { Processed } from '../protocol/query-messages.ts';
import type { PageInfo, QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';
import { packTriples, unpackTriples } from './answer-record.ts';
import type { LiveQuery } from './live-query.ts';

/** What is known of an answer besides its triples. */
interface Head {
  readonly processed: Processed | undefined;
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, unknown>> | undefined;
  readonly usedAtMs: number;
  readonly parts: number;
  readonly changes: number;
  /** In characters. */
  readonly baseSize: number;
  readonly changesSize: number;
}

export interface Recalled {
  readonly answer: QueryAnswer;
  readonly processed: Processed;
}

const settleMs = 1_000;
const partTriples = 20_000;
const mostChanges = 200;

export class AnswerCache {
  readonly #heads = new Map<string, Head>();
  /** Entities that changed since they were last written; undefined: all there is. */
  readonly #dirty = new Map<string, Set<string> | undefined>();
  #dueMs: number | undefined;

  clear(): void {
    this.#heads.clear();
    this.#dirty.clear();
    this.#dueMs = undefined;
  }

  /** The answer changed. It is written when some time has passed, with what else has changed by then. */
  note(key: string, report: Report, nowMs: number): void {
    this.#dueMs ??= nowMs + settleMs;
    if (!this.#heads.has(key)) this.#dirty.set(key, undefined);
    const known = this.#dirty.has(key);
    const ids = this.#dirty.get(key) ?? (known ? undefined : new Set<string>());
    if (ids) for (const changes of report.values()) for (const id of changes.keys()) ids.add(id);
    this.#dirty.set(key, ids);
  }

  nextDue(): number | undefined {
    return this.#dueMs;
  }

  /** What is to be written now. */
  due(lives: (key: string) => LiveQuery | undefined, owner: string, nowMs: number): Edit[] {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return [];
    this.#dueMs = undefined;
    const edits: Edit[] = [];
    for (const [key, ids] of this.#dirty) {
      const live = lives(key);
      if (live?.source === 'server') edits.push(...this.#write(live, ids, owner, nowMs));
    }
    this.#dirty.clear();
    return edits;
  }

  /** What was kept of an answer, put together again. */
  recall(key: string, head: unknown, records: readonly (readonly [name: string, record: unknown])[]): Recalled | undefined {
    if (!isHead(head)) return undefined;
    this.#heads.set(key, head);
    const { processed, pageInfo, aggregate } = head;
    return { answer: { triples: triplesOf(records.map(([, record]) => record)), pageInfo, aggregate }, processed: processed ?? {} };
  }

  /** Out with those that were used longest ago, beyond so many. */
  prune(
    heads: readonly (readonly [key: string, head: unknown])[],
    limit: number,
    isInUse: (key: string) => boolean,
    owner: string,
  ): Edit[] {
    const idle = heads.filter(([key]) => !isInUse(key));
    idle.sort(([, a], [, b]) => usedAt(b) - usedAt(a));
    return idle.slice(limit).flatMap(([key, head]) => {
      this.#heads.delete(key);
      return [{ remove: headKey(owner, key) }, ...(isHead(head) ? removals(owner, key, head) : [])];
    });
  }

  #write(live: LiveQuery, ids: Set<string> | undefined, owner: string, nowMs: number): Edit[] {
    const { key } = live;
    const known = this.#heads.get(key);
    const hasOutgrown = !known || known.changes >= mostChanges || known.changesSize > Math.max(65_536, known.baseSize / 2);
    const change = ids && !hasOutgrown ? changeOf(live, ids) : undefined;
    const { edits, parts, changes, baseSize, changesSize } =
      change && known
        ? {
            edits: [{ put: partKey(owner, key, 'd', known.changes), value: change }],
            parts: known.parts,
            changes: known.changes + 1,
            baseSize: known.baseSize,
            changesSize: known.changesSize + change.text.length,
          }
        : { ...baseOf(live, owner), changes: 0, changesSize: 0 };
    const { pageInfo, aggregate } = live.view.info ?? {};
    const head: Head = { processed: live.processed, pageInfo, aggregate, usedAtMs: nowMs, parts, changes, baseSize, changesSize };
    this.#heads.set(key, head);
    const stale = known && !change ? removals(owner, key, known) : [];
    return [...stale, ...edits, { put: headKey(owner, key), value: head }];
  }
}

/** Where the attrs are kept, of which all answers speak. */
export const attrsKey = 'attrs';

export function headPrefix(owner: string): string {
  return `answer/${owner}/head/`;
}

export function headKey(owner: string, key: string): string {
  return headPrefix(owner) + key;
}

/** Base before changes, each in order. */
export function partPrefix(owner: string, key: string): string {
  return `answer/${owner}/part/${key}\n`;
}

function partKey(owner: string, key: string, kind: 'b' | 'd', number: number): string {
  return `${partPrefix(owner, key)}${kind}${String(number).padStart(6, '0')}`;
}

function removals(owner: string, key: string, { parts, changes }: Head): Edit[] {
  const base = Array.from({ length: parts }, (_, at) => ({ remove: partKey(owner, key, 'b', at) }));
  return [...base, ...Array.from({ length: changes }, (_, at) => ({ remove: partKey(owner, key, 'd', at) }))];
}

function changeOf({ view }: LiveQuery, ids: ReadonlySet<string>): { readonly gone: string[]; readonly text: string } {
  return { gone: [...ids], text: packTriples([...ids].flatMap((id) => view.answered.triplesOf(id))) };
}

function baseOf({ key, view }: LiveQuery, owner: string): { edits: Edit[]; parts: number; baseSize: number } {
  const triples = [...view.answered.triples()];
  const edits: { put: string; value: { text: string } }[] = [];
  for (let at = 0; at < triples.length; at += partTriples) {
    edits.push({ put: partKey(owner, key, 'b', edits.length), value: { text: packTriples(triples.slice(at, at + partTriples)) } });
  }
  return { edits, parts: edits.length, baseSize: edits.reduce((size, { value }) => size + value.text.length, 0) };
}

/** Of the parts of an answer, the base before the changes: of an entity that changed, what was written last. */
function triplesOf(records: readonly unknown[]): Triple[] {
  const parts = records.filter(isObject).map(({ gone, text }) => ({ gone, triples: unpackTriples(text) }));
  const written = new Map<string, number>();
  parts.forEach(({ gone }, at) => {
    if (Array.isArray(gone)) for (const id of gone) written.set(String(id), at);
  });
  if (written.size === 0) return parts.flatMap(({ triples }) => triples);
  return parts.flatMap(({ triples }, at) => triples.filter(([e]) => (written.get(e) ?? 0) <= at));
}

function isHead(value: unknown): value is Head {
  return isObject(value) && ['parts', 'changes', 'baseSize', 'changesSize'].every((name) => typeof value[name] === 'number');
}

function usedAt(head: unknown): number {
  return isHead(head) ? head.usedAtMs : 0;
}
