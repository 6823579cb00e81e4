// A backup that the source makes by itself, over the routes of the original: started, watched, downloaded and taken over.

import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memory } from '../../../../src/server/storage/memory.ts';
import { contentsOf, importFrom, recorded } from '../support.ts';
import { answers, backupHost, recordedApp, recordedToken } from './backup-host.ts';
import { importRemote, newFolder } from './support.ts';

const address = (url: string) => ({ url, appId: recordedApp, adminToken: recordedToken });

async function expected(): Promise<unknown> {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  return contentsOf(storage, recordedApp);
}

test('a backup is made, downloaded and imported: the same app as from the archive', async () => {
  const { url, asked } = await backupHost();
  const storage = memory();
  const folder = newFolder();
  const { report } = await importRemote({ ...address(url), storage, folder });
  expect([report.isSame, report.files]).toEqual([true, 4]);
  expect(await contentsOf(storage, recordedApp)).toEqual(await expected());
  expect(asked.slice(0, 4)).toEqual([
    `GET /dash/apps/${recordedApp}`,
    `POST /dash/apps/${recordedApp}/backups`,
    `GET /dash/apps/${recordedApp}/backup-jobs/d8bdfe11-c81e-4f47-8e10-d0244b61f8e5`,
    `GET /dash/apps/${recordedApp}/backup-jobs/d8bdfe11-c81e-4f47-8e10-d0244b61f8e5`,
  ]);
  expect(existsSync(folder)).toBe(false);
});

test('names with slashes are downloaded and corrected as from an archive', async () => {
  const { url } = await backupHost({ archive: 'backup-1' });
  const { report } = await importRemote({ ...address(url), storage: memory() });
  expect(report.namespaces.map(({ etype }) => etype)).toContain('odd name/ü');
});

test('the import waits for a running backup, and until the next one is allowed', async () => {
  const { url } = await backupHost({ starts: [answers.rateLimited, answers.inProgress] });
  const { report, notes, waits } = await importRemote({ ...address(url), storage: memory() });
  expect(report.isSame).toBe(true);
  expect(waits[0]).toBe(299_000);
  expect(notes).toEqual(['The source makes the next backup in 299 seconds; waiting']);
});

test('a wrong token, an app of another owner, and a failed backup are reported, and leave nothing behind', async () => {
  const { url } = await backupHost();
  const folder = newFolder();
  const storage = memory();
  await expect(importRemote({ url, appId: recordedApp, adminToken: recordedApp, storage, folder })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('does not accept this admin token for the app') as string,
  });
  expect(existsSync(folder)).toBe(false);
  const others = await backupHost({ starts: [answers.otherOwner] });
  await expect(importRemote({ ...address(others.url), storage, folder })).rejects.toThrow('does not accept this admin token');
  const failing = await backupHost({ states: [{ job: { job_status: 'errored' } }] });
  await expect(importRemote({ ...address(failing.url), storage, folder })).rejects.toThrow("the backup ended as 'errored'. Add --resume");
  expect(await storage.apps()).toEqual([]);
});

test('a connection that breaks within a file is retried; one that always breaks is reported, and the import can be resumed', async () => {
  let [cuts, lists] = [3, 2];
  const flaky = await backupHost({ cut: (name) => name.includes('things') && cuts-- > 0, cutList: () => lists-- > 0 });
  expect((await importRemote({ ...address(flaky.url), storage: memory() })).report.isSame).toBe(true);
  const storage = memory();
  const folder = newFolder();
  let isDying = true;
  const dying = await backupHost({ cut: (name) => isDying && name.includes('things') });
  await expect(importRemote({ ...address(dying.url), storage, folder })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('What was copied is kept: add --resume to continue') as string,
  });
  expect(await storage.apps()).toEqual([]);
  await expect(importRemote({ ...address(dying.url), storage, folder })).rejects.toThrow('Add --resume to continue it, or --restart');
  isDying = false;
  const before = dying.asked.length;
  const { report } = await importRemote({ ...address(dying.url), storage, folder, resume: true });
  expect(report.isSame).toBe(true);
  const since = dying.asked.slice(before);
  expect(since.filter((each) => each.startsWith('POST'))).toEqual([]);
  expect(since.filter((each) => each.startsWith('GET /bytes/entities'))).toEqual([expect.stringContaining('things')]);
  expect(await contentsOf(storage, recordedApp)).toEqual(await expected());
});

test('a truncated list of files is rejected', async () => {
  const { url } = await backupHost({ cutList: () => true });
  await expect(importRemote({ ...address(url), storage: memory() })).rejects.toThrow("the list of the app's files ends before its end");
});
