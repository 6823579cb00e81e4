// A subscription without a function to call is refused where it is made: the error came later, to no caller, or never. A callback that throws ends
// nothing.

import { afterEach, beforeEach, expect, test } from 'vitest';

import { id, init, undoHistory, type InstantCoreDatabase, type InstantUnknownSchema } from '../../src/index.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { appId } from '../support/client.ts';

type AnyDb = InstantCoreDatabase<InstantUnknownSchema>;
type Subscribe = (db: AnyDb, callback: never) => unknown;

const subscriptions: Record<string, Subscribe> = {
  subscribeQuery: (db, cb) => db.subscribeQuery({ goals: {} }, cb),
  subscribeInfiniteQuery: (db, cb) => db.subscribeInfiniteQuery({ goals: {} }, cb),
  subscribeTable: (db, cb) => db.subscribeTable({ goals: {} }, cb),
  _syncTableExperimental: (db, cb) => db._syncTableExperimental({ goals: {} }, cb),
  subscribeAuth: (db, cb) => db.subscribeAuth(cb),
  onAuth: (db, cb) => db.onAuth(cb),
  subscribeConnectionStatus: (db, cb) => db.subscribeConnectionStatus(cb),
  subscribeAppStatus: (db, cb) => db.subscribeAppStatus(cb),
  on: (db, cb) => db.on('sent', cb),
  'outbox.subscribe': (db, cb) => db.outbox.subscribe(cb),
  subscribeTopic: (db, cb) => db.joinRoom('chat', 'r').subscribeTopic('wave', cb),
  subscribePresence: (db, cb) => db.joinRoom('chat', 'r').subscribePresence({}, cb),
  'undoHistory.subscribe': (db, cb) => undoHistory(db).subscribe(cb),
};

const aliasOf: Record<string, string> = { _syncTableExperimental: 'subscribeTable', onAuth: 'subscribeAuth' };

let db: AnyDb;
let errors: Error[];

/** Never opens. */
function closableSocket(): object {
  const socket = { readyState: 0, onclose: (_event: object) => {}, close: () => socket.onclose({ code: 1000 }), send: () => {} };
  return socket;
}

beforeEach(async () => {
  errors = [];
  const webSocket = (): never => closableSocket() as never;
  db = init({ appId, apiURI: 'http://127.0.0.1:1', storage: memoryStore(), webSocket, onError: (error) => errors.push(error) });
  await settled();
});
afterEach(() => db.close());

test.each(Object.entries(subscriptions))('%s without a function is refused at once', async (name, subscribe) => {
  for (const callback of [undefined, null, 5, 'show', {}, Promise.resolve()]) {
    const message = `${aliasOf[name] ?? name.replace(/^.*\./, '')}: the callback must be a function`;
    expect(() => subscribe(db, callback as never)).toThrow(expect.objectContaining({ code: 'config-invalid', message }));
  }
  await settled();
  expect(errors).toEqual([]);
  // Nothing has been half started.
  expect(db.outbox.list()).toEqual([]);
  expect(() => subscribe(db, (() => {}) as never)).not.toThrow();
});

test('a refused subscription of a room leaves no join behind', () => {
  const room = db.joinRoom('chat', 'r');
  expect(() => room.subscribePresence({ initialPresence: { name: 'Ann' } }, undefined as never)).toThrow('subscribePresence');
  room.leaveRoom();
  expect(room.getPresence({})).toBeNull();
});

test.each([
  ['a function', () => {}],
  ['an array', []],
  ['a text', 'name'],
  ['keys that are a text', { keys: 'name' }],
  ['keys that are a set', { keys: new Set(['name']) }],
  ['peers that are a text', { peers: 'peer' }],
  ['peers that are a set', { peers: new Set() }],
])('a room refuses %s as what presence is asked for', (_what, request) => {
  const room = db.joinRoom('chat', 'r', { initialPresence: { name: 'Ann' } });
  const expected = expect.objectContaining({ code: 'config-invalid' });
  expect(() => room.getPresence(request as never)).toThrow(expected);
  expect(() => room.subscribePresence(request as never, () => {})).toThrow(expected);
  room.leaveRoom();
  expect(room.getPresence({})).toBeNull();
});

test.each([[undefined], [null], [{}], [{ keys: undefined, peers: undefined }], [{ keys: null, peers: null }]])(
  'asked for with %j, presence is complete',
  (request) => {
    const room = db.joinRoom('chat', 'r', { initialPresence: { name: 'Ann' } });
    expect(room.getPresence(request as never)).toMatchObject({ user: { name: 'Ann' }, peers: {} });
  },
);

test('a listener of a history that throws neither fails the write nor keeps the others from being called', async () => {
  const history = undoHistory(db);
  const states: boolean[] = [];
  history.subscribe(() => {
    throw new Error('render');
  });
  history.subscribe(() => states.push(history.read().canUndo));
  db.subscribeQuery({ goals: {} }, () => {});
  const write = history.transact(db.tx['goals']![id()]!.create({ title: 'Swim' }));
  write.catch(() => {});
  await settled();
  history.clear();
  expect([states, errors.map(({ message }) => message)]).toEqual([
    [true, false],
    ['render', 'render'],
  ]);
});
