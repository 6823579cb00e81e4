// A storage that lasts as long as the process. Two servers, one after the other, may use the same one: the second finds
// what the first was told.

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
  let snapshot: Snapshot | undefined;
  let entries: LogEntry[] = [];
  return {
    load: async () => ({ snapshot, entries: entries.slice() }),
    async append(added) {
      for (const entry of added) entries.push(entry);
    },
    async compact(next) {
      snapshot = next;
      entries = entries.filter(({ txId }) => txId > next.txId);
    },
  };
}
