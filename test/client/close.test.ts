// `db.close()`: what was to be kept is kept, and nothing is left behind, whatever went before.

import { afterEach, describe, expect, test, vi } from 'vitest';

import { resolveConfig } from '../../src/client/config.ts';
import { eventSourceTransport } from '../../src/connection/sse/transport.ts';
import { InstantCoreDatabase } from '../../src/client/database.ts';
import { loadTables } from '../../src/client/lazy-features.ts';
import { isTriplaneError } from '../../src/errors.ts';
import { asyncDispose } from '../../src/lib/dispose.ts';
import type { ReactorConfig } from '../../src/reactor/config.ts';
import type { Platform } from '../../src/reactor/reactor.ts';
import type { KeyValue } from '../../src/storage/key-value.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { browserTabs } from '../../src/reactor/tabs/tab-channel.ts';
import { appId, testClient, type TestClient } from '../support/client.ts';
import { settled } from '../../src/testing/virtual/clock.ts';
import { addQueryOk, goalId, initOk } from '../support/goals.ts';
import { CountedPlatform } from '../support/leaks.ts';
import { eventually } from '../support/eventually.ts';

/** Code that is loaded on demand takes as long as it takes. */
const until = (check: () => void): Promise<void> => eventually(check);

interface Scene {
  readonly client: TestClient;
  readonly db: InstantCoreDatabase<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- an app without a schema
  readonly platform: CountedPlatform;
  readonly kept: KeyValue;
}

function open(platform = new CountedPlatform(), config: Partial<ReactorConfig & Platform> = {}): Scene {
  const kept = memoryStore();
  const { clock, network, fetch } = platform;
  const store = platform.store({ ...kept, close: () => {} });
  const client = testClient({ clock, network, store, tabs: browserTabs('app', platform.clock, platform.tabs), ...config });
  return { client, db: new InstantCoreDatabase(client.reactor, resolveConfig({ appId, clock, fetch })), platform, kept };
}

const isReady = async ({ client }: Scene): Promise<void> => {
  await settled();
  await client.receive(initOk());
};
const write = ({ db }: Scene, at = 1) => db.transact(db.tx['goals']![goalId(at)]!.create({ title: 'Swim' }));
const nothing = { timers: 0, listeners: [], locks: 0, channels: 0, requests: 0, stores: 0 };

/** What is still waited for is told that it was closed. */
const told = (promise: Promise<unknown>): Promise<unknown> => expect(promise).rejects.toMatchObject({ code: 'closed' });

type History = (scene: Scene) => Promise<unknown>;

/** Each gives what is to be awaited after closing. */
const histories: Readonly<Record<string, History>> = {
  'at once': async () => {},
  connecting: () => settled(),
  ready: isReady,
  'in the middle of coming back': async (scene) => {
    await isReady(scene);
    scene.client.transport.channel.on.closed({ code: 1006, reason: '' });
    await settled();
  },
  refused: async ({ client }) => {
    await settled();
    await client.receive({ op: 'error', status: 400, type: 'record-not-found', message: 'No such app', 'original-event': { op: 'init' } });
  },
  'with queries asked, answered, and asked once': async (scene) => {
    await isReady(scene);
    scene.db.subscribeQuery({ goals: {} }, () => {});
    await scene.client.receive(addQueryOk([], 1));
    scene.db.subscribeInfiniteQuery({ goals: { $: { limit: 1 } } }, () => {});
    await settled();
    return { waits: told(scene.db.queryOnce({ todos: {} })) };
  },
  'with writes that are sent and not confirmed': async (scene) => {
    await isReady(scene);
    const sent = write(scene);
    const settling = told(sent.settled);
    await settled();
    return { waits: Promise.all([settling, expect(sent.queued).resolves.toMatchObject({ status: 'enqueued' })]) };
  },
  'with streams': async (scene) => {
    await isReady(scene);
    const stream = scene.db.streams.createWriteStream({ clientId: 'story' });
    const reader = scene.db.streams.createReadStream({ clientId: 'story' }).getReader();
    await until(() => expect(scene.client.sentMessages('subscribe-stream')).toHaveLength(1));
    const [subscribed] = scene.client.sentMessages('subscribe-stream');
    const files = [{ id: 'f', size: 9, url: 'https://files.example/1' }];
    const reading = told(reader.read());
    await scene.client.receive({
      op: 'stream-append',
      'client-event-id': subscribed?.['client-event-id'],
      'stream-id': 's',
      offset: 0,
      files,
    });
    return { waits: Promise.all([told(stream.done), reading]) };
  },
  'with a table': async (scene) => {
    await isReady(scene);
    scene.db.subscribeTable({ goals: {} }, () => {});
    await until(() => expect([scene.client.sentMessages('start-sync').length, scene.client.errors]).toEqual([1, []]));
  },
  'just asked for everything': async ({ db }) => {
    await loadTables();
    db.subscribeTable({ goals: {} }, () => {});
    db.subscribeQuery({ goals: {} }, () => {});
    db.subscribeInfiniteQuery({ goals: {} }, () => {});
    db.joinRoom('chat', 'lobby').subscribePresence({}, () => {});
    db.on('*', () => {});
    const streams = [
      db.streams.createReadStream({ clientId: 'story' }).getReader().read(),
      db.streams.createWriteStream({ clientId: 'tale' }).done,
    ];
    return { waits: Promise.all(streams.map(told)) };
  },
  'with rooms': async (scene) => {
    await isReady(scene);
    scene.db.joinRoom('chat', 'lobby').subscribePresence({}, () => {});
    await scene.client.receive({ op: 'join-room-ok', 'room-id': 'lobby' });
  },
  'with someone signing in': async (scene) => {
    await isReady(scene);
    const waits = told(scene.db.auth.signInAsGuest());
    await until(() => expect(scene.platform.requests).toBe(1));
    return { waits };
  },
  'with a file going up': async (scene) => {
    const waits = told(scene.db.storage.uploadFile('a', new Blob(['a'])));
    await until(() => expect(scene.platform.requests).toBe(1));
    return { waits };
  },
};

describe('close() leaves no resource of a database', () => {
  test.each(Object.entries(histories))('%s', async (_name, history) => {
    const scene = open();
    const after = (await history(scene)) as { waits?: Promise<unknown> } | undefined;
    await scene.db.close();
    expect(scene.platform.held).toEqual(nothing);
    expect(scene.client.transport.openChannels).toEqual([]);
    await after?.waits;
    await scene.platform.clock.advance(19_000);
    expect(scene.platform.held).toEqual(nothing);
    expect(scene.client.errors.filter((error) => !isTriplaneError(error) || error.code !== 'refused')).toEqual([]);
  });

  test('connected over event streams', async () => {
    const platform = new CountedPlatform();
    const transports = [eventSourceTransport({ url: 'https://server.example/runtime/sse', fetch: platform.fetch, clock: platform.clock })];
    const { db } = open(platform, { transports });
    await settled();
    expect(platform.requests).toBe(1);
    await db.close();
    expect(platform.held).toEqual(nothing);
  });

  test('closed in the first of two tabs, then in the second', async () => {
    const platform = new CountedPlatform();
    const [first, second] = [open(platform), open(platform)];
    await isReady(first);
    await isReady(second);
    expect(platform.held).toMatchObject({ locks: 2, channels: 2 });
    await first.db.close();
    await settled();
    expect(platform.held).toMatchObject({ locks: 1, channels: 1, stores: 1 });
    expect(second.client.reactor.isLeader).toBe(true);
    await second.db.close();
    expect(platform.held).toEqual(nothing);
  });

  test('closed in the second of two tabs, which never was the leader', async () => {
    const platform = new CountedPlatform();
    const [first, second] = [open(platform), open(platform)];
    await settled();
    await second.db.close();
    expect(platform.held).toMatchObject({ locks: 1, channels: 1 });
    await first.db.close();
    expect(platform.held).toEqual(nothing);
  });
});

describe('a write', () => {
  test('is stored when close() resolves', async () => {
    const scene = open();
    const writes = [write(scene, 1), write(scene, 2)];
    await scene.db.close();
    expect(await scene.kept.list('write/')).toHaveLength(2);
    for (const one of writes) await expect(one).resolves.toMatchObject({ status: 'enqueued' });
  });

  test('is stored even if the store is slow to read', async () => {
    let readOn = (): void => {};
    const reading = new Promise<void>((resolve) => (readOn = resolve));
    const kept = memoryStore();
    const store = { ...kept, get: (key: string) => reading.then(() => kept.get(key)), close: () => {} };
    const scene = open(undefined, { store });
    const one = write(scene);
    const closing = scene.db.close();
    readOn();
    await closing;
    expect(await kept.list('write/')).toHaveLength(1);
    await expect(one).resolves.toMatchObject({ status: 'enqueued' });
  });

  test('is stored before the next tab can become the leader', async () => {
    const platform = new CountedPlatform();
    const tabs = browserTabs('app', platform.clock, platform.tabs);
    const scene = open(platform, { tabs });
    await isReady(scene);
    const one = write(scene);
    let keptWhenLetGo: number | undefined;
    const close = tabs.close.bind(tabs);
    vi.spyOn(tabs, 'close').mockImplementation(async () => {
      keptWhenLetGo = (await scene.kept.list('write/')).length;
      await close();
    });
    await scene.db.close();
    expect(keptWhenLetGo).toBe(1);
    await one;
  });
});

describe('after close()', () => {
  let scene: Scene;
  afterEach(() => scene.db.close());

  test('subscribers are not notified', async () => {
    scene = open();
    await isReady(scene);
    const heard = vi.fn();
    scene.db.subscribeQuery({ goals: {} }, heard);
    scene.db.subscribeAuth(heard);
    scene.db.subscribeConnectionStatus(heard);
    scene.db.outbox.subscribe(heard);
    await scene.client.receive(addQueryOk([], 1));
    void write(scene);
    const closing = scene.db.close();
    // The line's last word.
    expect(heard.mock.lastCall?.[0]).toBe('closed');
    heard.mockClear();
    await closing;
    await settled();
    expect(heard).not.toHaveBeenCalled();
  });

  test('every call fails with the code closed, and unsubscribing has no effect', async () => {
    scene = open();
    await isReady(scene);
    const { db } = scene;
    const room = db.joinRoom('chat', 'lobby');
    const stop = db.subscribeQuery({ goals: {} }, () => {});
    await db.close();
    const attempt = async (run: () => unknown): Promise<unknown> => run();
    const calls: (() => unknown)[] = [
      () => write(scene),
      () => db.queryOnce({ goals: {} }),
      () => db.subscribeQuery({ goals: {} }, () => {}),
      () => db.subscribeInfiniteQuery({ goals: {} }, () => {}),
      () => db.subscribeTable({ goals: {} }, () => {}),
      () => db.subscribeAuth(() => {}),
      () => db.subscribeConnectionStatus(() => {}),
      () => db.subscribeAppStatus(() => {}),
      () => db.getAuth(),
      () => db.getLocalId('guest'),
      () => db.joinRoom('chat', 'lobby'),
      () => room.publishTopic('wave' as never, {} as never),
      () => room.publishPresence({}),
      () => room.subscribePresence({}, () => {}),
      () => db.auth.sendMagicCode({ email: 'a@b.c' }),
      () => db.auth.signInAsGuest(),
      () => db.auth.signOut(),
      () => db.storage.uploadFile('a', new Blob([])),
      () => db.streams.createWriteStream({ clientId: 'story' }),
      () => db.streams.createReadStream({ clientId: 'story' }),
      () => db.outbox.subscribe(() => {}),
      () => db.outbox.retry('x'),
      () => db.outbox.discard('x'),
    ];
    for (const call of calls) await told(attempt(call));
    room.leaveRoom();
    stop();
    expect(db.outbox.list()).toEqual([]);
  });

  test('every way to close returns the same promise', async () => {
    scene = open();
    const { db } = scene;
    const first = db.close();
    expect(db.close()).toBe(first);
    expect(db[Symbol.asyncDispose]()).toBe(first);
    expect(asyncDispose).toBe(Symbol.asyncDispose);
    db.shutdown();
    await first;
  });
});
