// A storage that lasts as long as the process. Several servers may share it, in sequence or concurrently: each reads what the others wrote.

import { memoryFiles } from '../files/memory-files.ts';
import { inSlices, sliceItems } from '../slices.ts';
import { listSizeSteps, sizeOfEntry, sizeOfLogEntry } from './entry-size.ts';
import { LogSubscribers } from './log-subscribers.ts';
import { SnapshotState } from './replay.ts';
import { SnapshotReader } from './snapshot-chunks.ts';
import {
  type Appended,
  type AppLog,
  type HeldLog,
  type Loaded,
  type LogEntry,
  type LogListener,
  type Snapshot,
  type Stage,
  type Storage,
} from './storage.ts';

/**
 * @example
 * const storage = memory();
 * const first = await createServer({ storage });
 * await first.close();
 * const second = await createServer({ storage, appId: first.appId });
 */
export function memory(): Storage {
  const logs = new Map<string, AppLog>();
  const staged = new Map<string, string[]>();
  return {
    files: memoryFiles(),
    async open(appId) {
      let log = logs.get(appId);
      if (!log) logs.set(appId, (log = portTo(new MemoryLog())));
      return log;
    },
    async stage(appId) {
      const chunks = staged.get(appId) ?? [];
      staged.set(appId, chunks);
      const log = logs.get(appId) ?? portTo(new MemoryLog());
      const publish = (): void => void logs.set(appId, log);
      return memoryStage(chunks, log, publish, await endOf(log));
    },
    apps: async () => [...logs.keys()],
    close: async () => {},
  };
}

function memoryStage(chunks: string[], log: AppLog, published: () => void, txId: number): Stage {
  return {
    txId,
    get length() {
      return chunks.length;
    },
    add: async (chunk) => void chunks.push(chunk),
    read: async (at) => chunks[at],
    async publish(next) {
      const reader = new SnapshotReader();
      for (const chunk of chunks) reader.add(chunk);
      const snapshot = reader.snapshot();
      if (!snapshot || (await endOf(log)) !== txId) return 'behind';
      await log.compact({ ...snapshot, txId: next });
      chunks.length = 0;
      published();
      return 'appended';
    },
    discard: async () => void (chunks.length = 0),
  };
}

async function endOf(log: AppLog): Promise<number> {
  const { snapshot, entries } = await log.load();
  return entries.at(-1)?.txId ?? snapshot?.txId ?? 0;
}

/** Plain functions, so that a wrapping storage can spread this one. */
function portTo(log: MemoryLog): AppLog {
  return {
    load: () => log.load(),
    since: (txId) => log.since(txId),
    append: (entries) => log.append(entries),
    hold: () => log.hold(),
    compact: (snapshot) => log.compact(snapshot),
    subscribe: (listener) => log.subscribe(listener),
  };
}

/** Entries are kept for servers that are slightly behind; beyond this many bytes they are merged into the state. */
const minTailBytes = 1024 * 1024;
/** Kept entries take at most this fraction of the state. */
const tailShare = 1 / 8;

class MemoryLog implements AppLog {
  readonly #subscribers = new LogSubscribers();
  /** Undefined until the first snapshot. */
  #state: SnapshotState | undefined;
  #stateBytes = 0;
  #tail: LogEntry[] = [];
  #tailBytes = 0;
  #isFolding = false;
  /** Resolves when whoever holds the log has let go. */
  #held: Promise<void> | undefined;

  async load(): Promise<Loaded> {
    return { snapshot: this.#state?.snapshot(), entries: this.#tail.slice() };
  }

  async since(txId: number): Promise<readonly LogEntry[] | undefined> {
    return txId < this.#start || txId > this.#end ? undefined : this.#tail.filter((entry) => entry.txId > txId);
  }

  async append(added: readonly LogEntry[]): Promise<Appended> {
    while (this.#held) await this.#held;
    return this.#append(added);
  }

  async hold(): Promise<HeldLog> {
    while (this.#held) await this.#held;
    let letGo = (): void => {};
    this.#held = new Promise((resolve) => {
      letGo = () => {
        this.#held = undefined;
        letGo = () => {};
        resolve();
      };
    });
    return {
      since: (txId) => this.since(txId),
      append: async (entries) => {
        const appended = this.#append(entries);
        letGo();
        return appended;
      },
      release: async () => letGo(),
    };
  }

  #append(added: readonly LogEntry[]): Appended {
    const [first] = added;
    if (first && first.txId !== this.#end + 1) return 'behind';
    for (const entry of added) {
      this.#tail.push(entry);
      this.#tailBytes += sizeOfLogEntry(entry);
    }
    if (first) this.#subscribers.notify(this.#end, added);
    this.#foldIfLarge();
    return 'appended';
  }

  async compact(next: Snapshot): Promise<void> {
    if (next.txId < this.#start) return;
    const state = await inSlices(SnapshotState.from(next));
    const bytes = await inSlices(listSizeSteps(next.triples));
    // Others may have appended and merged more meanwhile.
    if (next.txId < this.#start) return;
    [this.#state, this.#stateBytes] = [state, bytes];
    this.#tail = this.#tail.filter(({ txId }) => txId > next.txId);
    this.#tailBytes = this.#tail.reduce((sum, entry) => sum + sizeOfLogEntry(entry), 0);
  }

  subscribe(listener: LogListener): () => void {
    return this.#subscribers.add(listener);
  }

  get #start(): number {
    return this.#state?.txId ?? 0;
  }

  get #end(): number {
    return this.#tail.at(-1)?.txId ?? this.#start;
  }

  /** Deferred until subscribers notified of the append have read it. */
  #foldIfLarge(): void {
    if (this.#isFolding || this.#tailBytes <= Math.max(minTailBytes, this.#stateBytes * tailShare)) return;
    this.#isFolding = true;
    setImmediate(() => void this.#fold());
  }

  /** Merges the entries, in slices. */
  async #fold(): Promise<void> {
    await inSlices(this.#foldSteps());
    this.#isFolding = false;
  }

  *#foldSteps(): Generator<void, void> {
    let changes = 0;
    for (let [entry] = this.#tail; entry; [entry] = this.#tail) {
      const state = (this.#state ??= SnapshotState.empty());
      yield* state.applySteps(entry);
      const grown = yield* grownSteps(entry);
      // Another snapshot has taken its place meanwhile.
      if (this.#state !== state || this.#tail[0] !== entry) continue;
      this.#tail.shift();
      this.#tailBytes -= sizeOfLogEntry(entry);
      this.#stateBytes += grown;
      changes += 1 + (entry.changes.length % sliceItems);
      if (changes < sliceItems) continue;
      changes = 0;
      yield;
    }
  }
}

/** By how much an entry makes the state larger. */
function* grownSteps({ changes }: LogEntry): Generator<void, number> {
  let grown = 0;
  for (const [index, { action, triple }] of changes.entries()) {
    grown += (action === 'added' ? 1 : -1) * sizeOfEntry(triple);
    if (index % sliceItems === sliceItems - 1) yield;
  }
  return grown;
}
