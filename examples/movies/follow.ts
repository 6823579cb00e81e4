// A live query one can wait on: "until it shows this".

import type { InstaQLResponse, ValidQuery } from 'triplane';

import type { Database } from './load.ts';
import type { Schema } from './schema.ts';

export interface LiveValue<Data> {
  /** The current result. */
  now(): Data;
  /** Resolves as soon as the result meets the condition, immediately if it already does. Rejects after ten seconds. */
  until(isShown: (data: Data) => boolean): Promise<Data>;
  stop(): void;
}

const timeoutMs = 10_000;

/** Resolves with the first result. */
export function liveValue<Q extends ValidQuery<Q, Schema>>(db: Database, query: Q): Promise<LiveValue<InstaQLResponse<Schema, Q, false>>> {
  type Data = InstaQLResponse<Schema, Q, false>;
  const waiting = new Set<(data: Data) => void>();
  return new Promise((resolve, reject) => {
    let latest: Data | undefined;
    const stop = db.subscribeQuery(query, ({ data, error }) => {
      if (error) return reject(new Error(error.message));
      const isFirst = latest === undefined;
      latest = data;
      if (isFirst) resolve({ now: () => latest ?? data, until: (isShown) => until(isShown), stop });
      for (const check of [...waiting]) check(data);
    });
    const until = (isShown: (data: Data) => boolean): Promise<Data> =>
      new Promise((found, lost) => {
        if (latest !== undefined && isShown(latest)) return found(latest);
        const end = (settle: () => void): void => {
          clearTimeout(timer);
          waiting.delete(check);
          settle();
        };
        const check = (data: Data): void => (isShown(data) ? end(() => found(data)) : undefined);
        const timer = setTimeout(() => end(() => lost(new Error('It was not seen within ten seconds'))), timeoutMs);
        waiting.add(check);
      });
  });
}
