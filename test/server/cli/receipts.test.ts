// What `triplane push --receipts` brings to an app whose rules let clients make neither attributes nor namespaces.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { i, id, init } from '../../../src/index.ts';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { push } from '../../../src/server/cli/project-push.ts';
import type { Target } from '../../../src/server/cli/project-request.ts';
import { receiptsHint, withReceipts } from '../../../src/server/cli/project-receipts.ts';
import { throughOriginal } from '../../support/original/through.ts';
import { memoryStore } from '../../../src/storage/memory.ts';

const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) } });
const strict = { attrs: { allow: { $default: 'false' } }, $default: { allow: { create: 'false' } }, goals: { allow: { create: 'true' } } };

describe('an app whose rules forbid receipts', () => {
  let server: TriplaneServer;
  let target: Target;
  beforeAll(async () => {
    server = await createServer();
    target = { url: server.url, appId: server.appId, adminToken: server.adminToken };
    await push(target, { schema: JSON.parse(JSON.stringify(schema)) as unknown, rules: strict });
  });
  afterAll(() => server.close());

  const write = async (): Promise<readonly (boolean | undefined)[]> => {
    const { appId, apiURI } = server;
    const db = init({ appId, apiURI, schema, storage: memoryStore(), webSocket: throughOriginal(), onError: () => {} });
    const told: (boolean | undefined)[] = [];
    db.subscribeConnectionStatus((status, { isExactlyOnce }) => void (status === 'authenticated' && told.push(isExactlyOnce)));
    for (const title of ['a', 'b']) await db.transact(db.tx.goals[id()]!.create({ title })).settled;
    db.shutdown();
    return told;
  };

  it('accepts writes without receipts, and the client reports this once; after `push` has added their rules it accepts receipts', async () => {
    expect(await write()).toEqual([true, false]);
    const lines = await push(target, await withReceipts(target, { schema: undefined, rules: undefined }));
    expect(lines).toEqual(['+ triplaneReceipts.id', '+ triplaneReceipts.eventId', '~ rules']);
    expect(await write()).toEqual([true]);
    expect(await push(target, await withReceipts(target, { schema: undefined, rules: undefined }))).toEqual([]);
  });
});

describe('the hint of `push`', () => {
  it.each([
    [strict, true],
    [{ $default: { allow: { $default: 'false' } } }, true],
    [{ attrs: { allow: { create: 'auth.id != null' } } }, true],
    [{ goals: { allow: { create: 'false' } } }, false],
    [{ attrs: { allow: { create: 'true' } } }, false],
    [{ ...strict, triplaneReceipts: { allow: { create: 'true' } } }, false],
    [undefined, false],
  ])('%j: %s', (rules, isExpected) => {
    expect(receiptsHint({ schema: undefined, rules }) !== undefined).toBe(isExpected);
  });
});
