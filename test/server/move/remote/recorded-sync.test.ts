// An app read by table sync, over frames as the original sent them.

import { expect, test } from 'vitest';
import { memory } from '../../../../src/server/storage/memory.ts';
import { contentsOf } from '../support.ts';
import { recordedApp, recordedToken } from './backup-host.ts';
import { importRemote, newFolder } from './support.ts';
import { syncHost } from './sync-host.ts';

const address = (url: string) => ({ url, appId: recordedApp, adminToken: recordedToken });

test('rows with their creation times, links of all kinds, users, tokens, files and settings are imported', async () => {
  const { url } = await syncHost();
  const storage = memory();
  const { report, settled } = await importRemote({ ...address(url), storage });
  expect([settled?.isSame, report.isSame, report.files]).toEqual([true, true, 6]);
  const rows = Object.fromEntries(report.namespaces.map(({ etype, stored }) => [etype, stored.rows]));
  expect(rows).toEqual({ $files: 6, $userRefreshTokens: 18, $users: 11, tags: 3, things: 8 });
  const { triples, records } = await contentsOf(storage, recordedApp);
  expect(triples).toContain(
    '["bea12f5f-b372-4ba7-8050-897e9366d071","96653230-13ff-ffff-a4b4-46010bffffff","uma@example.com",1795970570683]',
  );
  expect(triples.filter((text) => text.includes('"things.tags"'))).toHaveLength(4);
  expect(triples.some((text) => text.includes('"things.num",null'))).toBe(true);
  expect(records).toMatchObject({
    rules: { things: { bind: ['isOwner', "auth.id in data.ref('owner.id')"] } },
    'email-template': { email: 'mover@example.com', subject: expect.stringContaining('{code}') },
    webhooks: [{ url: 'https://example.com/hook', status: 'disabled', reason: 'imported' }],
    'token 9fed9111ecc9fcf7137545ae3e379c292164ac5fc458c1625a889fb1f41915a4': { user: '8862aec2-adce-4641-ae5b-561dad1ce8ae' },
  });
  expect(report.notes).toContain(
    '$userRefreshTokens dc684ddc-80b8-49c9-953e-3daaf9b3d1cd: left out, as a refresh token needs hashedToken (64 hex digits) and $user',
  );
});

test('updates sent after the copy are applied to it: values, links, deleted rows', async () => {
  const host = await syncHost();
  const storage = memory();
  const lines: string[] = [];
  const { report } = await importRemote({
    ...address(host.url),
    storage,
    follow: {
      switched: new Promise(() => undefined),
      everyMs: 1,
      print: (line) => {
        lines.push(line);
        if (lines.length === 1) host.update();
        if (lines.length === 2) host.setStatus('read-only');
      },
    },
  });
  expect(report.isSame).toBe(true);
  expect(lines[0]).toMatch(/^The copy is at transaction 161, 0 behind\. It is safe to switch/);
  expect(lines.at(-1)).toBe('The source is read-only: the last changes are taken over');
  const { triples } = await contentsOf(storage, recordedApp);
  const own = triples.filter((text) => text.includes('fded9bc0-5f77-4d96-a611-934ca16ed2e1') || text.includes('34b79bc8'));
  expect(own).toEqual([
    '["fded9bc0-5f77-4d96-a611-934ca16ed2e1","tags.id","fded9bc0-5f77-4d96-a611-934ca16ed2e1",1795971643933]',
    '["fded9bc0-5f77-4d96-a611-934ca16ed2e1","tags.t","synced 3",1795971643933]',
  ]);
  expect(triples.some((text) => text.includes('"things.js",{"m":{"n":1},"q":1}'))).toBe(true);
  expect(host.said.slice(-6)).toEqual(Array.from({ length: 6 }, () => 'remove-sync'));
});

test('after a lost connection or a killed process the copy is resumed from where it was', async () => {
  const host = await syncHost();
  const folder = newFolder();
  const storage = memory();
  const stopped = importRemote({
    ...address(host.url),
    storage,
    folder,
    wait: async () => {
      host.cut();
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('the process was killed');
    },
    follow: { switched: new Promise(() => undefined), everyMs: 1, print: () => undefined },
  });
  await expect(stopped).rejects.toThrow('the process was killed');
  const loads = host.said.filter((op) => op === 'start-sync').length;
  const { report } = await importRemote({ ...address(host.url), storage, folder, resume: true });
  expect(report.isSame).toBe(true);
  expect(host.said.filter((op) => op === 'start-sync')).toHaveLength(loads);
  expect(host.said).toContain('resync-table');
});

test('a read-only source is imported; a disabled one is rejected because it needs a backup', async () => {
  const host = await syncHost();
  host.setStatus('read-only');
  expect((await importRemote({ ...address(host.url), storage: memory() })).report.isSame).toBe(true);
  host.setStatus('disabled');
  const storage = memory();
  await expect(importRemote({ ...address(host.url), storage })).rejects.toThrow('The source is disabled and makes no backup');
  expect(await storage.apps()).toEqual([]);
});
