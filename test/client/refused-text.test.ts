// A refused write reads the same everywhere it is told: in its promise, in the outbox, in another tab, and after a reload.

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createReactor } from '../../src/client/create-client.ts';
import { resolveConfig } from '../../src/client/config.ts';
import { InstantCoreDatabase } from '../../src/client/database.ts';
import { id, type InstantUnknownSchema, type KeyValue } from '../../src/index.ts';
import { InstantAPIError } from '../../src/errors.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { FakeBrowser } from '../support/fake-tabs.ts';

let server: TriplaneServer;
beforeEach(async () => {
  const goals = { allow: { create: 'data.title != "refused"', update: 'false', delete: 'false' }, fields: { secret: 'false' } };
  server = await createServer({ rules: { goals, attrs: { allow: { create: 'true' } } } });
});
afterEach(() => server.close());

type Db = InstantCoreDatabase<InstantUnknownSchema>;

function openTab(browser: FakeBrowser, storage: KeyValue, receipts = false): Db {
  const config = resolveConfig({ appId: server.appId, apiURI: server.apiURI, storage, receipts, onError: () => {} });
  return new InstantCoreDatabase<InstantUnknownSchema>(createReactor(config, undefined, undefined, browser.tab()), config);
}

function asTold(error: unknown): unknown[] {
  if (!(error instanceof InstantAPIError)) throw new Error('not refused', { cause: error });
  return [error.message, error.body, error.status, error.hint];
}

const told = (db: Db): unknown[] => db.outbox.list().map(({ error }) => asTold(error));

const goal = id();
test.each([
  ['a create', (db: Db) => db.tx['goals']![goal]!.create({ title: 'refused' }), /'create' rule of 'goals'.*goals/],
  ['an update', (db: Db) => db.tx['goals']![goal]!.update({ title: 'b' }), /'update' rule of 'goals'.*goals/],
  ['a deletion', (db: Db) => db.tx['goals']![goal]!.delete(), /'delete' rule of 'goals'.*goals/],
] as const)('%s', async (what, chunk, text) => {
  const storage: KeyValue = { ...memoryStore(), close: () => {} };
  const browser = new FakeBrowser();
  const [first, second] = [openTab(browser, storage), openTab(browser, storage)];
  if (what !== 'a create') await first.transact(first.tx['goals']![goal]!.create({ title: 'a' })).settled;
  // Made in the tab that does not send.
  const error = asTold(await second.transact(chunk(second)).settled.catch((reason: unknown) => reason));
  expect(error[0]).toMatch(text);
  const expected = [error];
  await expect.poll(() => told(first)).toEqual(expected);
  await expect.poll(() => told(second)).toEqual(expected);
  await Promise.all([first.close(), second.close()]);
  const again = openTab(new FakeBrowser(), storage);
  await again.getAuth();
  expect(told(again)).toEqual(expected);
  await again.close();
});
