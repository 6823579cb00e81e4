// `$entityIdStartsWith`: clients skip it, since what they hold was filtered by the server. So the server has to filter, everywhere.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { init as initAdmin } from '@instantdb/admin';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { WebSocket } from 'ws';

const ids = ['aa000000-0000-4000-8000-000000000001', 'aa000000-0000-4000-8000-000000000002', 'bb000000-0000-4000-8000-000000000003'];
let server: TriplaneServer;

beforeEach(async () => {
  server = await createServer();
  const db = admin();
  await db.transact(ids.map((id, n) => db.tx.notes![id]!.update({ n })));
  await db.transact(db.tx.lists!['cc000000-0000-4000-8000-000000000009']!.update({ n: 0 }).link({ notes: ids }));
});
afterEach(() => server.close());

const admin = () => initAdmin({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });

/** The rows that the filter leaves, by a filter of our own. */
const withPrefix = (prefix: string): string[] => ids.filter((id) => id.startsWith(prefix));

test.each(['aa', 'bb000000-0000-4', 'zz', '', ids[1]!])(
  "'%s' over HTTP, for an admin and a guest, at the top, nested and in groups",
  async (prefix) => {
    const where = { $entityIdStartsWith: prefix };
    for (const db of [admin(), admin().asUser({ guest: true })]) {
      const found = async (condition: object) =>
        (await db.query({ notes: { $: { where: condition as never } } })).notes.map(({ id }) => id).sort();
      expect(await found(where)).toEqual(withPrefix(prefix));
      expect(await found({ and: [where, { n: { $not: 0 } }] })).toEqual(withPrefix(prefix).filter((id) => id !== ids[0]));
      expect(await found({ or: [where, { n: 2 }] })).toEqual([...new Set([...withPrefix(prefix), ids[2]!])].sort());
      const { lists } = await db.query({ lists: { notes: { $: { where } } } });
      expect((lists[0]!.notes ?? []).map(({ id }: { id: string }) => id).sort()).toEqual(withPrefix(prefix));
      const byLink = await db.query({ lists: { $: { where: { 'notes.$entityIdStartsWith': prefix } } } });
      expect(byLink.lists).toHaveLength(withPrefix(prefix).length > 0 ? 1 : 0);
    }
  },
);

test('a live query receives rows with the prefix, and no others', async () => {
  const socket = new WebSocket(server.websocketURI);
  const results: string[] = [];
  socket.on('message', (data) => results.push((data as Buffer).toString('utf8')));
  await new Promise((opened) => socket.on('open', opened));
  socket.send(JSON.stringify({ op: 'init', 'app-id': server.appId }));
  socket.send(JSON.stringify({ op: 'add-query', q: { notes: { $: { where: { $entityIdStartsWith: 'aa' } } } } }));
  const heard = (text: string): boolean => results.some((each) => each.includes(text));
  await expect.poll(() => heard(ids[0]!) && heard(ids[1]!)).toBe(true);
  const [other, own] = ['bb000000-0000-4000-8000-0000000000f1', 'aa000000-0000-4000-8000-0000000000f2'];
  await admin().transact([admin().tx.notes![other]!.update({ n: 7 }), admin().tx.notes![own]!.update({ n: 8 })]);
  await expect.poll(() => heard(own)).toBe(true);
  expect(heard(other)).toBe(false);
  expect(heard(ids[2]!)).toBe(false);
  socket.terminate();
});
