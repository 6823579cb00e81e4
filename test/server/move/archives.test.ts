// The archives that the original server made: taken over, served, written again, taken over again.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { init } from '../../../src/admin/index.ts';
import { createServer } from '../../../src/server/server.ts';
import { exportApp } from '../../../src/server/move/export.ts';
import { Archive } from '../../../src/server/move/archive.ts';
import { memory } from '../../../src/server/storage/memory.ts';
import { replay } from '../../../src/server/storage/replay.ts';
import { adminToken, appId, attr, configOf, contentsOf, importFrom, recorded, temporaryFolder, writeZip } from './support.ts';

interface Item {
  readonly [label: string]: unknown;
  readonly url: string;
  readonly tags: unknown[];
  readonly box?: Item[];
  readonly owner?: Item[];
  readonly twin?: Item[];
}

const folder = temporaryFolder();
const app = 'c9f86b3b-9c3c-4858-9777-67e60a882270';
const uma = 'bea12f5f-b372-4ba7-8050-897e9366d071';
/** Given out by the original before the backup. */
const umasToken = '42dc4495-3e5e-4f50-b720-8075c7b56289';

test('every namespace of the full backup is imported with the number of rows that the backup counts', async () => {
  const report = await importFrom(recorded('backup-3'), { storage: memory() });
  expect(report.isSame).toBe(true);
  const rows = Object.fromEntries(report.namespaces.map(({ etype, stored }) => [etype, stored.rows]));
  expect(rows).toEqual({
    ...{ $files: 4, $oauthClients: 2, $oauthProviders: 2, $oauthUserLinks: 1, $userRefreshTokens: 7, $users: 5 },
    ...{ boxes: 3, loose: 2, 'odd name-ü.x': 1, tags: 3, things: 8 },
  });
  expect(report.files).toBe(4);
  expect(report.notes.filter((note) => note.includes('magic'))).toEqual(['1 magic codes that wait are not taken over']);
});

test('an imported app is served with its rows, links in both directions, creation order, nulls, users and files', async () => {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  const server = await createServer({ storage, appId: app, adminToken });
  const db = init({ appId: app, adminToken, apiURI: server.apiURI });
  const { things, boxes, $files } = (await db.query({
    things: { $: { where: { name: 'all' } }, tags: {}, box: {}, owner: {}, twin: {} },
    boxes: { things: {}, lids: {} },
    $files: { $: { where: { path: 'pub/hello.txt' } } },
  })) as unknown as Record<'things' | 'boxes' | '$files', Item[]>;
  const [all] = things;
  expect(all).toMatchObject({
    at: '2024-01-01T00:00:00.123Z',
    num: 1.5,
    code: 'c1',
    flag: true,
    uniqNoIdx: 'u1',
    js: { a: [1, 'x', null, { b: true }], z: { '': 0 } },
  });
  expect([all?.tags.length, all?.box?.[0]?.['label'], all?.owner?.[0]?.['email'], all?.twin?.[0]?.['name']]).toEqual([
    3,
    'Box one',
    'uma@example.com',
    'nulls',
  ]);
  expect(boxes?.find(({ label }) => label === 'Box one')).toMatchObject({
    things: expect.arrayContaining([expect.objectContaining({ name: 'only name' }), expect.objectContaining({ name: 'all' })]),
    lids: [{}, {}],
  });
  expect(await (await fetch($files[0]!.url)).text()).toBe('hello ü file');
  const { loose } = await db.query({ loose: { $: { order: { serverCreatedAt: 'asc' } } } });
  expect(loose).toHaveLength(2);
  await server.close();
});

test('users stay signed in after an import, by the tokens in the backup', async () => {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  const server = await createServer({ storage, appId: app, adminToken });
  const socket = new WebSocket(`${server.websocketURI}?app_id=${app}`);
  const answer = new Promise<{ op: string; auth?: { user?: { id: string } } }>((resolve) =>
    socket.on('message', (data) => resolve(JSON.parse((data as Buffer).toString()) as never)),
  );
  await new Promise((opened) => socket.on('open', opened));
  socket.send(JSON.stringify({ op: 'init', 'app-id': app, 'refresh-token': umasToken }));
  expect(await answer).toMatchObject({ op: 'init-ok', auth: { user: { id: uma, email: 'uma@example.com' } } });
  const verified = await fetch(`${server.url}/runtime/auth/verify_refresh_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'app-id': app, 'refresh-token': umasToken }),
  });
  expect(await verified.json()).toMatchObject({ user: { id: uma, refresh_token: umasToken } });
  socket.close();
  await server.close();
});

test.each(['backup-1', 'backup-3', 'backup-5-odd-rows'])('%s imported, exported and imported again is the same app', async (name) => {
  const [first, second] = [memory(), memory()];
  const { appId, isSame, namespaces } = await importFrom(recorded(name), { storage: first });
  expect(isSame).toBe(true);
  const out = join(folder, `${name}.zip`);
  await exportApp({ storage: first, appId, out });
  const again = await importFrom(out, { storage: second });
  expect(again.isSame).toBe(true);
  expect(again.namespaces).toEqual(namespaces);
  expect(await contentsOf(second, appId)).toEqual(await contentsOf(first, appId));
});

test('attributes have the types of the values that are imported', async () => {
  const storage = memory();
  const values = [1, 'one', true, { a: 1 }, [1], null];
  const path = await writeZip(join(folder, 'types.zip'), {
    'config.json': configOf({ notes: { any: attr('any'), none: attr('any') } }),
    'entities/notes.jsonl': values.map((any) => ({ entity: { id: randomUUID(), any }, createdAt: 1 })),
  });
  await importFrom(path, { storage });
  const { attrs } = replay(await (await storage.open(appId)).load());
  const typesOf = (label: string): unknown => attrs.find(({ 'forward-identity': name }) => name[2] === label)?.['inferred-types'];
  expect([typesOf('id'), typesOf('any'), typesOf('none')]).toEqual([['string'], ['number', 'string', 'boolean', 'json'], null]);
});

test.each([
  ['an hour ahead', 3_600_000, 'after'],
  ['that is absurd', 1e12, 'before'],
] as const)('a row made after an import of rows with a time %s comes %s them', async (_what, aheadMs, place) => {
  const storage = memory();
  const [old, made] = [randomUUID(), randomUUID()];
  const path = await writeZip(join(folder, `ahead-${place}.zip`), {
    'config.json': configOf({ notes: { text: attr('text') } }),
    'entities/notes.jsonl': [{ entity: { id: old, text: 'old' }, createdAt: Date.now() + aheadMs }],
  });
  await importFrom(path, { storage });
  const server = await createServer({ storage, appId, adminToken });
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  await db.transact(db.tx.notes![made]!.update({ text: 'new' }));
  const { notes } = await db.query({ notes: { $: { order: { serverCreatedAt: 'asc' } } } });
  expect(notes.map(({ id }) => id)).toEqual(place === 'after' ? [old, made] : [made, old]);
  await server.close();
});

test('an export has the format of the original: order, names, keys of config.json, rows', async () => {
  const storage = memory();
  await importFrom(recorded('backup-3'), { storage });
  const out = join(folder, 'form.zip');
  await exportApp({ storage, appId: app, out });
  const [theirs, ours] = [await Archive.open(recorded('backup-3')), await Archive.open(out)];
  const names = (archive: Archive): string[] => [...archive.entries.keys()];
  const withoutCodes = names(theirs).filter((name) => !name.includes('$magicCodes'));
  expect(names(ours)).toEqual(withoutCodes);
  const [their, our] = [JSON.parse(await theirs.text('config.json', 1e6)), JSON.parse(await ours.text('config.json', 1e6))] as Record<
    string,
    unknown
  >[];
  expect(Object.keys(our!)).toEqual(Object.keys(their!));
  const { counts: _counts, tripleCount: _count, backupAt: _at, ...rest } = their!;
  expect(our).toMatchObject(rest);
  // Without the magic code, and without the two encrypted secrets.
  expect([their!['tripleCount'], our!['tripleCount']]).toEqual([196, 196 - 3 - 2]);
  const rowsIn = async (archive: Archive, name: string): Promise<unknown[]> =>
    (await archive.text(name, 1e6))
      .trimEnd()
      .split('\n')
      .map((line) => sortedRow(JSON.parse(line)));
  for (const name of withoutCodes.filter(
    (each) => each.startsWith('entities/') && !each.includes('$oauthClients') && !each.includes('$oauthUserLinks'),
  )) {
    expect(await rowsIn(ours, name), name).toEqual(await rowsIn(theirs, name));
  }
  // Sizes of 64 bits, told after the bytes.
  const isStreamed = ({ entries }: Archive): boolean[] =>
    [...entries.values()].map((entry) => (entry.generalPurposeBitFlag & 8) !== 0 && entry.extraFields.some(({ id }) => id === 1));
  expect([...isStreamed(theirs), ...isStreamed(ours)]).not.toContain(false);
  theirs.close();
  ours.close();
});

/** The original gives the targets of a link in no order. */
function sortedRow(row: unknown): unknown {
  const { entity } = row as { entity: Record<string, unknown> };
  const sorted = Object.entries(entity).map(([key, value]) => [
    key,
    (key === 'tags' || key === 'lids') && Array.isArray(value) ? [...(value as string[])].sort() : value,
  ]);
  return { ...(row as object), entity: Object.fromEntries(sorted) as unknown };
}

test('a name with a slash, which the original writes incorrectly, is corrected', async () => {
  const storage = memory();
  const { notes } = await importFrom(recorded('backup-1'), { storage });
  expect(notes).toContain("the schema of the backup has 'odd name/ü' also as 'ü': taken over as 'odd name/ü'");
  const { attrs } = replay(await (await storage.open(app)).load());
  const odd = attrs.filter(({ 'forward-identity': [, etype] }) => etype === 'odd name/ü' || etype === 'ü');
  expect(odd.map(({ 'forward-identity': [, etype, label], 'checked-data-type': type }) => [etype, label, type])).toEqual([
    ['odd name/ü', 'id', undefined],
    ['odd name/ü', 'a.b c', 'string'],
  ]);
});

test('a row without an id gets one with a note; one id in two namespaces stays two rows; dates stay as written', async () => {
  const storage = memory();
  const { appId, notes } = await importFrom(recorded('backup-5-odd-rows'), { storage });
  expect(notes).toContainEqual(
    expect.stringMatching(/^entities\/b\.jsonl:3: the row has no id in the backup; it is [0-9a-f-]{36} from now on$/),
  );
  const server = await createServer({ storage, appId, adminToken });
  const db = init({ appId, adminToken, apiURI: server.apiURI });
  const { a, b } = await db.query({ a: {}, b: {} });
  expect(b.map(({ y }) => y as number).sort()).toEqual([0.1, 1, 2]);
  const shared = '2d8340b0-10d0-42a2-8f64-ce0e809168c2';
  expect([a, b].map((rows) => rows.filter(({ id }) => id === shared).length)).toEqual([1, 1]);
  expect(a.map(({ d }) => d as unknown)).toEqual(
    expect.arrayContaining([1714550400000, '2024-05-01 10:00:00', '5/1/2024', 'May 1 2024 10:00', '"2024-05-01"']),
  );
  await server.close();
});

test('webhooks are imported disabled, so that no event is delivered twice; the mail template is imported', async () => {
  const storage = memory();
  const { notes } = await importFrom(recorded('backup-3'), { storage });
  expect(notes).toContain('1 webhooks are disabled: enable them when the old host stops');
  const mails: { subject?: string; html?: string }[] = [];
  const server = await createServer({ storage, appId: app, adminToken, sendMagicCode: (mail) => void mails.push(mail) });
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${adminToken}`, 'app-id': app, 'content-type': 'application/json' };
    const answer = await fetch(server.url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
    return (await answer.json()) as Record<string, unknown>;
  };
  const shown = { status: 'disabled', namespaces: ['things'], actions: ['create', 'update'], sink: { url: 'https://example.com/hook' } };
  expect(await ask(`/dash/apps/${app}/webhooks`)).toMatchObject({ webhooks: [shown] });
  const template = { subject: 'Your code {code}', body: '<p>{code} for {app_title}</p>', name: 'Mover', email: 'mover@example.com' };
  expect(await ask(`/dash/apps/${app}/email_status`)).toMatchObject({ info: template });
  await ask('/admin/send_magic_code', { email: 'new@example.com' });
  expect(mails).toMatchObject([{ subject: expect.stringMatching(/^Your code \d{6}$/), html: expect.stringMatching(/^<p>\d{6} for /) }]);
  const [{ id }] = (await ask(`/dash/apps/${app}/webhooks`))['webhooks'] as [{ id: string }];
  await ask(`/dash/apps/${app}/webhooks/${id}/enable`, {});
  await server.close();

  const out = join(folder, 'settings.zip');
  await exportApp({ storage, appId: app, out });
  const archive = await Archive.open(out);
  const { webhooks, emailTemplates } = JSON.parse(await archive.text('config.json', 1e6)) as Record<string, unknown>;
  archive.close();
  expect({ webhooks, emailTemplates }).toEqual({
    webhooks: [{ ...shown, status: 'active' }],
    emailTemplates: [{ type: 'magic-code', ...template }],
  });
});

test('settings that this server cannot use are stored and exported', async () => {
  const storage = memory();
  const webhooks = [{ sink: { topic: 't' } }];
  const emailTemplates = [
    { type: 'welcome', subject: 's', body: 'b' },
    { type: 'magic-code', subject: 'no code', body: '{code}' },
  ];
  const path = await writeZip(join(folder, 'unused.zip'), { 'config.json': configOf({}, {}, { webhooks, emailTemplates }) });
  const { notes } = await importFrom(path, { storage });
  expect(notes.filter((note) => note.includes('only kept for an export'))).toHaveLength(2);
  const out = join(folder, 'unused-out.zip');
  await exportApp({ storage, appId, out });
  const archive = await Archive.open(out);
  expect(JSON.parse(await archive.text('config.json', 1e6))).toMatchObject({ webhooks, emailTemplates });
  archive.close();
});
