// What docs/security.md says of tokens and codes, checked on a server and a device.

import { afterEach, beforeEach, expect, test } from 'vitest';

import { internals } from '../../src/lib/internals.ts';
import { createTestApp, type TestApp, type TestTab, type TestUser } from '../../src/testing/index.ts';

let app: TestApp;
let ann: TestUser;
beforeEach(async () => {
  app = await createTestApp();
  ann = await app.createUser('ann@example.com');
});
afterEach(() => app.close());

const openTab = async (): Promise<TestTab<never>> => (await (await app.createDevice({ user: ann })).openTab()) as unknown as TestTab<never>;
const storedIn = async ({ db }: TestTab<never>): Promise<string> =>
  JSON.stringify(await app.run(db[internals].reactor.config.store.list('')));
const isValid = (): Promise<boolean> =>
  app.run(
    app.admin.auth.verifyToken(ann.refreshToken).then(
      () => true,
      () => false,
    ),
  );

test('the server stores tokens and codes as hashes only', async () => {
  const { code } = await app.run(app.admin.auth.generateMagicCode(ann.email));
  const stored = JSON.stringify(app.log);
  expect(stored).toContain('token ');
  expect(stored).toContain(`codes ${ann.email}`);
  for (const secret of [ann.refreshToken, ann.refreshToken.replaceAll('-', ''), `"${code}"`]) expect(stored).not.toContain(secret);
});

test('signing out ends the token on the server, on the device and in every tab', async () => {
  const [tab, elsewhere] = [await openTab(), await openTab()];
  expect(await storedIn(tab)).toContain(ann.refreshToken);
  await app.run(tab.db.auth.signOut());
  await app.advance(2_000);
  expect(await storedIn(tab)).not.toContain(ann.refreshToken);
  expect(await isValid()).toBe(false);
  // Another device held the same token: its session is over, and it is told.
  await app.run(elsewhere.db.queryOnce({ notes: {} } as never).catch(() => {}));
  expect(await app.run(elsewhere.db.getAuth())).toBeNull();
});

test.each(['offline', 'without invalidateToken'])('signing out %s removes the token from the device alone', async (how) => {
  const tab = await openTab();
  if (how === 'offline') app.devices.at(-1)?.goOffline();
  await app.run(tab.db.auth.signOut({ invalidateToken: how === 'offline' }));
  expect(await storedIn(tab)).not.toContain(ann.refreshToken);
  expect(await isValid()).toBe(true);
});

test('an admin ends all tokens of a user', async () => {
  await app.run(app.admin.auth.signOut({ email: ann.email }));
  expect(await isValid()).toBe(false);
});
