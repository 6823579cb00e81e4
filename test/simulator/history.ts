// What was written, shown and answered in one run, and what must be true of it. A violation is one line.

import type { LogEntry } from '../../src/server/storage/storage.ts';
import { ShownValues } from './shown-values.ts';

export interface WriteRecord {
  readonly seq: number;
  /** The entity that the write creates. */
  readonly id: string;
  readonly tab: string;
  /** The shared row that it sets. */
  readonly register: string;
  readonly owner: string;
  /** The server must refuse it, or, if it depends on one that the server refuses, never see it. */
  readonly isInvalid: boolean;
  /** It updates the entity of an invalid write: it waits until the app gives both up. */
  readonly isDependent?: boolean;
  /** Undefined until the client said that it is on disk. */
  eventId: string | undefined;
  storedAtMs: number;
  /** `left`: its tab is told no more of it, since its user left or the tab closed. */
  outcome: 'waiting' | 'acknowledged' | 'rejected' | 'left';
}

/** What one tab has shown to one user. */
interface Shown {
  readonly owner: string;
  readonly ids: ReadonlySet<string>;
}

/** `rejected`: a valid write was. `gone`: a tab no longer shows what it or another tab of its device showed. */
export type Kind = 'lost' | 'doubled' | 'rejected' | 'rejectedAndApplied' | 'outOfOrder' | 'gone' | 'diverged' | 'other';

export class History {
  readonly #now: () => number;
  readonly writes = new Map<string, WriteRecord>();
  readonly violations: string[] = [];
  readonly counts: Record<Kind, number> = {
    lost: 0,
    doubled: 0,
    rejected: 0,
    rejectedAndApplied: 0,
    outOfOrder: 0,
    gone: 0,
    diverged: 0,
    other: 0,
  };
  readonly killed = new Set<string>();
  /** Tabs whose device could not store something: what they hold is in memory alone. */
  readonly unstored = new Set<string>();
  /** Whether the server has failed at any write. */
  hasFailures = (): boolean => false;
  /** Whether the server has refused a write, whoever was told. */
  isRefused = (eventId: string): boolean => eventId === '';
  /** Devices on which more than one tab was open at a time. */
  readonly parallel = new Set<string>();
  /** The server failed at writes, and could not say so: it was given them again after later ones. */
  hasLostFailures = false;
  readonly values = new ShownValues();
  readonly #shown = new Map<string, Shown>();
  readonly #opened = new Set<string>();
  readonly #discarded = new Set<string>();
  /** Entities of writes that an older log, which took over, does not have. */
  readonly #rolledBack = new Set<string>();
  hasOlderLog = false;
  /** Invalid writes for which there is by now what they needed: a server that has forgotten that it refused them may take them. */
  readonly mended = new Set<string>();
  #seq = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(write: Omit<WriteRecord, 'seq' | 'eventId' | 'storedAtMs' | 'outcome'>): WriteRecord {
    const record: WriteRecord = { ...write, seq: ++this.#seq, eventId: undefined, storedAtMs: Infinity, outcome: 'waiting' };
    this.writes.set(record.id, record);
    return record;
  }

  /** The app gives up refused writes, and with them those that depend on them. */
  discard(eventIds: readonly string[]): void {
    for (const eventId of eventIds) this.#discarded.add(eventId);
  }

  rollBack(entries: readonly LogEntry[]): void {
    this.hasOlderLog = true;
    for (const { changes } of entries) for (const { triple } of changes) this.#rolledBack.add(triple[0]);
    this.values.loseEntries(entries);
  }

  settle(write: WriteRecord, outcome: WriteRecord['outcome'], reason = ''): void {
    if (write.outcome !== 'waiting') this.report(`write ${write.seq} was ${write.outcome}, then ${outcome}`);
    write.outcome = outcome;
    if (write.isDependent && outcome === 'rejected')
      this.report(`write ${write.seq} depends on an invalid one, and was rejected by itself`);
    if (outcome === 'acknowledged' && this.#isInvalid(write)) this.report(`write ${write.seq} is invalid and was acknowledged`);
    const mayLackRow = this.#rolledBack.size > 0 || (this.#mayLackRow(write) && reason.includes('does not exist'));
    if (outcome === 'rejected' && !write.isInvalid && !mayLackRow)
      this.report(`write ${write.seq} is valid and was rejected: ${reason}`, 'rejected');
  }

  /** Another user signed in: what this tab has shown is no longer shown. */
  forget(tab: string): void {
    this.#shown.delete(tab);
    this.values.forget(tab);
  }

  /** A tab shows these entities: what it showed this user before is still there, unless it was refused, given up, or never got to the disk. */
  show(tab: string, owner: string, ids: readonly string[]): void {
    const now = new Set(ids);
    const before = this.#shown.get(tab);
    if (!this.#opened.has(tab)) this.#checkFirst(tab, owner, now);
    this.#opened.add(tab);
    for (const id of before?.owner === owner ? before.ids : []) {
      const write = this.writes.get(id);
      if (now.has(id) || !write || write.isInvalid || this.#mayBeLost(write)) continue;
      // After an older log took over, a valid write may be refused, and a result of the log before may have the position of an acknowledgement
      // by this one. Two tabs without a disk make the same attribute twice: one hides the other.
      if (this.hasOlderLog || this.hasFailures() || this.unstored.has(write.tab)) continue;
      this.report(`${tab} showed write ${write.seq} of ${write.tab}, and shows it no more`, 'gone');
    }
    this.#shown.set(tab, { owner, ids: now });
  }

  /** A tab that opens shows what any tab of its device has stored for this user. */
  #checkFirst(tab: string, owner: string, shown: ReadonlySet<string>): void {
    const device = tab.split('.')[0] ?? '';
    // Tabs that were open together keep results of different ages, until one of them closes or the server answers.
    // One whose disk could not be read does not know.
    if (this.parallel.has(device) || this.#hasUnstored(tab)) return;
    for (const write of this.writes.values()) {
      const isOfDevice = write.tab.split('.')[0] === device && write.owner === owner;
      // What another tab has stored this moment is on its way.
      if (!isOfDevice || shown.has(write.id) || write.isInvalid || this.#now() - write.storedAtMs < 200) continue;
      if (write.eventId === undefined || this.#mayBeLost(write) || this.hasOlderLog || this.unstored.has(write.tab)) continue;
      this.report(`${tab} opens, and does not show write ${write.seq} of ${write.tab}, which was stored`, 'gone');
    }
  }

  /** The end, after everything has healed: the log against what clients were told. */
  check(entries: readonly LogEntry[], markAttrs: ReadonlySet<string>, refused: ReadonlySet<string>): void {
    const applied = this.#applied(entries, markAttrs);
    for (const write of this.writes.values()) this.#checkWrite(write, applied.get(write.id) ?? []);
    if (this.#rolledBack.size === 0 && !this.hasLostFailures) this.#checkOrder(entries);
    for (const violation of this.values.check(entries)) this.report(violation, 'gone');
    for (const { event, rejected } of entries)
      if (event && !rejected && refused.has(event.id) && !this.hasOlderLog) this.report(`${event.id} was refused, and then applied`);
  }

  /** In the order in which the rows were made. */
  checkOrderShown(ids: readonly string[], entries: readonly LogEntry[]): void {
    const made = new Set(entries.flatMap(({ changes }) => changes.map(({ triple }) => triple[0])));
    const expected = [...made].filter((id) => ids.includes(id));
    if (expected.join() !== ids.join()) this.report('rows are shown in another order than they were made in');
  }

  report(violation: string, kind: Kind = 'other'): void {
    this.violations.push(`${this.#now()} ms: ${violation}`);
    this.counts[kind] += 1;
  }

  #checkWrite(write: WriteRecord, appliedFor: readonly string[]): void {
    const { seq, tab, owner, outcome } = write;
    const isInvalid = this.#isInvalid(write);
    const count = appliedFor.length;
    if (count > 1) this.report(`write ${seq} was applied ${count} times`, 'doubled');
    if (count > 0 && isInvalid)
      this.report(`write ${seq} is ${write.isDependent ? 'dependent on an invalid one' : 'invalid'} and was applied`);
    if (count === 0 && !write.isInvalid && outcome !== 'rejected' && !this.#mayBeLost(write))
      this.report(`write ${seq} of ${tab} is lost (${outcome})`, 'lost');
    if (count > 0 && !write.isInvalid && outcome === 'rejected')
      this.report(`write ${seq} was rejected, and applied`, 'rejectedAndApplied');
    if (outcome === 'waiting' && !this.killed.has(tab) && !write.isDependent) this.report(`write ${seq} of ${tab} never settled`);
    for (const by of appliedFor) if (by !== owner) this.report(`write ${seq} of ${owner || 'a guest'} was applied for ${by || 'a guest'}`);
  }

  #isInvalid({ id, isInvalid }: WriteRecord): boolean {
    return isInvalid && !(this.hasOlderLog && this.mended.has(id));
  }

  /** By entity, for whom each application was made, in the order of the log. */
  #applied(entries: readonly LogEntry[], markAttrs: ReadonlySet<string>): Map<string, string[]> {
    const applied = new Map<string, string[]>();
    const made = new Map<string, string>();
    for (const { changes, event, rejected } of entries) {
      for (const { action, triple } of changes) {
        const [entity, attr] = triple;
        if (action !== 'added' || !markAttrs.has(attr) || !this.writes.has(entity)) continue;
        applied.set(entity, [...(applied.get(entity) ?? []), event?.by ?? '']);
        if (event) made.set(event.id, entity);
      }
      // A repeat that finds its row as it leaves it changes nothing there, but undoes what came in between elsewhere.
      const repeated = event && !rejected && changes.every(({ triple }) => triple[0] !== made.get(event.id)) && made.get(event.id);
      if (repeated) applied.set(repeated, [...(applied.get(repeated) ?? []), event.by ?? '']);
    }
    return applied;
  }

  /** What one tab and one user write to one row arrives there in the order in which it was made; unrelated writes may overtake each other. */
  #checkOrder(entries: readonly LogEntry[]): void {
    const bySeq = new Map([...this.writes.values()].map((write) => [write.seq, write]));
    const last = new Map<string, number>();
    for (const { changes } of entries) {
      for (const { action, triple } of changes) {
        const write = action === 'added' && typeof triple[2] === 'number' ? bySeq.get(triple[2]) : undefined;
        // What is not on disk is not there when its user comes back, until the disk can be read.
        if (write?.register !== triple[0] || this.unstored.has(write.tab)) continue;
        const line = `${write.tab} ${write.owner} ${write.register}`;
        const before = last.get(line) ?? 0;
        if (write.seq < before) this.report(`write ${write.seq} of ${write.tab} overwrote its later write ${before}`, 'outOfOrder');
        last.set(line, Math.max(before, write.seq));
      }
    }
  }

  /** A row cannot be updated that an older log does not have, that the server failed to make, or that a tab made which was closed without a disk. */
  #mayLackRow({ tab }: WriteRecord): boolean {
    return this.#rolledBack.size > 0 || this.hasFailures() || this.#hasUnstored(tab);
  }

  /** Whether any tab of the same device was without a disk. */
  #hasUnstored(tab: string): boolean {
    const device = `${tab.split('.')[0] ?? ''}.`;
    return [...this.unstored].some((name) => name.startsWith(device));
  }

  #mayBeLost(write: WriteRecord): boolean {
    const { id, eventId, tab, outcome } = write;
    // Another tab may have been told so.
    const isRejected = outcome === 'rejected' || (eventId !== undefined && this.isRefused(eventId));
    if (this.#rolledBack.has(id) || (this.#mayLackRow(write) && isRejected)) return true;
    const isGone = this.killed.has(tab) || outcome === 'left';
    if (eventId === undefined || this.unstored.has(tab)) return isGone;
    return this.#discarded.has(eventId);
  }
}
