// The two clients, as the scripts drive them: through the calls they have in common.

import type { WireQuery } from '../../../src/protocol/query-messages.ts';
import type { Goal } from '../../support/goals.ts';
import type { ModelOptions } from '../../support/model-server.ts';
import { FakeSocket } from './platform.ts';

export const appIds = { one: 'a9900000-0000-4000-8000-000000000001', other: 'a9900000-0000-4000-8000-000000000002' };

export interface Outcome {
  /** waiting, synced, enqueued, or the error. */
  status: string;
  error: unknown;
}

export interface Tab {
  transact(action: 'create' | 'update', id: string, fields: Omit<Goal, 'id'>): Outcome;
  subscribe(query: WireQuery, notified: (goals: readonly Goal[] | undefined, error: unknown) => void): () => void;
  once(query: WireQuery): Promise<string>;
  status(): string;
  signIn(token: string): Promise<unknown>;
  close(): void;
}

export interface Side {
  readonly name: string;
  /** The server each of them comes with. */
  readonly server: ModelOptions;
  open(appId?: string): Tab;
}

const uris = { apiURI: 'https://server.example', websocketURI: 'wss://server.example/runtime/session' };

/** As much of either database as is used. */
interface Database {
  readonly tx: { readonly [etype: string]: { readonly [id: string]: Record<'create' | 'update', (fields: object) => unknown> } };
  transact(chunk: unknown): Promise<{ readonly status: string }>;
  subscribeQuery(
    query: unknown,
    notified: (result: { readonly data?: { goals?: readonly Goal[] }; readonly error?: unknown }) => void,
  ): () => void;
  queryOnce(query: unknown): Promise<unknown>;
  subscribeConnectionStatus(notified: (status: string) => void): () => void;
  readonly auth: { signInWithToken(token: string): Promise<unknown> };
  shutdown(): void;
}

function tabOf(db: Database): Tab {
  let status = 'connecting';
  db.subscribeConnectionStatus((news) => (status = news));
  return {
    transact(action, id, fields) {
      const outcome: Outcome = { status: 'waiting', error: undefined };
      const chunk = db.tx['goals']?.[id]?.[action](fields);
      Promise.resolve(db.transact(chunk)).then(
        (result) => (outcome.status = result.status),
        (error: unknown) => Object.assign(outcome, { status: 'failed', error }),
      );
      return outcome;
    },
    subscribe: (query, notified) => db.subscribeQuery(query, ({ data, error }) => notified(data?.goals, error)),
    once: (query) =>
      db.queryOnce(query).then(
        () => 'answered',
        (error: Error) => error.message,
      ),
    status: () => status,
    signIn: (token) => db.auth.signInWithToken(token),
    close: () => db.shutdown(),
  };
}

export async function triplane(): Promise<Side> {
  const { init } = await import('../../../src/index.ts');
  // What is loaded when it is first used is loaded in real time, which no script waits for.
  await Promise.all([import('../../../src/client/create-client.ts'), import('../../../src/client/http-calls.ts')]);
  return {
    name: 'triplane',
    server: { remembers: true, capabilities: { 'refresh-covers-all': true, 'deduplicates-transactions': true } },
    open(appId = appIds.one) {
      const db = init({ appId, ...uris, webSocket: () => new FakeSocket(), onError: () => {} });
      return tabOf(db as unknown as Database);
    },
  };
}

/** Its globals must be there before it is loaded. */
export async function reference(): Promise<Side & { readonly version: string }> {
  const { init, version } = await import('@instantdb/core');
  let tabs = 0;
  return {
    name: '@instantdb/core',
    version,
    server: {},
    open(appId = appIds.one) {
      const config = { appId, ...uris, devtool: false, __extraDedupeKey: `tab ${(tabs += 1)}` };
      return tabOf(init(config as never) as unknown as Database);
    },
  };
}
