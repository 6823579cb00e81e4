// Frames and bodies that would keep JSON.parse busy are rejected before they are parsed.

import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../src/server/limits.ts';
import { exceededByParsing } from '../../src/server/parse-work.ts';
import { createServer, type TriplaneServer } from '../../src/server/server.ts';
import { adminToken, appId, bench, blob, newId } from './bench.ts';

const MiB = 1024 * 1024;
const limits = { work: defaultLimits.parseWork, depth: 100 };
const filler = 'x'.repeat(20_000);
const list = (count: number, item: unknown): unknown[] => Array.from({ length: count }, () => item);

test.each([
  ['16 MiB of brackets', '['.repeat(16 * MiB), 'depth'],
  ['lists of lists', `[${`${'['.repeat(90)}${']'.repeat(90)},`.repeat(90_000)}1]`, 'work'],
  ['empty objects', `[${'{},'.repeat(5 * MiB)}1]`, 'work'],
  ['short keys', JSON.stringify(Object.fromEntries(list(250_000, 1).map((one, at) => [at.toString(36), one]))), 'work'],
  ['16 MiB of text that looks like keys', JSON.stringify('{":[\\",'.repeat(2 * MiB)), undefined],
  ['a transaction of 10,000 steps', JSON.stringify(list(10_000, ['add-triple', newId(), newId(), { x: 1, y: [2, 3] }])), undefined],
  ['a query for 30,000 values', JSON.stringify({ goals: { $: { where: { id: { $in: list(30_000, newId()) } } } } }), undefined],
  ['a short text', '{},'.repeat(5000), undefined],
  ['a short text, nested deeply', '['.repeat(1000), 'depth'],
])('%s', (_name, text, expected) => {
  expect(exceededByParsing(text, limits)).toBe(expected);
});

describe('with a limit of 1,000', () => {
  const write = (attrs: readonly object[]): object => ({
    ...{ op: 'transact', 'client-event-id': newId() },
    'tx-steps': [...attrs.map((attr) => ['add-attr', attr]), ...list(300, ['add-triple', newId(), newId(), filler.slice(0, 60)])],
  });

  test('a frame is rejected with its event id, and its sender is disconnected if it goes on', async () => {
    const peer = await bench({ limits: { parseWork: 1000, badFrames: 2 } }).open();
    const message = write([]);
    expect((await peer.request(message))[0]).toMatchObject({
      ...{ op: 'error', type: 'param-malformed', hint: { limit: 'max-frame-work', most: 1000 } },
      'original-event': { op: 'transact' },
      ...{ 'client-event-id': (message as { 'client-event-id': string })['client-event-id'] },
    });
    peer.send(message);
    expect(peer.closedWith?.[0]).toBe(1008);
  });

  test("a frame of an admin is not, nor is one whose length is a text's", async () => {
    const world = bench({ limits: { parseWork: 1000 } });
    const admin = await world.open({ '__admin-token': adminToken });
    expect((await admin.request(write([blob('goals', 'id')])))[0]).not.toMatchObject({ type: 'param-malformed' });
    const peer = await world.open();
    expect((await peer.request({ op: 'add-query', q: { goals: { $: { where: { title: filler } } } } }))[0]?.op).not.toBe('error');
  });

  describe('over HTTP', () => {
    let server: TriplaneServer | undefined;
    afterEach(() => server?.close());

    test("a guest's body is rejected, an admin's is not, and one nested without end is malformed", async () => {
      server = await createServer({ appId, adminToken, limits: { parseWork: 1000 } });
      const { apiURI } = server;
      const send = async (headers: Readonly<Record<string, string>>, body: string): Promise<unknown> => {
        const sent = { method: 'POST', headers: { ...headers, 'app-id': appId, 'content-type': 'application/json' }, body };
        return (await fetch(`${apiURI}/admin/transact`, sent)).json();
      };
      const steps = JSON.stringify({ steps: list(300, ['update', 'goals', newId(), { title: filler.slice(0, 60) }]) });
      expect(await send({ 'as-guest': 'true' }, steps)).toMatchObject({ hint: { limit: 'parseWork', most: 1000 } });
      expect(await send({ authorization: `Bearer ${adminToken}` }, steps)).toMatchObject({ 'tx-id': 1 });
      expect(await send({ authorization: `Bearer ${adminToken}` }, `{"steps":${'['.repeat(MiB)}`)).toMatchObject({
        type: 'param-malformed',
      });
      const code = {
        'app-id': appId,
        email: 'a@b.c',
        'extra-fields': Object.fromEntries(list(2000, 1).map((one, at) => [`field ${at}`, one])),
      };
      const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...code, code: '1' }) };
      expect(await (await fetch(`${apiURI}/runtime/auth/verify_magic_code`, sent)).json()).toMatchObject({ hint: { limit: 'parseWork' } });
    });
  });
});
