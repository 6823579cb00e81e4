// A storage that lasts as long as the process. Several servers may use the same one, one after the other or at once: each
// finds what the others were told.

import { memoryFiles } from '../files/memory-files.ts';
import { LogSubscribers } from './log-subscribers.ts';
import type { AppLog, LogEntry, Snapshot, Storage } from './storage.ts';

/**
 * @example
 * const storage = memory();
 * const first = await createServer({ storage });
 * await first.close();
 * const second = await createServer({ storage, appId: first.appId });
 */
export function memory(): Storage {
  const logs = new Map<string, AppLog>();
  return {
    files: memoryFiles(),
    async open(appId) {
      let log = logs.get(appId);
      if (!log) logs.set(appId, (log = memoryLog()));
      return log;
    },
    apps: async () => [...logs.keys()],
    close: async () => {},
  };
}

function memoryLog(): AppLog {
  const subscribers = new LogSubscribers();
  let snapshot: Snapshot | undefined;
  let entries: LogEntry[] = [];
  const start = (): number => snapshot?.txId ?? 0;
  const end = (): number => entries.at(-1)?.txId ?? start();
  return {
    load: async () => ({ snapshot, entries: entries.slice() }),
    since: async (txId) => (txId < start() ? undefined : entries.filter((entry) => entry.txId > txId)),
    async append(added) {
      const [first] = added;
      if (first && first.txId !== end() + 1) return 'behind';
      for (const entry of added) entries.push(entry);
      if (first) subscribers.notify(end(), added);
      return 'appended';
    },
    async compact(next) {
      if (next.txId < start()) return;
      snapshot = next;
      entries = entries.filter(({ txId }) => txId > next.txId);
    },
    subscribe: (listener) => subscribers.add(listener),
  };
}
