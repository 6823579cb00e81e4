// Every user × every change of user: who is signed in then, and what is done in which order. Then what is stored, and what happens at once.

import { EventEmitter } from 'eventemitter3';
import { describe, expect, test } from 'vitest';

import { Account, readUser } from '../../src/reactor/account.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import type { ClientContext } from '../../src/reactor/context.ts';
import type { Effect } from '../../src/reactor/effect.ts';
import { newSyncState, type SyncState } from '../../src/reactor/state.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import type { User } from '../../src/types/auth.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { goalsQuery } from '../support/goals.ts';
import { openQuery } from '../support/live-queries.ts';
import { tableTests } from '../support/tables.ts';

const ana: User = { id: 'ana', refresh_token: 'a', isGuest: false };
const anaAgain: User = { ...ana, refresh_token: 'b' };
const ben: User = { id: 'ben', refresh_token: 'c', isGuest: false };

interface World {
  readonly account: Account;
  readonly state: SyncState;
  /** What is done, in order. */
  readonly log: string[];
  close(): void;
}

function open(stored: unknown, more: Partial<ReactorConfig> = {}): World {
  const log: string[] = [];
  const store = memoryStore();
  if (stored) void store.write([{ put: 'user', value: stored }]);
  const config = { store, clock: systemClock, random: systemRandom, appId: 'app', ...more } as unknown as ReactorConfig;
  const state = newSyncState(config);
  const events = new EventEmitter();
  events.on('auth', (user: User | null) => log.push(`auth ${user?.id ?? 'nobody'}`));
  let isOpen = true;
  const context = {
    config,
    state,
    events,
    get isOpen() {
      return isOpen;
    },
    assertOpen: () => {
      if (!isOpen) throw new Error('closed');
    },
    call: (run: (signal: AbortSignal) => Promise<unknown>) => run(new AbortController().signal),
    run: (effects: readonly Effect[]) =>
      log.push(...effects.map((effect) => (effect.do === 'store' ? `store ${Object.keys(effect.edits[0] ?? {})[0]}` : effect.do))),
    persistResult: () => log.push('persist results'),
    hydrate: () => log.push('hydrate'),
    pendingCalls: { detach: () => log.push('detach calls') },
    writes: { load: async () => void log.push('load writes'), assignOwner: () => log.push('assign owner') },
  } as unknown as ClientContext;
  return { account: new Account(context), state, log, close: () => (isOpen = false) };
}

const users = { nobody: undefined, ana, 'ana with another token': anaAgain, ben } as const;
type Who = keyof typeof users;
type Way = 'here' | 'in another tab';

/** Ends what the previous user's session shows and waits for, before anything of the next user is loaded. */
const replace = 'persist results, detach calls, forget, show, announce, restart, load writes, show, hydrate';

/** What is done when one user takes the place of another, here or in another tab. */
const table: Record<Who, Record<Way, Record<Who, string>>> = {
  nobody: {
    here: {
      nobody: 'store put, restart, auth nobody',
      ana: `store put, ${replace}, auth ana`,
      'ana with another token': `store put, ${replace}, auth ana`,
      ben: `store put, ${replace}, auth ben`,
    },
    'in another tab': {
      nobody: '',
      ana: `${replace}, auth ana`,
      'ana with another token': `${replace}, auth ana`,
      ben: `${replace}, auth ben`,
    },
  },
  ana: {
    here: {
      nobody: `store put, ${replace}, auth nobody`,
      ana: 'store put, restart, auth ana',
      'ana with another token': 'store put, restart, auth ana',
      ben: `store put, ${replace}, auth ben`,
    },
    'in another tab': {
      nobody: `${replace}, auth nobody`,
      ana: '',
      'ana with another token': 'restart, auth ana',
      ben: `${replace}, auth ben`,
    },
  },
  'ana with another token': {
    here: {
      nobody: `store put, ${replace}, auth nobody`,
      ana: 'store put, restart, auth ana',
      'ana with another token': 'store put, restart, auth ana',
      ben: `store put, ${replace}, auth ben`,
    },
    'in another tab': {
      nobody: `${replace}, auth nobody`,
      ana: 'restart, auth ana',
      'ana with another token': '',
      ben: `${replace}, auth ben`,
    },
  },
  ben: {
    here: {
      nobody: `store put, ${replace}, auth nobody`,
      ana: `store put, ${replace}, auth ana`,
      'ana with another token': `store put, ${replace}, auth ana`,
      ben: 'store put, restart, auth ben',
    },
    'in another tab': {
      nobody: `${replace}, auth nobody`,
      ana: `${replace}, auth ana`,
      'ana with another token': `${replace}, auth ana`,
      ben: '',
    },
  },
};

async function outcome(before: Who, way: Way, after: Who): Promise<string> {
  const world = open(users[before]);
  await world.account.loaded;
  openQuery(world.state.queries, goalsQuery, 'q');
  world.log.length = 0;
  await (way === 'here' ? world.account.setUser(users[after]) : world.account.applyUser(users[after]));
  expect(world.account.user ?? undefined).toEqual(users[after]);
  return world.log.join(', ');
}

describe('the current user, the tab that changes it, and the next user', () => tableTests(table, outcome));

describe('what is stored', () => {
  test.each([
    [undefined, undefined],
    [null, undefined],
    ['ana', undefined],
    [{ id: 'ana' }, undefined],
    [{ refresh_token: 'a' }, undefined],
    [{ id: 1, refresh_token: 'a' }, undefined],
    [{ id: 'ana', refresh_token: 'a' }, ana],
    [
      { id: 'ana', refresh_token: 'a', isGuest: true, email: 'a@x' },
      { ...ana, isGuest: true, email: 'a@x' },
    ],
  ])('the stored value %j is read as the user %j', async (stored, user) => {
    expect(readUser(stored)).toEqual(user);
    const { account } = open(stored);
    expect([account.isLoaded, account.user]).toEqual([false, undefined]);
    expect(await account.getUser()).toEqual(user ?? null);
    expect([account.isLoaded, account.user]).toEqual([true, user ?? null]);
  });

  test('a store that cannot be read is reported, and no user is signed in', async () => {
    const store = { ...memoryStore(), get: () => Promise.reject(new Error('broken')) };
    const world = open(undefined, { store });
    await world.account.loaded;
    expect([world.account.user, world.log]).toEqual([null, ['report', 'assign owner', 'auth nobody']]);
  });
});

test('concurrent user changes are applied one after the other, after the store is read', async () => {
  const world = open(ana);
  const changes = [world.account.setUser(ben), world.account.setUser(undefined), world.account.setUser(ana)];
  expect(world.account.user).toBeUndefined();
  await Promise.all(changes);
  expect(world.log.filter((line) => line.startsWith('auth'))).toEqual(['auth ana', 'auth ben', 'auth nobody', 'auth ana']);
  expect(world.account.user).toEqual(ana);
});

test('after the client has closed, setUser rejects and a change from another tab has no effect', async () => {
  const world = open(ana);
  await world.account.loaded;
  world.close();
  world.log.length = 0;
  await expect(world.account.setUser(ben)).rejects.toThrow('closed');
  await world.account.applyUser(ben);
  expect([world.account.user, world.log]).toEqual([ana, []]);
});

test('other tabs are told of a change once it is stored; one that was stored before it has no effect here', async () => {
  const store = memoryStore();
  const world = open(undefined, { store });
  await world.account.loaded;
  await world.account.setUser(ana);
  await world.account.applyUser(ben);
  expect([world.account.user, world.log.includes('tell')]).toEqual([ana, false]);
  await store.write([{ put: 'user', value: ana }]);
  world.account.onPersisted([{ put: 'user', value: ana }]);
  await settled();
  expect(world.log.at(-1)).toBe('tell');
  await world.account.applyUser(ben);
  expect(world.account.user).toEqual(ben);
});

test('a tab that was frozen while its change was stored, and another tab has stored its own since, takes that over', async () => {
  const store = memoryStore();
  const world = open(undefined, { store });
  await world.account.loaded;
  await world.account.setUser(ana);
  await store.write([{ put: 'user', value: ben }]);
  world.account.onPersisted([{ put: 'user', value: ana }]);
  await world.account.applyUser(ben);
  await settled();
  expect([world.account.user, world.log.includes('tell')]).toEqual([ben, false]);
});

describe('a page that completes an OAuth redirect', () => {
  test('signs the user in before writes are loaded, and notifies other tabs once it is stored', async () => {
    const world = open(ana, { completeOAuthRedirect: () => Promise.resolve(ben) });
    await world.account.loaded;
    expect([world.account.user, world.account.error]).toEqual([ben, undefined]);
    expect(world.log).toEqual(['store put', 'load writes', 'assign owner', 'auth ben']);
    world.account.onPersisted([{ put: 'user', value: ben }]);
    await settled();
    expect(world.log.at(-1)).toBe('tell');
  });

  test('keeps the signed-in user if the redirect failed, and exposes the error until the next sign-in', async () => {
    const world = open(ana, { completeOAuthRedirect: () => Promise.reject(new Error('denied')) });
    await world.account.loaded;
    expect([world.account.user, world.account.error]).toMatchObject([ana, { message: 'denied' }]);
    await world.account.setUser(ben);
    expect(world.account.error).toBeUndefined();
  });
});
