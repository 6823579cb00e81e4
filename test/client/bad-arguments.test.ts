// Arguments that a program without types gets wrong: missing ones are told by name or are as if none were given, and none harms the client.

import { afterEach, beforeEach, expect, test } from 'vitest';

import { init } from '../../src/index.ts';
import { silent } from '../../src/lib/log.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const open = (errors: Error[]) =>
  init({
    appId: 'a9900000-0000-4000-8000-000000000001',
    storage: memoryStore(),
    webSocket: () => ({ readyState: 0, send() {}, close() {}, addEventListener() {}, removeEventListener() {} }) as never,
    log: silent,
    onError: (error) => void errors.push(error),
  });

let errors: Error[];
let db: ReturnType<typeof open>;
beforeEach(() => void (db = open((errors = []))));
afterEach(() => db.close());

const nothings = [undefined, null] as never[];
const url = { clientName: 'google', redirectURL: 'https://example.com/' };

test.each(nothings)('%s is no options', async (nothing) => {
  const room = db.joinRoom('chat', 'lobby', nothing);
  room.subscribePresence(nothing, () => {})();
  room.leaveRoom();
  await db.auth.signOut(nothing);
  expect(() => db.outbox.retry('none', nothing)).toThrow("No rejected write has the id 'none'");
});

test.each(nothings)('%s names nothing', (nothing) => {
  expect(() => db.auth.createAuthorizationURL(nothing)).toThrow('createAuthorizationURL: `clientName` must be a non-empty string');
  for (const opts of [nothing, { clientId: 5 } as never, { clientId: ' ' }]) {
    expect(() => db.streams.createReadStream(opts)).toThrow('A stream needs a clientId');
    expect(() => db.streams.createWriteStream(opts)).toThrow('A stream needs a clientId');
  }
});

test.each([
  [{ save: () => {} }, 'extraFields.save: a function is not a JSON value'],
  [{ n: [1n] }, 'extraFields.n[0]: a bigint is not a JSON value'],
])('extra fields that cannot be stored until the user returns are refused, and the store goes on: %o', async (extraFields, message) => {
  expect(() => db.auth.createAuthorizationURL({ ...url, extraFields })).toThrow(message);
  expect(db.auth.createAuthorizationURL({ ...url, extraFields: { at: 1 } })).toContain('_instant_extra_fields_id');
  await db.transact(db.tx['todos']!['a7a00000-0000-4000-8000-000000000001']!.create({ title: 'a' })).queued;
  expect(errors).toEqual([]);
});
