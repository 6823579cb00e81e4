// What every Storage owes to the server that keeps its truth in it. Run it on yours: `storageConformance('mine', { open })`.

import { afterEach, describe, expect, test } from 'vitest';
import type { WireAttr } from '../../src/protocol/attr.ts';
import { replay } from '../../src/server/storage/replay.ts';
import { type AppLog, emptySnapshot, type LogEntry, type Snapshot, type Storage } from '../../src/server/storage/storage.ts';

export interface StorageKind {
  /** The named storage; made empty if there is none of that name. */
  readonly open: (name: string) => Promise<Storage>;
  /** It is there again when it was closed and is opened by the same name. */
  readonly outlivesHandle: boolean;
  /** It can be opened by two at once. */
  readonly isShared: boolean;
}

const app = 'a9900000-0000-4000-8000-000000000001';
const otherApp = 'a9900000-0000-4000-8000-000000000002';
const entity = 'e0000000-0000-4000-8000-000000000001';
let count = 0;

const attr: WireAttr = {
  id: 'a0000000-0000-4000-8000-000000000001',
  'value-type': 'blob',
  cardinality: 'one',
  'forward-identity': ['a0000000-0000-4000-8000-000000000002', 'goals', 'title'],
  'unique?': false,
  'index?': false,
};

export function entryOf(txId: number, value: unknown = `value ${txId}`): LogEntry {
  const triple = [entity, attr.id, value, 1000 + txId] as LogEntry['changes'][number]['triple'];
  return { txId, at: 1000 + txId, event: { id: `event ${txId}`, by: '' }, changes: [{ action: 'added', triple }] };
}

const entries = (from: number, to: number): LogEntry[] => Array.from({ length: to - from + 1 }, (_, at) => entryOf(from + at));
const ids = (list: readonly LogEntry[] | undefined): number[] | undefined => list?.map(({ txId }) => txId);

const values: readonly (readonly [what: string, value: unknown])[] = [
  ['text', 'Bo ✓ 🎈 \u0000 \\u0000 \n " \' \u2028'],
  ['an unpaired surrogate', 'a\ud800b'],
  ['an empty string', ''],
  ['a large number', Number.MAX_SAFE_INTEGER],
  ['a small number', -1.5e-300],
  ['null', null],
  ['false', false],
  ['an object', { a: { b: [null, true, { '': 1 }] }, __proto__x: 1 }],
  ['five million characters', 'ä'.repeat(5_000_000)],
];

/** What a kind of storage does not promise is no test of it. */
function describeWhere(isPromised: boolean, name: string, tests: () => void): void {
  if (isPromised) describe(name, tests);
}

export function storageConformance(kind: string, { open, outlivesHandle, isShared }: StorageKind): void {
  const opened = new Set<Storage>();
  const freshName = (): string => `storage_${process.pid}_${++count}`;

  const openNamed = async (name: string): Promise<Storage> => {
    const storage = await open(name);
    opened.add(storage);
    return storage;
  };
  const close = async (storage: Storage): Promise<void> => {
    opened.delete(storage);
    await storage.close();
  };
  const fresh = (): Promise<Storage> => openNamed(freshName());
  const freshLog = async (): Promise<AppLog> => (await fresh()).open(app);

  afterEach(async () => {
    await Promise.all([...opened].map(close));
  });

  describe(`${kind}: a log`, () => {
    test('is empty at first', async () => {
      const log = await freshLog();
      expect(await log.load()).toEqual({ snapshot: undefined, entries: [] });
      expect(await log.since(0)).toEqual([]);
    });

    test.each(values)('%s is read back unchanged', async (_, value) => {
      const log = await freshLog();
      expect(await log.append([entryOf(1, value)])).toBe('appended');
      expect((await log.load()).entries).toEqual([entryOf(1, value)]);
    });

    test('an entry with all its fields is read back unchanged', async () => {
      const log = await freshLog();
      const entry: LogEntry = {
        txId: 1,
        at: 1_795_225_317_000,
        attrs: { put: [attr], deleted: [entity] },
        changes: [],
        records: { a: { b: [1] }, gone: null },
      };
      await log.append([entry]);
      expect(await log.since(0)).toEqual([entry]);
    });

    test('preserves the order of entries, appended one by one or many at once', async () => {
      const log = await freshLog();
      await log.append(entries(1, 1));
      await log.append(entries(2, 500));
      await log.append(entries(501, 501));
      expect(await log.append([])).toBe('appended');
      expect((await log.load()).entries).toEqual(entries(1, 501));
      expect(ids(await log.since(498))).toEqual([499, 500, 501]);
      expect(await log.since(501)).toEqual([]);
    });

    test('rejects entries that do not follow on its end', async () => {
      const log = await freshLog();
      await log.append(entries(1, 3));
      for (const wrong of [entries(1, 1), entries(3, 4), entries(5, 6)]) expect(await log.append(wrong)).toBe('behind');
      expect(ids((await log.load()).entries)).toEqual([1, 2, 3]);
      expect(await log.append(entries(4, 4))).toBe('appended');
    });

    test('long entries are read back unchanged, and do not follow where short ones would not', async () => {
      const log = await freshLog();
      const text = '"\\\'{},🎈\n '.repeat(20_000);
      const long = (from: number, to: number): LogEntry[] => entries(from, to).map(({ txId }) => entryOf(txId, `${txId}${text}`));
      expect(await log.append(long(1, 20))).toBe('appended');
      for (const wrong of [long(1, 20), long(20, 30), long(22, 30)]) expect(await log.append(wrong)).toBe('behind');
      expect(await log.append(entries(21, 22))).toBe('appended');
      expect((await log.load()).entries).toEqual([...long(1, 20), ...entries(21, 22)]);
      expect(await log.since(18)).toEqual([...long(19, 20), ...entries(21, 22)]);
    });

    test('appends all entries of a call or none', async () => {
      const log = await freshLog();
      const circle: unknown[] = [];
      circle.push(circle);
      if (kind !== 'memory') await expect(log.append([entryOf(1), entryOf(2, circle)])).rejects.toThrow();
      expect((await log.load()).entries).toEqual([]);
      await log.append(entries(1, 2));
      expect(ids((await log.load()).entries)).toEqual([1, 2]);
    });

    test('concurrent appends to many apps are stored, each in its own app', async () => {
      const storage = await fresh();
      const apps = Array.from({ length: 20 }, (_, at) => `a9900000-0000-4000-8000-0000000000${10 + at}`);
      const logs = await Promise.all(apps.map((name) => storage.open(name)));
      await Promise.all(logs.map(async (log, at) => log.append([entryOf(1, at), entryOf(2, at)])));
      for (const [at, log] of logs.entries()) expect((await log.load()).entries).toEqual([entryOf(1, at), entryOf(2, at)]);
      expect([...(await storage.apps())].sort()).toEqual(apps);
    });

    test('notifies subscribers until they unsubscribe', async () => {
      const log = await freshLog();
      const heard: number[] = [];
      const stop = log.subscribe((txId, came) => {
        if (came) expect(came.at(-1)?.txId).toBe(txId);
        heard.push(txId);
      });
      await log.append(entries(1, 2));
      await expect.poll(() => heard.at(-1)).toBe(2);
      await log.append(entries(3, 3));
      await expect.poll(() => heard.at(-1)).toBe(3);
      stop();
      await log.append(entries(4, 4));
      expect(heard.at(-1)).toBe(3);
    });
  });

  describe(`${kind}: apps`, () => {
    test('do not mix', async () => {
      const storage = await fresh();
      expect(await storage.apps()).toEqual([]);
      const [one, other] = [await storage.open(app), await storage.open(otherApp)];
      await one.append([entryOf(1, 'one')]);
      await other.append([entryOf(1, 'other')]);
      await other.append([entryOf(2, 'other')]);
      await other.compact(replay(await other.load()));
      expect((await one.load()).entries).toEqual([entryOf(1, 'one')]);
      expect(ids(await one.since(0))).toEqual([1]);
      expect((await other.load()).snapshot?.txId).toBe(2);
      expect([...(await storage.apps())].sort()).toEqual([app, otherApp]);
    });
  });

  describe(`${kind}: a snapshot`, () => {
    test('replaces the entries that it covers, and no others', async () => {
      const log = await freshLog();
      await log.append(entries(1, 10));
      const snapshot = replay({ snapshot: undefined, entries: entries(1, 7) });
      await log.compact(snapshot);
      expect(await log.load()).toEqual({ snapshot, entries: entries(8, 10) });
      expect(ids(await log.since(7))).toEqual([8, 9, 10]);
      expect(ids(await log.since(9))).toEqual([10]);
      expect(await log.append(entries(11, 11))).toBe('appended');
    });

    test('earlier entries are either reported as removed or still readable', async () => {
      const log = await freshLog();
      await log.append(entries(1, 10));
      await log.compact(replay({ snapshot: undefined, entries: entries(1, 7) }));
      expect([undefined, '3,4,5,6,7,8,9,10']).toContain(ids(await log.since(2))?.join());
    });

    test('that is older than the current one changes nothing', async () => {
      const log = await freshLog();
      await log.append(entries(1, 10));
      const snapshot = replay(await log.load());
      await log.compact(snapshot);
      await log.compact(replay({ snapshot: undefined, entries: entries(1, 5) }));
      expect(await log.load()).toEqual({ snapshot, entries: [] });
    });

    test('can be the first write to a log', async () => {
      const log = await freshLog();
      const snapshot: Snapshot = {
        ...emptySnapshot,
        txId: 41,
        at: 9,
        attrs: [attr],
        deletedAttrs: [{ ...attr, id: entity }],
        records: { rules: { a: 1 } },
      };
      await log.compact(snapshot);
      expect(await log.load()).toEqual({ snapshot, entries: [] });
      expect(await log.append(entries(42, 42))).toBe('appended');
    });

    test('of 100,000 triples is read back, repeatedly', async () => {
      const log = await freshLog();
      const made = (at: number): LogEntry['changes'][number]['triple'] => [`${entity}-${at}`, attr.id, `title ${at} ✓`, at];
      const triples = Array.from({ length: 100_000 }, (_, at) => made(at));
      const events = Array.from({ length: 20_000 }, (_, at) => ({ id: `event ${at}`, by: '', txId: at, at }));
      await log.compact({ ...emptySnapshot, txId: 1, triples: triples.slice(0, 10) });
      const snapshot: Snapshot = { ...emptySnapshot, txId: 2, at: 5, attrs: [attr], triples, events };
      await log.compact(snapshot);
      const { snapshot: loaded, entries: after } = await log.load();
      expect([loaded?.triples.length, loaded?.events.length, after]).toEqual([100_000, 20_000, []]);
      expect(JSON.stringify(loaded?.triples) === JSON.stringify(triples)).toBe(true);
      expect({ ...loaded, triples: [] }).toEqual({ ...snapshot, triples: [] });
    });
  });

  describeWhere(outlivesHandle, `${kind}: a storage that is opened again`, () => {
    test('has all appended entries, and its end', async () => {
      const name = freshName();
      const first = await openNamed(name);
      const log = await first.open(app);
      await log.append(entries(1, 5));
      await log.compact(replay({ snapshot: undefined, entries: entries(1, 3) }));
      await log.append(entries(6, 6));
      await close(first);
      const second = await openNamed(name);
      expect(await second.apps()).toEqual([app]);
      const again = await second.open(app);
      expect(await again.load()).toEqual({ snapshot: replay({ snapshot: undefined, entries: entries(1, 3) }), entries: entries(4, 6) });
      expect(await again.append(entries(6, 6))).toBe('behind');
      expect(await again.append(entries(7, 7))).toBe('appended');
    });

    test('calls made before close() complete, later calls are rejected', async () => {
      const name = freshName();
      const storage = await openNamed(name);
      const log = await storage.open(app);
      const appending = log.append(entries(1, 1));
      await close(storage);
      await appending;
      await expect(log.append(entries(2, 2))).rejects.toMatchObject({ code: 'closed' });
      await expect(log.load()).rejects.toMatchObject({ code: 'closed' });
      expect(ids(await (await (await openNamed(name)).open(app)).since(0))).toEqual([1]);
    });
  });

  describeWhere(isShared, `${kind}: two at once`, () => {
    test('concurrent writers each find the end, and no entry is lost or duplicated', async () => {
      const name = freshName();
      const storages = await Promise.all([openNamed(name), openNamed(name), openNamed(name)]);
      const each = async (storage: Storage, who: number): Promise<void> => {
        const log = await storage.open(app);
        let at = 0;
        for (let done = 0; done < 20;) {
          if ((await log.append([entryOf(at + 1, `${who}/${done}`)])) === 'appended') {
            done++;
            at++;
          } else at = (await log.since(at))?.at(-1)?.txId ?? at;
        }
      };
      await Promise.all(storages.map(each));
      const { entries: all } = await (await (await openNamed(name)).open(app)).load();
      expect(ids(all)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
      const written = all.map(({ changes }) => String(changes[0]?.triple[2]));
      expect(new Set(written).size).toBe(60);
      for (const who of [0, 1, 2]) {
        expect(written.filter((value) => value.startsWith(`${who}/`))).toEqual(Array.from({ length: 20 }, (_, at) => `${who}/${at}`));
      }
    });

    test('each receives the entries that the other appends, in order and without gaps', async () => {
      const name = freshName();
      const [one, other] = [await openNamed(name), await openNamed(name)];
      const [writing, reading] = [await one.open(app), await other.open(app)];
      let at = 0;
      let isReading = Promise.resolve();
      reading.subscribe((_, came) => {
        isReading = isReading.then(async () => {
          const found = came?.filter(({ txId }) => txId > at) ?? (await reading.since(at)) ?? [];
          for (const { txId } of found) expect(txId).toBe(++at);
        });
      });
      for (let txId = 1; txId <= 40; txId += 2) await writing.append(entries(txId, txId + 1));
      await expect.poll(() => at).toBe(40);
      await isReading;
    });
  });
}
