// Globals whose getter throws, or that throw when they are used: as where cookies are blocked, or in a page that is hardened against scripts.

import { afterAll, beforeAll, expect, it } from 'vitest';

import { id, init } from '../../src/index.ts';
import { createServer, type TriplaneServer } from '../../src/server/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

let server: TriplaneServer;
beforeAll(async () => void (server = await createServer()));
afterAll(() => server.close());

function deny(): never {
  throw new DOMException('denied', 'SecurityError');
}

/** Until `restore`, the getter of a property throws. */
function forbid(target: object, name: string): { restore(): void } {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, get: deny });
  return {
    restore: () => void (before ? Object.defineProperty(target, name, before) : Reflect.deleteProperty(target, name)),
  };
}

function open(errors: string[] = []) {
  const { appId, apiURI } = server;
  return init({ appId, apiURI, storage: memoryStore(), onError: ({ message }) => errors.push(message) });
}

async function writeAndRead(): Promise<unknown> {
  const errors: string[] = [];
  const db = open(errors);
  const rowId = id();
  const { status } = await db.transact(db.tx['notes']![rowId]!.create({ text: 'a' })).settled;
  const { data } = await db.queryOnce({ notes: { $: { where: { id: rowId } } } });
  await db.close();
  return { status, notes: data['notes']?.length, errors };
}

const works = { status: 'synced', notes: 1, errors: [] };

it.each([
  'localStorage',
  'sessionStorage',
  'location',
  'history',
  'document',
  'addEventListener',
  'indexedDB',
  'BroadcastChannel',
  'navigator',
  'performance',
])('a getter of %s that throws changes nothing', async (name) => {
  const forbidden = forbid(globalThis, name);
  try {
    expect(await writeAndRead()).toEqual(works);
  } finally {
    forbidden.restore();
  }
});

it.each([
  ['crypto', globalThis],
  ['getRandomValues', crypto],
])('a getter of %s that throws is missing randomness', (name, target) => {
  const forbidden = forbid(target, name);
  try {
    for (const run of [id, open]) expect(run).toThrow(expect.objectContaining({ code: 'dependency-missing' }));
  } finally {
    forbidden.restore();
  }
});

it('a getter of fetch that throws is no connection', async () => {
  const db = open();
  const forbidden = forbid(globalThis, 'fetch');
  try {
    await expect(db.auth.signInAsGuest()).rejects.toMatchObject({ code: 'unreachable' });
  } finally {
    forbidden.restore();
    await db.close();
  }
});
