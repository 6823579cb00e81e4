// What a program is told of an app that is read-only or disabled, by a server that says so as the original does (`frames/`).

import { afterEach, beforeEach, expect, test } from 'vitest';

import { init } from '../../src/index.ts';
import { silent } from '../../src/lib/log.ts';
import { createServer, memory, type TriplaneServer } from '../../src/server/index.ts';
import { readRecording } from '../original/transcript.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { eventually } from '../support/eventually.ts';

let server: TriplaneServer;
let db: ReturnType<typeof connect> | undefined;
const until = (check: () => boolean): Promise<void> => eventually(() => expect(check()).toBe(true));

beforeEach(async () => {
  server = await createServer({ port: 0, storage: memory(), log: silent });
});
afterEach(async () => {
  await db?.close();
  await server.close();
});

function connect() {
  const { appId, apiURI, websocketURI } = server;
  return init({ appId, apiURI, websocketURI, storage: memoryStore(), log: silent, onError: () => {} });
}

function open(): { readonly states: readonly unknown[]; readonly db: ReturnType<typeof connect> } {
  const opened = connect();
  db = opened;
  const states: unknown[] = [];
  opened.subscribeAppStatus((state) => states.push(state));
  return { states, db: opened };
}

test('the recorded init-ok messages of the original server contain the app status', () => {
  const gallery = readRecording('frames', 'gallery') as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  for (const message of gallery['init-ok'] ?? []) expect(message['app-status']).toEqual({ status: 'active' });
});

test('a subscriber receives each status, and queries of a disabled app receive the error', async () => {
  const { states, db } = open();
  const errors: (string | undefined)[] = [];
  const listen = (query: object): void =>
    void db.subscribeQuery(query as never, ({ error }) => errors.push((error as { type?: string } | undefined)?.type));
  listen({ goals: {} });
  await until(() => errors.length > 0);
  const app = server.app(server.appId);
  await app.setStatus('disabled');
  await until(() => errors.includes('app-disabled'));
  listen({ todos: {} });
  await until(() => errors.filter((type) => type === 'app-disabled').length >= 2);
  await app.setStatus('read-only');
  await until(() => errors.slice(-2).every((type) => type === undefined));
  await app.setStatus('active');
  await until(() => states.length === 5);
  expect(states).toEqual([
    { isLoading: true, isReadOnly: undefined },
    ...(['active', 'disabled', 'read-only', 'active'] as const).map((status) => ({
      isLoading: false,
      isReadOnly: status !== 'active',
      status,
    })),
  ]);
});

test('a client that starts while the app is disabled receives that status, and its queries receive the error', async () => {
  await server.app(server.appId).setStatus('disabled');
  const { states, db } = open();
  let type: string | undefined;
  db.subscribeQuery({ goals: {} } as never, ({ error }) => (type = (error as { type?: string } | undefined)?.type));
  await until(() => type !== undefined);
  expect(type).toBe('app-disabled');
  expect(states.at(-1)).toEqual({ isLoading: false, isReadOnly: true, status: 'disabled' });
});
