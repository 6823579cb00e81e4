// Usage of an app's rate limits. It is shared by all processes of a database and survives restarts: it is written to records of the app's
// log. A record is made inside the transaction that writes it, from what the log has by then.
//
// What is spent in a transaction (`take`, and writes by `once`) is written with it, and is exact across processes. What is spent otherwise is
// written with a delay, so within it processes can together exceed a limit. What was too much is then owed.
//
// Full buckets are dropped. If there are too many, the fullest are dropped first, so to have one dropped, an attacker must spend as much
// from each of all the others.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Records } from '../storage/storage.ts';
import type { RateLimit, TokenBucket } from '../token-bucket.ts';
import { LimitUsage, readUsage, type UsageRecord } from './limit-usage.ts';

export type LimitClock = Pick<Clock, 'now' | 'monotonicNow'>;

export interface LimitStoreConfig {
  readonly clock: Clock;
  /** Different for each process. */
  readonly id: string;
  /** Writes durably the records that `make` returns in a transaction at this time. Rejects on failure. */
  readonly save: (make: (at: number) => Records) => Promise<unknown>;
}

/** Tokens of one key. */
export interface Want {
  readonly name: string;
  readonly key: string;
  readonly limits: readonly RateLimit[];
  readonly tokens: number;
}

type Spent = readonly [record: string, tokens: number];

interface Request {
  readonly wants: readonly Want[];
  /** The first that the transaction had too few tokens for. */
  refused: Want | undefined;
  readonly settle: (refused: Want | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Of a record that is not used in this process yet. */
interface Stored {
  readonly record: UsageRecord;
  /** Monotonic, when it was written; undefined if this process was not running. */
  readonly since: number | undefined;
}

const prefix = 'limit ';
const saveAfterMs = 100;
/** Retry delay after a failure. */
const saveAgainAfterMs = 2000;
const maxKeys = 100_000;
/** Clocks may differ, so records of buckets that should be full are kept for a while. */
const [sweepEveryMs, sweepAfterMs, maxSwept] = [600_000, 86_400_000, 1000];

export class LimitStore {
  readonly clock: LimitClock;
  readonly #config: LimitStoreConfig | undefined;
  readonly #maxKeys: number;
  readonly #usages = new Map<string, LimitUsage>();
  readonly #stored = new Map<string, Stored>();
  readonly #unsaved = new Set<string>();
  /** What a transaction spent, in case it is made again. */
  readonly #attempts = new WeakMap<object, Spent[]>();
  #attempt: Spent[] | undefined;
  /** Of the write that was checked last. */
  #checked: readonly Spent[] = [];
  #requests: Request[] = [];
  #lastSave = 0;
  #nextSweep = 0;
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(clock: LimitClock, config?: LimitStoreConfig, most = maxKeys) {
    this.clock = clock;
    this.#config = config;
    this.#maxKeys = most;
  }

  /** Replaces what is known of the log. */
  load(records: ReadonlyMap<string, unknown>): void {
    this.#stored.clear();
    for (const [name, value] of records) this.#read(name, value, false);
  }

  /** Applies records as they are written by this or another process. */
  committed(records: Records): void {
    for (const [name, value] of Object.entries(records)) this.#read(name, value, true);
  }

  /** One bucket per limit. */
  buckets(name: string, key: string, limits: readonly RateLimit[]): readonly TokenBucket[] {
    return this.#usage(recordName(name, key), limits).buckets;
  }

  /** Spends whether or not there are enough. */
  spend({ name, key, limits, tokens }: Want): void {
    const record = recordName(name, key);
    this.#usage(record, limits).spend(tokens, this.clock.monotonicNow());
    this.#attempt?.push([record, tokens]);
    this.#hasUnsaved(record);
  }

  /** Spends in a transaction. @returns the first that there are too few tokens for; then nothing is spent */
  take(wants: readonly Want[]): Promise<Want | undefined> {
    if (!this.#config) {
      const now = this.clock.monotonicNow();
      const refused = wants.find((want) => !this.#has(want, now));
      if (!refused) for (const want of wants) this.spend(want);
      return Promise.resolve(refused);
    }
    return new Promise((settle, fail) => {
      this.#requests.push({ wants, refused: undefined, settle, fail });
      void this.save();
    });
  }

  /** Runs the checks of a write. If the same write is checked again, what it spent before is given back. */
  *once(write: object, checks: Generator<void, void>): Generator<void, void> {
    const spent = this.#begin(write);
    for (;;) {
      this.#attempt = spent;
      try {
        if (checks.next().done) break;
      } finally {
        this.#attempt = undefined;
      }
      yield;
    }
    this.#checked = spent;
  }

  /** What the write that was just checked spent, as records of its transaction. */
  recordsOfWrite(at: number): Records | undefined {
    const spent = this.#checked;
    this.#checked = [];
    return spent.length > 0 ? this.#records(at, new Set(spent.map(([record]) => record))) : undefined;
  }

  /** Resolves when all usage is durable or writing it has failed. */
  save(): Promise<void> {
    this.#config?.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#saving = this.#saving.then(() => this.#save()));
  }

  /** Stops writing. */
  stop(): void {
    this.#config?.clock.clearTimeout(this.#timer);
    this.#unsaved.clear();
  }

  #hasUnsaved(record: string): void {
    if (!this.#config) return;
    this.#unsaved.add(record);
    this.#timer ??= this.#config.clock.setTimeout(() => void this.save(), saveAfterMs);
  }

  #usage(record: string, limits: readonly RateLimit[]): LimitUsage {
    const known = this.#usages.get(record);
    if (known) return known;
    const now = this.clock.monotonicNow();
    const stored = this.#stored.get(record);
    this.#stored.delete(record);
    const usage = new LimitUsage(limits, stored?.record, stored ? this.#age(stored, now) : 0, now);
    this.#usages.set(record, usage);
    if (this.#usages.size > this.#maxKeys) this.#makeRoom(now);
    return usage;
  }

  /** If the wall clock was set back, a bucket refills later; it never becomes full. */
  #age({ record, since }: Stored, now: number): number {
    return since === undefined ? Math.max(0, this.clock.now() - record.at) : now - since;
  }

  async #save(): Promise<void> {
    if (!this.#config || this.#unsaved.size + this.#requests.length === 0) return;
    this.#forgetFull(this.clock.monotonicNow());
    const requests: Request[] = [];
    try {
      await this.#config.save((at) => {
        requests.push(...this.#requests.splice(0));
        this.#grant(requests);
        return { ...this.#swept(at), ...this.#records(at, this.#unsaved) };
      });
      for (const { settle, refused } of requests) settle(refused);
    } catch (error) {
      if (requests.length === 0) requests.push(...this.#requests.splice(0));
      for (const { fail } of requests) fail(error);
      if (this.#unsaved.size > 0) this.#timer ??= this.#config.clock.setTimeout(() => void this.save(), saveAgainAfterMs);
    }
  }

  /** Called again if the transaction is made again. */
  #grant(requests: readonly Request[]): void {
    const now = this.clock.monotonicNow();
    this.#attempt = this.#begin(requests);
    for (const request of requests) {
      request.refused = request.wants.find((want) => !this.#has(want, now));
      if (!request.refused) for (const want of request.wants) this.spend(want);
    }
    this.#attempt = undefined;
  }

  #begin(transaction: object): Spent[] {
    for (const [record, tokens] of this.#attempts.get(transaction) ?? []) {
      this.#usages.get(record)?.giveBack(tokens);
      this.#hasUnsaved(record);
    }
    const spent: Spent[] = [];
    this.#attempts.set(transaction, spent);
    return spent;
  }

  #records(at: number, names: ReadonlySet<string>): Records {
    const now = this.clock.monotonicNow();
    const about = { at, by: this.#config?.id ?? '', save: ++this.#lastSave };
    const made: Record<string, unknown> = {};
    for (const name of names) {
      const usage = this.#usages.get(name);
      // What was dropped to make room is not known here, but may be to others.
      if (usage) made[name] = usage.record(now, about);
      else this.#unsaved.delete(name);
    }
    return made;
  }

  /** Deletes records of buckets that have long been full. */
  #swept(at: number): Records {
    const now = this.clock.monotonicNow();
    if (now < this.#nextSweep) return {};
    this.#nextSweep = now + sweepEveryMs;
    const isOld = ({ record }: Stored): boolean => at > record.at + record.fullAfterMs + sweepAfterMs;
    const old = [...this.#stored].filter(([, stored]) => isOld(stored)).slice(0, maxSwept);
    return Object.fromEntries(old.map(([name]) => [name, null]));
  }

  #read(name: string, value: unknown, isNew: boolean): void {
    if (!name.startsWith(prefix)) return;
    const record = readUsage(value);
    const now = this.clock.monotonicNow();
    const stored = record && { record, since: isNew ? now : undefined };
    const usage = this.#usages.get(name);
    if (!usage) {
      if (stored) this.#stored.set(name, stored);
      else this.#stored.delete(name);
      return;
    }
    if (record && record.by === this.#config?.id) usage.written(record, now);
    else usage.replaced(record, stored ? this.#age(stored, now) : 0, now);
    if (usage.isLogged) this.#unsaved.delete(name);
  }

  #has({ name, key, limits, tokens }: Want, now: number): boolean {
    return this.buckets(name, key, limits).every((bucket) => bucket.has(tokens, now));
  }

  #forgetFull(now: number): void {
    for (const [name, usage] of this.#usages) {
      if (this.#unsaved.has(name) || !usage.isFull(now)) continue;
      if (usage.hasRecord) this.#unsaved.add(name);
      else this.#usages.delete(name);
    }
  }

  #makeRoom(now: number): void {
    this.#forgetFull(now);
    if (this.#usages.size <= this.#maxKeys) return;
    const share = ({ buckets }: LimitUsage): number => Math.min(1, ...buckets.map(({ tokens, limit }) => tokens / limit.capacity));
    const fullest = [...this.#usages].map(([name, usage]) => [name, share(usage)] as const).sort(([, a], [, b]) => b - a);
    for (const [name] of fullest.slice(0, Math.ceil(this.#maxKeys / 10))) {
      this.#usages.delete(name);
      this.#unsaved.delete(name);
    }
  }
}

/** The key is an IP or e-mail address: only its hash is stored. */
function recordName(name: string, key: string): string {
  return prefix + createHash('sha256').update(`${name}\n${key}`).digest('hex').slice(0, 32);
}
