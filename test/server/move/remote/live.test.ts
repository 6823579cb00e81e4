// An app read from a running server by table sync and queries.

import { expect, test } from 'vitest';
import { createServer } from '../../../../src/server/server.ts';
import { memory } from '../../../../src/server/storage/memory.ts';
import { adminToken, contentsOf, importFrom, recorded } from '../support.ts';
import { importRemote } from './support.ts';

const app = 'c9f86b3b-9c3c-4858-9777-67e60a882270';

test('the app of a recorded backup, served and read again', async () => {
  const [first, second] = [memory(), memory()];
  await importFrom(recorded('backup-3'), { storage: first });
  const server = await createServer({ storage: first, appId: app, adminToken });
  const { settled, report } = await importRemote({ url: server.url, appId: app, adminToken, live: true, storage: second });
  expect([settled?.isSame, report.isSame, report.files]).toEqual([true, true, 4]);
  await server.close();
  const [before, after] = [await contentsOf(first, app), await contentsOf(second, app)];
  expect(after.triples).toEqual(before.triples);
  expect(after.attrs).toEqual(before.attrs);
  expect(report.notes).toEqual(['the source does not tell its refresh tokens: --accept-tokens-from keeps users signed in']);
});
