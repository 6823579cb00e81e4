// One e-mail address is one user, however it is written.

import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { init } from '@instantdb/admin';
import { createServer, type TriplaneServer } from '../../../src/server/index.ts';
import { onEachStorage } from '../../support/storages.ts';

const running: TriplaneServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

onEachStorage((fresh) => {
  test('case and surrounding spaces of an e-mail address do not count, in writes of an admin and at sign-in', async () => {
    const server = await createServer({ storage: await fresh() });
    running.push(server);
    const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
    const id = crypto.randomUUID();
    await db.transact(db.tx.$users![id]!.update({ email: 'Ann@Example.COM' }));
    expect(await db.auth.getUser({ email: 'ann@example.com' })).toMatchObject({ id });
    await db.auth.createToken({ email: 'ANN@example.com' });
    const { code } = await db.auth.generateMagicCode('ann@EXAMPLE.com');
    expect((await db.auth.verifyMagicCode('Ann@Example.com', code)).id).toBe(id);
    expect((await db.query({ $users: {} })).$users).toMatchObject([{ id, email: 'ann@example.com' }]);
    const again = db.transact(db.tx.$users![crypto.randomUUID()]!.update({ email: ' ANN@EXAMPLE.COM\n' }));
    await expect(again).rejects.toMatchObject({ body: { type: 'record-not-unique' } });
  });

  test('nor of one that an admin writes a code for', async () => {
    const server = await createServer({ storage: await fresh() });
    running.push(server);
    const db = init({ appId: server.appId, adminToken: server.adminToken, apiURI: server.apiURI });
    const codeHash = createHash('sha256').update('123456').digest('hex');
    await db.transact(db.tx.$magicCodes![crypto.randomUUID()]!.update({ email: 'Bob@Example.COM', codeHash }));
    expect(await db.auth.verifyMagicCode('bob@example.com', '123456')).toMatchObject({ email: 'bob@example.com' });
  });
});
