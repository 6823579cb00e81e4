// Which answers are kept for the next start, and what of them has yet to be written. An answer is kept as a base in parts, and
// changes behind it, each as small as what changed; when the changes have outgrown it, another base takes its place. A base has a
// name of its own, and counts from the moment the head names it: until then the one before is whole. It reads and writes nothing itself.

import type { Report } from '../db/report.ts';
import type { Store } from '../db/store.ts';
import { isObject } from '../protocol/check.ts';
import type { Processed } from '../protocol/query-messages.ts';
import type { PageInfo, QueryAnswer } from '../protocol/query-answer.ts';
import type { Triple } from '../protocol/triple.ts';
import type { Edit } from '../storage/key-value.ts';
import { type AnswerRow, packRows, packTriples, unpackTriples } from './answer-record.ts';
import type { LiveQuery } from './live-query.ts';

/** What is known of an answer besides its triples. */
interface Head {
  readonly processed: Processed | undefined;
  readonly pageInfo: Readonly<Record<string, PageInfo>> | undefined;
  readonly aggregate: Readonly<Record<string, unknown>> | undefined;
  readonly usedAtMs: number;
  readonly base: string;
  readonly parts: number;
  readonly changes: number;
  /** In characters. */
  readonly baseSize: number;
  readonly changesSize: number;
}

/** What was kept of an answer: its records, the base before the changes. */
export interface Recalled extends Omit<QueryAnswer, 'triples'> {
  readonly records: readonly unknown[];
  readonly processed: Processed;
}

/** An answer as it is at one moment, to be written as a base. */
export interface BaseJob {
  readonly key: string;
  readonly owner: string;
  readonly base: string;
  /** The rows of each part. */
  readonly parts: readonly (readonly AnswerRow[])[];
  readonly head: Pick<Head, 'processed' | 'pageInfo' | 'aggregate' | 'usedAtMs'>;
}

/** What is to be written now. */
export interface Due {
  readonly edits: Edit[];
  /** Those that would take too long at once: each is to be handed to `baseWritten` when its parts are on their way. */
  readonly jobs: BaseJob[];
}

const settleMs = 1_000;
const partValues = 4_000;
const mostChanges = 200;
/** More in one change would take too long at once. */
const mostEntities = 1_000;

export class AnswerCache {
  readonly #heads = new Map<string, Head>();
  /** Entities that changed since they were last written; undefined: all there is. */
  readonly #dirty = new Map<string, Set<string> | undefined>();
  /** Bases that are being written. */
  readonly #jobs = new Map<string, BaseJob>();
  /** Records that no head names: a start that ended too early left them. */
  readonly #strays = new Map<string, Edit[]>();
  #dueMs: number | undefined;

  clear(): void {
    this.#heads.clear();
    this.#dirty.clear();
    this.#jobs.clear();
    this.#strays.clear();
    this.#dueMs = undefined;
  }

  /** The answer changed. It is written when some time has passed, with what else has changed by then. */
  note(key: string, report: Report, nowMs: number): void {
    this.#dueMs ??= nowMs + settleMs;
    if (!this.#heads.has(key) && !this.#jobs.has(key)) this.#dirty.set(key, undefined);
    const known = this.#dirty.has(key);
    const ids = this.#dirty.get(key) ?? (known ? undefined : new Set<string>());
    if (ids) for (const changes of report.values()) for (const id of changes.keys()) ids.add(id);
    this.#dirty.set(key, ids);
  }

  nextDue(): number | undefined {
    return this.#dueMs;
  }

  /** `name` makes a name that no other base has, in any tab. */
  due(lives: (key: string) => LiveQuery | undefined, owner: string, nowMs: number, name: () => string): Due {
    const due: Due = { edits: [], jobs: [] };
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return due;
    this.#dueMs = undefined;
    for (const [key, ids] of this.#dirty) {
      if (this.#jobs.has(key)) {
        this.#dueMs = nowMs + settleMs;
        continue;
      }
      this.#dirty.delete(key);
      const live = lives(key);
      if (live?.source === 'server') this.#write(live, ids, { owner, nowMs, name }, due);
    }
    return due;
  }

  /** Whether the base is still wanted. */
  isWanted(job: BaseJob): boolean {
    return this.#jobs.get(job.key) === job;
  }

  /** What makes it count, once its parts are on their way to the store. */
  baseWritten(job: BaseJob, baseSize: number): Edit[] {
    const { key, owner, base, parts, head } = job;
    this.#jobs.delete(key);
    return this.#named(key, owner, { ...head, base, parts: parts.length, changes: 0, baseSize, changesSize: 0 });
  }

  /** It could not be written. With the next change it is tried again. */
  baseFailed({ key }: BaseJob): void {
    this.#jobs.delete(key);
    this.#dirty.set(key, undefined);
  }

  /** What was kept of an answer. Undefined if there is none, or not all of it. */
  recall(key: string, owner: string, head: unknown, records: readonly (readonly [name: string, record: unknown])[]): Recalled | undefined {
    const names = isHead(head) ? new Set(namesOf(owner, key, head)) : undefined;
    const found = names ? records.filter(([name]) => names.has(name)) : [];
    const isWhole = found.length === names?.size;
    // Later than that, records without a head may be those of a base that is being written here.
    if (!this.#heads.has(key) && !this.#jobs.has(key)) {
      const strays = records.filter(([name]) => !isWhole || !names.has(name));
      this.#strays.set(
        key,
        strays.map(([name]) => ({ remove: name })),
      );
      if (isWhole && isHead(head)) this.#heads.set(key, head);
    }
    if (!isHead(head) || !isWhole) return undefined;
    const { processed = {}, pageInfo, aggregate } = head;
    return { records: found.map(([, record]) => record), pageInfo, aggregate, processed };
  }

  /** Out with those that were used longest ago, beyond so many. */
  prune(
    heads: readonly (readonly [key: string, head: unknown])[],
    limit: number,
    isInUse: (key: string) => boolean,
    owner: string,
  ): Edit[] {
    const idle = heads.filter(([key]) => !isInUse(key) && !this.#jobs.has(key));
    idle.sort(([, a], [, b]) => usedAt(b) - usedAt(a));
    return idle.slice(limit).flatMap(([key, head]) => {
      this.#heads.delete(key);
      return [{ remove: headKey(owner, key) }, ...(isHead(head) ? removals(owner, key, head) : [])];
    });
  }

  #write(live: LiveQuery, ids: Set<string> | undefined, { owner, nowMs, name }: Writing, { edits, jobs }: Due): void {
    const { key, view, processed } = live;
    const known = this.#heads.get(key);
    const head = { processed, pageInfo: view.info?.pageInfo, aggregate: view.info?.aggregate, usedAtMs: nowMs };
    if (ids && ids.size <= mostEntities && known && !hasOutgrown(known)) {
      const change = changeOf(live, ids);
      const [changes, changesSize] = [known.changes + 1, known.changesSize + change.text.length];
      edits.push({ put: partKey(owner, key, known.base, 'd', known.changes), value: change });
      edits.push(...this.#named(key, owner, { ...known, ...head, changes, changesSize }));
      return;
    }
    const job: BaseJob = { key, owner, base: name(), parts: partsOf(view.answered), head };
    if (job.parts.length > 1) {
      this.#jobs.set(key, job);
      jobs.push(job);
      return;
    }
    const parts = job.parts.map((_, at) => partEdit(job, at));
    const size = parts.reduce((sum, { value }) => sum + value.text.length, 0);
    edits.push(...parts, ...this.baseWritten(job, size));
  }

  /** The head that stands for the answer from here on, and out with what is no part of it. */
  #named(key: string, owner: string, head: Head): Edit[] {
    const known = this.#heads.get(key);
    const strays = this.#strays.get(key) ?? [];
    this.#heads.set(key, head);
    this.#strays.delete(key);
    const stale = known && known.base !== head.base ? removals(owner, key, known) : [];
    return [{ put: headKey(owner, key), value: head }, ...stale, ...strays];
  }
}

interface Writing {
  readonly owner: string;
  readonly nowMs: number;
  readonly name: () => string;
}

/** Where the attrs are kept, of which all answers speak. */
export const attrsKey = 'attrs';

export function headPrefix(owner: string): string {
  return `answer/${owner}/head/`;
}

export function headKey(owner: string, key: string): string {
  return headPrefix(owner) + key;
}

/** Of one base, its parts before its changes, each in order. */
export function partPrefix(owner: string, key: string): string {
  return `answer/${owner}/part/${key}\n`;
}

function partKey(owner: string, key: string, base: string, kind: 'b' | 'd', number: number): string {
  return `${partPrefix(owner, key)}${base}/${kind}${String(number).padStart(6, '0')}`;
}

function namesOf(owner: string, key: string, { base, parts, changes }: Head): string[] {
  const names = (kind: 'b' | 'd', count: number): string[] => Array.from({ length: count }, (_, at) => partKey(owner, key, base, kind, at));
  return [...names('b', parts), ...names('d', changes)];
}

function removals(owner: string, key: string, head: Head): Edit[] {
  return namesOf(owner, key, head).map((name) => ({ remove: name }));
}

function hasOutgrown({ changes, changesSize, baseSize }: Head): boolean {
  return changes >= mostChanges || changesSize > Math.max(65_536, baseSize / 2);
}

function changeOf({ view }: LiveQuery, ids: ReadonlySet<string>): { readonly gone: string[]; readonly text: string } {
  return { gone: [...ids], text: packTriples([...ids].flatMap((id) => view.answered.triplesOf(id))) };
}

/** One part of a base. */
export function partEdit(
  { key, owner, base, parts }: BaseJob,
  at: number,
): { readonly put: string; readonly value: { readonly text: string } } {
  return { put: partKey(owner, key, base, 'b', at), value: { text: packRows(parts[at] ?? []) } };
}

/** Rows are never changed, so those of one moment are that moment's answer for good. */
function partsOf(answered: Store): AnswerRow[][] {
  const parts: AnswerRow[][] = [];
  let room = 0;
  for (const etype of answered.etypes()) {
    const namespace = answered.attrs.namespace(etype);
    for (const row of answered.rows(etype)) {
      if (room <= 0) {
        parts.push([]);
        room = partValues;
      }
      parts[parts.length - 1]?.push([row, namespace]);
      room -= row.values.length;
    }
  }
  return parts;
}

/** Which records are to be read of which entity: of one that changed, what was written last. */
export function lastWritten(records: readonly unknown[]): ReadonlyMap<string, number> {
  const written = new Map<string, number>();
  records.forEach((record, at) => {
    if (isObject(record) && Array.isArray(record['gone'])) for (const id of record['gone']) written.set(String(id), at);
  });
  return written;
}

/** What the record tells that no later one tells anew. */
export function triplesIn(record: unknown, at: number, written: ReadonlyMap<string, number>): Triple[] {
  const triples = isObject(record) ? unpackTriples(record['text']) : [];
  return written.size === 0 ? triples : triples.filter(([e]) => (written.get(e) ?? 0) <= at);
}

function isHead(value: unknown): value is Head {
  const isCounted = (name: string): boolean => isObject(value) && typeof value[name] === 'number';
  return isObject(value) && typeof value['base'] === 'string' && ['parts', 'changes', 'baseSize', 'changesSize'].every(isCounted);
}

function usedAt(head: unknown): number {
  return isHead(head) ? head.usedAtMs : 0;
}
